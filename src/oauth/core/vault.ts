import { createHash } from 'node:crypto';
import type { SecretStore } from '../../proxy/storage/secret-store.ts';
import type { Account } from './accounts.ts';
import { authMethodNamed, type Client } from './client.ts';
import type { AuthorizationServer } from './server-metadata.ts';
import type { TokenSet } from './tokens.ts';
import { membersOf, textIn, textsIn } from './untrusted.ts';

/** Everything it takes to go on with a sign-in without asking the server who it is. Holds secrets. */
export interface Grant {
  readonly tokens: TokenSet;
  readonly client: Client;
  readonly server: AuthorizationServer;
}

/** A registration that was made for us at an issuer. Holds secrets. */
export interface Registration {
  readonly client: Client;
  readonly redirectUri: string;
}

/** Which registrations may be reused: one per issuer and kind of redirect. */
export type RedirectKind = 'loopback' | 'editor';

/** Tokens and registrations in the SecretStore, keyed by issuer, resource and account; each value is replaced as a whole. */
export class Vault {
  readonly #secrets: SecretStore;
  readonly #known: (secret: string) => void;

  /** @param known told of each secret before anybody uses it, so that logs and records are redacted of it */
  constructor(secrets: SecretStore, known: (secret: string) => void) {
    this.#secrets = secrets;
    this.#known = known;
  }

  /** The grant of an account; undefined when there is none that can be read. */
  async grant(account: Account): Promise<Grant | undefined> {
    const grant = readGrant(await this.#read(grantKey(account)), account.issuer);
    if (grant !== undefined) this.#tell(grant.tokens.accessToken, grant.tokens.refreshToken, grant.client.clientSecret);
    return grant;
  }

  /** Keeps a grant in place of the former one. */
  async keepGrant(account: Account, grant: Grant): Promise<void> {
    this.#tell(grant.tokens.accessToken, grant.tokens.refreshToken, grant.client.clientSecret);
    await this.#secrets.set(grantKey(account), JSON.stringify(grant));
  }

  async forgetGrant(account: Account): Promise<void> {
    await this.#secrets.delete(grantKey(account));
  }

  /** Who we are to an issuer since an earlier registration. */
  async registration(issuer: string, kind: RedirectKind): Promise<Registration | undefined> {
    const members = membersOf(await this.#read(clientKey(issuer, kind)));
    const client = readClient(members.get('client'));
    const redirectUri = textIn(members, 'redirectUri');
    if (client === undefined || redirectUri === undefined) return undefined;
    this.#tell(client.clientSecret);
    return { client, redirectUri };
  }

  async keepRegistration(issuer: string, kind: RedirectKind, registration: Registration): Promise<void> {
    this.#tell(registration.client.clientSecret);
    await this.#secrets.set(clientKey(issuer, kind), JSON.stringify(registration));
  }

  /** The issuer does not know these clients any more: the next sign-in registers anew. */
  async forgetRegistrations(issuer: string): Promise<void> {
    for (const kind of ['loopback', 'editor'] as const) await this.#secrets.delete(clientKey(issuer, kind));
  }

  async #read(key: string): Promise<unknown> {
    const text = await this.#secrets.get(key);
    try {
      return text === undefined ? undefined : (JSON.parse(text) as unknown);
    } catch {
      // Whatever wrote this was not us; it counts as nothing kept.
      return undefined;
    }
  }

  #tell(...secrets: readonly (string | undefined)[]): void {
    for (const secret of secrets) if (secret !== undefined) this.#known(secret);
  }
}

function grantKey({ issuer, resource, id }: Account): string {
  return `oauth-grant/${hash(issuer, resource, id)}`;
}

function clientKey(issuer: string, kind: RedirectKind): string {
  return `oauth-client/${hash(issuer, kind)}`;
}

function hash(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\0'), 'utf8').digest('hex').slice(0, 32);
}

function readGrant(json: unknown, issuer: string): Grant | undefined {
  const members = membersOf(json);
  const client = readClient(members.get('client'));
  const tokens = readTokenSet(members.get('tokens'));
  const server = membersOf(members.get('server'));
  const tokenEndpoint = textIn(server, 'tokenEndpoint');
  // A grant is used with the issuer that gave it, or not at all.
  if (client === undefined || tokens === undefined || tokenEndpoint === undefined || server.get('issuer') !== issuer) return undefined;
  return {
    client,
    tokens,
    server: {
      issuer,
      tokenEndpoint,
      authorizationEndpoint: undefined,
      registrationEndpoint: undefined,
      revocationEndpoint: textIn(server, 'revocationEndpoint'),
      pkceMethods: undefined,
      scopesSupported: undefined,
      tokenAuthMethods: textsIn(server, 'tokenAuthMethods'),
      takesClientDocuments: false,
      sendsIssuer: false,
      described: server.get('described') === true,
    },
  };
}

function readClient(json: unknown): Client | undefined {
  const members = membersOf(json);
  const clientId = textIn(members, 'clientId');
  if (clientId === undefined) return undefined;
  const [privateKey, algorithm] = [textIn(members, 'privateKey'), textIn(members, 'algorithm')];
  return {
    clientId,
    clientSecret: textIn(members, 'clientSecret'),
    authMethod: authMethodNamed(textIn(members, 'authMethod')),
    ...(privateKey !== undefined && { privateKey }),
    ...(algorithm !== undefined && { algorithm }),
  };
}

function readTokenSet(json: unknown): TokenSet | undefined {
  const members = membersOf(json);
  const accessToken = textIn(members, 'accessToken');
  const [obtainedAt, lifetimeMs] = [members.get('obtainedAt'), members.get('lifetimeMs')];
  if (accessToken === undefined || typeof obtainedAt !== 'number') return undefined;
  return {
    accessToken,
    refreshToken: textIn(members, 'refreshToken'),
    obtainedAt,
    lifetimeMs: typeof lifetimeMs === 'number' && lifetimeMs > 0 ? lifetimeMs : undefined,
    scopes: textsIn(members, 'scopes'),
  };
}
