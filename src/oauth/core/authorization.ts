import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { isLoopbackHost } from './address-guard.ts';
import type { AuthorizationServer } from './server-metadata.ts';
import { SignInError } from './sign-in-error.ts';

/** One authorization request, with what its answer is checked against. Lives in memory only, until its answer. */
export interface AuthorizationRequest {
  /** What the person opens. */
  readonly url: URL;
  readonly redirectUri: string;
  readonly state: string;
  /** PKCE (RFC 7636). */
  readonly verifier: string;
}

/** What an authorization request asks for. */
export interface AuthorizationWish {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly resource: string;
  readonly scopes: readonly string[];
  /** The person said that this server does PKCE although it does not say so. */
  readonly assumePkce: boolean;
  /** The person wants to choose an account, even if the browser knows one. */
  readonly chooseAccount: boolean;
}

const RANDOM_BYTES = 32;

/**
 * The request a person is sent to the authorization server with (OAuth 2.1 §4.1.1), with PKCE S256, `state` and
 * `resource` always.
 * @throws SignInError `pkce-missing` when the server does not advertise S256, `bad-url` for an endpoint that is no
 *   https address
 */
export function authorizationRequest(server: AuthorizationServer, wish: AuthorizationWish): AuthorizationRequest {
  // One of revision 2025-03-26 without metadata has no way to say so; that revision made PKCE a duty.
  const pkce = server.pkceMethods === undefined ? wish.assumePkce || !server.described : server.pkceMethods.includes('S256');
  if (!pkce) {
    throw new SignInError('authorization', 'pkce-missing', 'The authorization server does not say that it protects codes with PKCE (S256); a stolen code could be used by others.', {
      action: 'Ask its operator to advertise it. If you know that it does PKCE, set "pkce": "assumed" under "oauth" of this server in your own servers file.',
    });
  }
  const verifier = randomBytes(RANDOM_BYTES).toString('base64url');
  const state = randomBytes(RANDOM_BYTES).toString('base64url');
  const url = endpointOf(server);
  const { searchParams } = url;
  searchParams.set('response_type', 'code');
  searchParams.set('client_id', wish.clientId);
  searchParams.set('redirect_uri', wish.redirectUri);
  searchParams.set('code_challenge', createHash('sha256').update(verifier).digest('base64url'));
  searchParams.set('code_challenge_method', 'S256');
  searchParams.set('state', state);
  searchParams.set('resource', wish.resource);
  if (wish.scopes.length > 0) searchParams.set('scope', wish.scopes.join(' '));
  if (wish.chooseAccount) searchParams.set('prompt', 'select_account');
  else if (wish.scopes.includes('offline_access')) searchParams.set('prompt', 'consent');
  return { url, redirectUri: wish.redirectUri, state, verifier };
}

function endpointOf({ authorizationEndpoint, issuer }: AuthorizationServer): URL {
  const url = authorizationEndpoint !== undefined && URL.canParse(authorizationEndpoint) ? new URL(authorizationEndpoint) : undefined;
  // Plain http, and pages of this machine, only where the authorization server itself is on it.
  const here = isLoopbackHost(new URL(issuer).hostname);
  const sound = url !== undefined && (url.protocol === 'https:' || (url.protocol === 'http:' && here)) && (here || !isLoopbackHost(url.hostname));
  if (sound && url.username === '' && url.password === '') {
    url.hash = '';
    return url;
  }
  throw new SignInError('authorization', 'bad-url', 'The authorization server names no https page to sign in at; nothing was opened.', { action: 'Ask its operator to correct its metadata.' });
}

/** True when a redirect carries the state of this request, whatever else it says. */
export function answersRequest({ state }: AuthorizationRequest, redirect: URL): boolean {
  const states = redirect.searchParams.getAll('state');
  return states.length === 1 && equal(states[0] ?? '', state);
}

/**
 * The code of a redirect, after all checks: `state`, then the issuer (RFC 9207 §2.4) before anything else is believed.
 * @throws SignInError `state-mismatch`, `issuer-missing`, `issuer-mismatch`, `declined`, `no-code`
 */
export function codeOf(request: AuthorizationRequest, server: AuthorizationServer, redirect: URL): string {
  const problem = (kind: SignInError['problem'], message: string, action = 'Sign in again; if it stays so, ask the operator of this server.'): SignInError =>
    new SignInError('redirect', kind, message, { action });
  if (!answersRequest(request, redirect)) throw problem('state-mismatch', 'The answer belongs to another sign-in than the one that was started.', 'Sign in again, and use only the page that opens then.');
  const { searchParams } = redirect;
  const issuers = searchParams.getAll('iss');
  if (issuers.length === 0 && server.sendsIssuer) throw problem('issuer-missing', 'The answer does not name its authorization server, although that server says it always does.');
  // Compared as written: whatever differs may be another server's (no normalisation).
  if (issuers.length > 1 || (issuers.length === 1 && issuers[0] !== server.issuer)) throw problem('issuer-mismatch', 'The answer names another authorization server than the one that was asked.');
  const error = searchParams.get('error');
  if (error !== null) {
    const said = /^[\w.:-]{1,60}$/.test(error) ? ` (${error})` : '';
    throw problem('declined', `The authorization server did not grant access${said}.`, error === 'access_denied' ? 'Sign in again and allow access, if you want to use this server.' : undefined);
  }
  const code = searchParams.get('code');
  if (code === null || code === '') throw problem('no-code', 'The answer holds no code.');
  return code;
}

function equal(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
