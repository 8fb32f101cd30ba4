import type { Client } from './client.ts';
import { authenticateClient } from './client-authentication.ts';
import type { GuardedAnswer, GuardedFetch } from './guarded-fetch.ts';
import type { AuthorizationServer } from './server-metadata.ts';
import { SignInError, type SignInStep } from './sign-in-error.ts';
import { readTokens, type TokenSet } from './tokens.ts';
import { membersOf, textIn } from './untrusted.ts';

/** One grant as the fields of its request; `resource` is added to each (RFC 8707). */
export type GrantFields = Readonly<Record<string, string>> & { readonly grant_type: string };

/** What every request for tokens needs. */
export interface TokenContext {
  readonly server: AuthorizationServer;
  readonly client: Client;
  /** What the token is for; sent with every request. */
  readonly resource: string;
  readonly fetch: GuardedFetch;
  readonly signal?: AbortSignal;
}

/** Tokens and the whole answer they came in. */
export interface TokenAnswer {
  readonly tokens: TokenSet;
  readonly json: unknown;
}

/** Codes that say nothing about the grant (RFC 6749 §4.1.2.1 and §5.2, RFC 8628 §3.5). */
const FOR_NOW = new Set(['temporarily_unavailable', 'server_error', 'slow_down']);
const CLIENT_REFUSED = new Set(['invalid_client', 'unauthorized_client']);

/**
 * Asks a token endpoint for tokens.
 * @throws SignInError `grant-refused` or `client-refused` when the server says so in an OAuth error; `http-status` for
 *   every other status, for that decides nothing
 */
export async function requestTokens(step: SignInStep, fields: GrantFields, context: TokenContext): Promise<TokenAnswer> {
  const { server, client, resource, fetch, signal } = context;
  const form = new URLSearchParams({ ...fields, resource });
  const headers = await authenticateClient(step, form, client, server);
  const answer = await fetch(
    step,
    { url: server.tokenEndpoint, method: 'POST', headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' }, body: form.toString() },
    signal,
  );
  // Some servers answer an error with 200.
  if (!answer.ok || textIn(membersOf(answer.json), 'error') !== undefined) throw refusalOf(step, answer);
  return { tokens: readTokens(step, answer.json, Date.now()), json: answer.json };
}

function refusalOf(step: SignInStep, { status, json }: GuardedAnswer): SignInError {
  const error = textIn(membersOf(json), 'error');
  const said = error !== undefined && /^[\w.:-]{1,60}$/.test(error) ? ` (${error})` : '';
  if (error !== undefined && status < 500 && status !== 429 && !FOR_NOW.has(error)) {
    return CLIENT_REFUSED.has(error)
      ? new SignInError(step, 'client-refused', `The authorization server does not know this client any more${said}.`, { action: 'Sign in again; Vestibule then registers anew. With a client id of your own, check it and its secret.' })
      : new SignInError(step, 'grant-refused', `The authorization server refuses what was granted${said}.`, { action: 'Sign in again.' });
  }
  return new SignInError(step, 'http-status', `The token endpoint answers with HTTP ${status}${said}.`, { action: 'Try again later, or ask the operator of that server.' });
}
