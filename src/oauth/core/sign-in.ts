import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { OAuthSettings } from '../../proxy/config/types.ts';
import { VestibuleError } from '../../proxy/errors.ts';
import type { ServerName } from '../../proxy/model.ts';
import { holdLock } from '../../proxy/storage/file-lock.ts';
import type { Account, Accounts } from './accounts.ts';
import { answersRequest, authorizationRequest, codeOf, type AuthorizationRequest } from './authorization.ts';
import type { Client } from './client.ts';
import type { GuardedFetch } from './guarded-fetch.ts';
import { configuredClient } from './machine-tokens.ts';
import { probe } from './probe.ts';
import type { OpenRedirect, RedirectWay } from './redirect.ts';
import { registerClient } from './registration.ts';
import { canonicalResource, discoverResource } from './resource-metadata.ts';
import { chooseScopes, scopesOf, unionOf } from './scopes.ts';
import { discoverServer, type AuthorizationServer } from './server-metadata.ts';
import { SignInError } from './sign-in-error.ts';
import { requestTokens } from './token-request.ts';
import { accountLabel } from './tokens.ts';
import type { Vault } from './vault.ts';

/** Milliseconds a person has for the page that opens. */
const PERSON_MS = 5 * 60_000;
const ID_BYTES = 6;

/** Where to sign in. */
export interface SignInTarget {
  readonly server: ServerName;
  readonly url: URL;
  /** The `oauth` section, variables resolved. */
  readonly settings: OAuthSettings;
  /** The workspace that will use the account; undefined without one. */
  readonly workspace: string | undefined;
  /** The account to renew; undefined adds one. */
  readonly account: Account | undefined;
}

/** The person who signs in. */
export interface SignInPerson {
  /** Picks one of several issuers; undefined declines. */
  chooseIssuer(issuers: readonly string[]): Promise<string | undefined>;
  /** Names a client registered by hand, where the server registers none itself; undefined declines. */
  askClient(issuer: string, redirectUri: string): Promise<{ readonly clientId: string; readonly clientSecret: string | undefined } | undefined>;
  /**
   * Shows the page and opens it. Resolves when that is done; with a text when the person pasted what the page led to,
   * which is then read instead of waiting. Rejects to cancel.
   */
  open(url: URL, signal: AbortSignal): Promise<string | undefined>;
}

/** What a sign-in works with. */
export interface SignInDeps {
  readonly dataDir: string;
  readonly accounts: Accounts;
  readonly vault: Vault;
  readonly fetch: GuardedFetch;
  /** Ways for the browser to come back, best first. */
  readonly ways: readonly RedirectWay[];
  /** Milliseconds a person has; five minutes unless a test says otherwise. */
  readonly personMs?: number;
}

/**
 * Signs a person in at a server: learns where, registers if need be, sends them to the authorization server and takes
 * the code that comes back for tokens. Nothing is kept of a sign-in that does not end well but the registration.
 * @param signal cancels it
 * @throws SignInError, at the step that failed
 */
export async function signIn(target: SignInTarget, person: SignInPerson, deps: SignInDeps, signal: AbortSignal): Promise<Account> {
  const endpoint = endpointOf(target.url);
  const lock = await holdLock(join(deps.dataDir, 'locks', `sign-in-${createHash('sha256').update(endpoint).digest('hex').slice(0, 24)}`)).catch((cause: unknown) => {
    if (!VestibuleError.is(cause, 'data-folder-locked')) throw cause;
    throw new SignInError('authorization', 'busy', 'Somebody is signing in to this server already, perhaps in another window.', { action: 'Finish or cancel that sign-in first.', cause });
  });
  try {
    return await new Flow(target, person, deps, signal).run(endpoint);
  } finally {
    lock.dispose();
  }
}

/** What accounts of a server are found by: its URL without query and fragment. */
export function endpointOf(server: URL): string {
  return canonicalResource(server);
}

class Flow {
  readonly #target: SignInTarget;
  readonly #person: SignInPerson;
  readonly #deps: SignInDeps;
  readonly #signal: AbortSignal;

