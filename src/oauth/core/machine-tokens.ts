import type { OAuthSettings } from '../../proxy/config/types.ts';
import { Attempts } from './attempts.ts';
import type { Challenge } from './challenge.ts';
import type { Client } from './client.ts';
import type { GuardedFetch } from './guarded-fetch.ts';
import { discoverResource } from './resource-metadata.ts';
import { chooseScopes, scopesOf } from './scopes.ts';
import { discoverServer, type AuthorizationServer } from './server-metadata.ts';
import { SignInError } from './sign-in-error.ts';
import { requestTokens, type GrantFields } from './token-request.ts';
import { isDue, isLive, type TokenSet } from './tokens.ts';
import { membersOf, textIn } from './untrusted.ts';

/** A server that refuses a token it was just granted is not given yet another one before this time. */
const REFUSED_AGAIN_MS = 30_000;
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ID_JAG = 'urn:ietf:params:oauth:token-type:id-jag';
const ID_TOKEN = 'urn:ietf:params:oauth:token-type:id_token';

/**
 * Tokens that no person has to sign in for: the client's own (client credentials), or a person's for whom a company's
 * identity provider vouches (enterprise-managed authorization). Kept in memory; got anew when they are due.
 */
export class MachineTokens {
  readonly #server: URL;
  readonly #settings: OAuthSettings;
  readonly #fetch: GuardedFetch;
  readonly #attempts = new Attempts();
  #tokens: TokenSet | undefined;
  #asking: Promise<TokenSet> | undefined;
  /** When a refused token was last replaced. */
  #replacedAt = -Infinity;

  constructor(server: URL, settings: OAuthSettings, fetch: GuardedFetch) {
    this.#server = server;
    this.#settings = settings;
    this.#fetch = fetch;
  }

  /** A token to use now. @throws SignInError */
  async current(challenge: Challenge): Promise<TokenSet> {
    const tokens = this.#tokens;
    if (tokens !== undefined && !isDue(tokens, Date.now())) return tokens;
    try {
      return await this.#ask(challenge);
    } catch (error) {
      if (tokens !== undefined && isLive(tokens, Date.now())) return tokens;
      throw error;
    }
  }

  /** A token instead of one the server refused. @throws SignInError */
  async replace(refused: string | undefined, challenge: Challenge): Promise<TokenSet> {
    if (this.#tokens !== undefined && this.#tokens.accessToken !== refused) return this.#tokens;
    const forced = refused !== undefined && this.#asking === undefined;
    if (forced && performance.now() - this.#replacedAt < REFUSED_AGAIN_MS) {
      throw new SignInError('token', 'grant-refused', 'The server refuses tokens that it was just granted.', { action: 'Check at the server what this client may do.' });
    }
    const tokens = await this.#ask(challenge);
    if (forced) this.#replacedAt = performance.now();
    return tokens;
  }

  #ask(challenge: Challenge): Promise<TokenSet> {
    this.#asking ??= this.#askOnce(challenge).finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #askOnce(challenge: Challenge): Promise<TokenSet> {
    const soon = this.#attempts.tooSoon(performance.now());
    if (soon !== undefined) throw soon;
    try {
      const signal = new AbortController().signal;
      const resource = await discoverResource(this.#server, challenge, this.#fetch, signal);
      const issuer = this.#settings.issuer ?? resource.authorizationServers[0] ?? this.#server.origin;
      const server = await discoverServer(issuer, !resource.described, this.#fetch, signal);
      const scopes = chooseScopes({ configured: this.#settings.scopes, challenged: scopesOf(challenge.scope), ofResource: resource.scopesSupported, ofServer: undefined });
      const fields = await this.#fields(server, resource.resource, scopes);
      const { tokens } = await requestTokens('token', fields, { server, client: configuredClient(this.#settings), resource: resource.resource, fetch: this.#fetch });
      this.#tokens = tokens;
      this.#attempts.succeeded();
      return tokens;
    } catch (error) {
      if (error instanceof SignInError) this.#attempts.failed(error, performance.now());
      throw error;
    }
  }

  async #fields(server: AuthorizationServer, resource: string, scopes: readonly string[]): Promise<GrantFields> {
    const scope = scopes.length === 0 ? undefined : scopes.join(' ');
    if (this.#settings.grant !== 'enterprise') return { grant_type: 'client_credentials', ...(scope !== undefined && { scope }) };
    return { grant_type: JWT_BEARER, assertion: await this.#assertion(server, resource, scope), ...(scope !== undefined && { scope }) };
  }

  /** The company's provider exchanges the person's id token for an assertion to this server (RFC 8693, ID-JAG). */
  async #assertion(server: AuthorizationServer, resource: string, scope: string | undefined): Promise<string> {
    const { enterprise } = this.#settings;
    if (enterprise === undefined) throw new SignInError('token', 'no-client-id', 'The section "enterprise" is missing.', { action: 'Add it under "oauth" of this server.' });
    const form = new URLSearchParams({
      grant_type: TOKEN_EXCHANGE,
      requested_token_type: ID_JAG,
      subject_token: enterprise.idToken,
      subject_token_type: ID_TOKEN,
      audience: server.issuer,
      resource,
      client_id: enterprise.clientId,
      ...(scope !== undefined && { scope }),
    });
    const answer = await this.#fetch('token', { url: enterprise.tokenEndpoint, method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: form.toString() });
    const assertion = textIn(membersOf(answer.json), 'access_token');
    if (answer.ok && assertion !== undefined) return assertion;
    throw new SignInError('token', answer.status >= 500 ? 'http-status' : 'grant-refused', `The identity provider does not vouch for this person (HTTP ${answer.status}).`, {
      action: 'Store a fresh id token under the name that "idToken" refers to.',
    });
  }
}

/** The client a person configured; `clientId` is empty when there is none. */
export function configuredClient({ clientId = '', clientSecret, privateKey, algorithm }: OAuthSettings): Client {
  return { clientId, clientSecret, authMethod: undefined, ...(privateKey !== undefined && { privateKey }), ...(algorithm !== undefined && { algorithm }) };
}