  constructor(target: SignInTarget, person: SignInPerson, deps: SignInDeps, signal: AbortSignal) {
    this.#target = target;
    this.#person = person;
    this.#deps = deps;
    this.#signal = signal;
  }

  async run(endpoint: string): Promise<Account> {
    const { url, settings, account: former } = this.#target;
    const { fetch } = this.#deps;
    const challenge = await probe(url, fetch, this.#signal);
    const resource = await discoverResource(url, challenge, fetch, this.#signal);
    const issuer = settings.issuer ?? (await this.#issuer(resource.authorizationServers));
    const server = await discoverServer(issuer, !resource.described && settings.issuer === undefined, fetch, this.#signal);
    const first = chooseScopes({ configured: settings.scopes, challenged: scopesOf(challenge.scope), ofResource: resource.scopesSupported, ofServer: server.scopesSupported });
    const scopes = former === undefined || settings.scopes !== undefined ? first : unionOf(former.scopes, former.missing, first);
    const { redirect, client } = await this.#client(server, scopes);
    try {
      const request = authorizationRequest(server, {
        clientId: client.clientId,
        redirectUri: redirect.redirectUri,
        resource: resource.resource,
        scopes,
        assumePkce: settings.pkce === 'assumed',
        chooseAccount: former === undefined && this.#deps.accounts.at(endpoint).length > 0,
      });
      const code = codeOf(request, server, await this.#answer(request, server, redirect));
      const fields = { grant_type: 'authorization_code', code, redirect_uri: request.redirectUri, code_verifier: request.verifier };
      const { tokens, json } = await requestTokens('token', fields, { server, client, resource: resource.resource, fetch, signal: this.#signal });
      const account: Account = {
        id: former?.id ?? randomBytes(ID_BYTES).toString('hex'),
        endpoint,
        issuer: server.issuer,
        resource: resource.resource,
        label: accountLabel(json) ?? former?.label ?? `Account ${this.#deps.accounts.at(endpoint).length + 1}`,
        since: Date.now(),
        ended: undefined,
        scopes,
        missing: [],
      };
      // The account of another issuer is another account, with a key of its own.
      if (former !== undefined && (former.issuer !== account.issuer || former.resource !== account.resource)) await this.#deps.vault.forgetGrant(former);
      // Tokens first: an account without them would only have to be signed in again.
      await this.#deps.vault.keepGrant(account, { tokens, client, server });
      await this.#deps.accounts.put(account, this.#target.workspace);
      return account;
    } catch (error) {
      if (error instanceof SignInError && error.problem === 'client-refused') await this.#deps.vault.forgetRegistrations(server.issuer);
      throw error;
    } finally {
      redirect.dispose();
    }
  }

  async #issuer(issuers: readonly string[]): Promise<string> {
    const [only, ...others] = issuers;
    if (only !== undefined && others.length === 0) return only;
    const chosen = await this.#person.chooseIssuer(issuers);
    if (chosen !== undefined && issuers.includes(chosen)) return chosen;
    throw cancelled();
  }

  /** Who we are to this server, and where the browser comes back: configured, by document, registered, or asked for. */
  async #client(server: AuthorizationServer, scopes: readonly string[]): Promise<{ readonly redirect: OpenRedirect; readonly client: Client }> {
    const { settings } = this.#target;
    const { ways } = this.#deps;
    // A port of the person's own choosing is where their client was registered for.
    const preferred = (settings.redirectPort === undefined ? undefined : ways.find(({ kind }) => kind === 'loopback')) ?? ways[0];
    if (preferred === undefined) throw new Error('There is no way for the browser to come back.');
    if (settings.clientId !== undefined) return { redirect: await preferred.open(undefined, settings.redirectPort), client: configuredClient(settings) };
    if (server.takesClientDocuments && settings.clientMetadataUrl !== undefined) {
      return { redirect: await preferred.open(undefined, settings.redirectPort), client: { clientId: settings.clientMetadataUrl, clientSecret: undefined, authMethod: 'none' } };
    }
    let refusal: SignInError | undefined;
    if (server.registrationEndpoint !== undefined) {
      for (const way of ways) {
        const registered = await this.#register({ ...server, registrationEndpoint: server.registrationEndpoint }, way, scopes);
        if (!(registered instanceof SignInError)) return registered;
        refusal = registered;
      }
    }
    const redirect = await preferred.open(undefined, settings.redirectPort);
    const asked = await this.#person.askClient(server.issuer, redirect.redirectUri).catch((error: unknown) => {
      redirect.dispose();
      throw error;
    });
    if (asked !== undefined && asked.clientId !== '') return { redirect, client: { ...asked, authMethod: undefined } };
    redirect.dispose();
    throw (
      refusal ??
      new SignInError('registration', 'no-client-id', 'The authorization server registers no clients by itself, and no client id is set.', {
        action: 'Register a client with that server and set its "clientId" under "oauth" of this server.',
      })
    );
  }

  /** Registers for a way back, or reuses what was registered for the very same one. @returns the refusal, if it is one */
  async #register(server: AuthorizationServer & { readonly registrationEndpoint: string }, way: RedirectWay, scopes: readonly string[]): Promise<{ readonly redirect: OpenRedirect; readonly client: Client } | SignInError> {
    const { vault, fetch } = this.#deps;
    const kept = await vault.registration(server.issuer, way.kind);
    const redirect = await way.open(kept?.redirectUri, this.#target.settings.redirectPort);
    if (kept?.redirectUri === redirect.redirectUri) return { redirect, client: kept.client };
    try {
      const client = await registerClient(server, redirect.redirectUri, scopes, fetch, this.#signal);
      await vault.keepRegistration(server.issuer, way.kind, { client, redirectUri: redirect.redirectUri });
      return { redirect, client };
    } catch (error) {
      redirect.dispose();
      if (error instanceof SignInError && error.problem === 'registration-refused') return error;
      throw error;
    }
  }

  /** Waits for the browser, or for what the person pastes. */
  async #answer(request: AuthorizationRequest, server: AuthorizationServer, redirect: OpenRedirect): Promise<URL> {
    const late = AbortSignal.timeout(this.#deps.personMs ?? PERSON_MS);
    const ends = AbortSignal.any([late, this.#signal]);
    const done = new AbortController();
    try {
      return await new Promise<URL>((resolve, reject) => {
        redirect.onAnswer = (answer) => {
          if (!answersRequest(request, answer)) return 'foreign';
          resolve(answer);
          return answer.searchParams.has('error') ? 'refused' : 'used';
        };
        ends.addEventListener('abort', () => reject(late.aborted ? expired() : cancelled()), { once: true });
        if (ends.aborted) reject(cancelled());
        this.#person.open(request.url, AbortSignal.any([ends, done.signal])).then(
          (pasted) => {
            if (pasted !== undefined) resolve(pastedAnswer(pasted, request, server));
          },
          (error: unknown) => reject(error instanceof Error ? error : cancelled()),
        );
      });
    } finally {
      done.abort();
    }
  }
}

/** What a person pasted: the whole address the browser ended at, or the code alone where nothing else has to be proved. */
function pastedAnswer(text: string, { redirectUri, state }: AuthorizationRequest, server: AuthorizationServer): URL {
  const trimmed = text.trim();
  if (URL.canParse(trimmed)) return new URL(trimmed);
  const answer = new URL(redirectUri);
  answer.searchParams.set('code', trimmed);
  // The person took it from the page of this very sign-in, and PKCE ties it to this one. Its issuer cannot be seen.
  if (!server.sendsIssuer) answer.searchParams.set('state', state);
  return answer;
}

function cancelled(): SignInError {
  return new SignInError('authorization', 'cancelled', 'The sign-in was cancelled.', { action: 'Sign in again when you want to use this server.' });
}

function expired(): SignInError {
  return new SignInError('authorization', 'expired', 'Nobody finished the sign-in in time.', { action: 'Sign in again, and finish within five minutes.' });
}
