import { shown, type GuardedFetch } from './guarded-fetch.ts';
import { SignInError } from './sign-in-error.ts';
import { membersOf, textIn, textsIn } from './untrusted.ts';

/** What an authorization server says of itself (RFC 8414, OpenID Connect Discovery). */
export interface AuthorizationServer {
  readonly issuer: string;
  readonly authorizationEndpoint: string | undefined;
  readonly tokenEndpoint: string;
  readonly registrationEndpoint: string | undefined;
  readonly revocationEndpoint: string | undefined;
  /** Undefined when it does not say. */
  readonly pkceMethods: readonly string[] | undefined;
  readonly scopesSupported: readonly string[] | undefined;
  readonly tokenAuthMethods: readonly string[] | undefined;
  /** Takes the URL of a metadata document as a client id. */
  readonly takesClientDocuments: boolean;
  /** Says that it names itself in each redirect (RFC 9207). */
  readonly sendsIssuer: boolean;
  /** False for one of revision 2025-03-26 that has no metadata, and so cannot advertise PKCE. */
  readonly described: boolean;
}

const STEP = 'server metadata';

/** Where the metadata of an issuer may be, in the order of revision 2026-07-28. */
export function metadataPlaces(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  const places = [`${origin}/.well-known/oauth-authorization-server${path}`, `${origin}/.well-known/openid-configuration${path}`];
  return path === '' ? places : [...places, `${origin}${path}/.well-known/openid-configuration`];
}

/**
 * Reads the metadata of an issuer.
 * @param legacyFallback the MCP server's own origin stands in for an issuer nobody named: without metadata it has the
 *   endpoints of revision 2025-03-26
 * @throws SignInError `issuer-mismatch`, `none-found`, and what the fetch throws
 */
export async function discoverServer(issuer: string, legacyFallback: boolean, fetch: GuardedFetch, signal: AbortSignal): Promise<AuthorizationServer> {
  if (!URL.canParse(issuer)) throw bad('bad-url', 'The server names an authorization server that is no URL.');
  let seen: string | undefined;
  for (const place of metadataPlaces(issuer)) {
    const answer = await fetch(STEP, { url: place }, signal);
    if (answer.status >= 500) throw new SignInError(STEP, 'http-status', `${shown(new URL(place))} answers with HTTP ${answer.status}.`, { action: 'Try again later, or ask the operator of that server.' });
    if (!answer.ok) continue;
    if (answer.json === undefined) {
      // A web page under every path is what many sites have instead of a 404.
      seen = place;
      continue;
    }
    return read(issuer, legacyFallback, place, answer.json);
  }
  if (legacyFallback && seen === undefined) return legacyServer(issuer);
  if (seen !== undefined) throw bad('not-json', `${shown(new URL(seen))} holds something else than the metadata of an authorization server.`);
  throw bad('none-found', `${shown(new URL(issuer))} has no metadata of an authorization server.`);
}

function read(issuer: string, madeUp: boolean, place: string, json: unknown): AuthorizationServer {
  const members = membersOf(json);
  const stated = textIn(members, 'issuer');
  // An issuer is compared as it is written (RFC 8414 §3.3); one we made up from an origin may differ by its slash.
  if (stated === undefined || (stated !== issuer && !(madeUp && stated === `${issuer}/`))) {
    throw bad('issuer-mismatch', `${shown(new URL(place))} is the metadata of another issuer than ${shown(new URL(issuer))}.`);
  }
  const tokenEndpoint = textIn(members, 'token_endpoint');
  if (tokenEndpoint === undefined) throw bad('bad-answer', `${shown(new URL(place))} names no token endpoint.`);
  return {
    issuer: stated,
    authorizationEndpoint: textIn(members, 'authorization_endpoint'),
    tokenEndpoint,
    registrationEndpoint: textIn(members, 'registration_endpoint'),
    revocationEndpoint: textIn(members, 'revocation_endpoint'),
    pkceMethods: textsIn(members, 'code_challenge_methods_supported'),
    scopesSupported: textsIn(members, 'scopes_supported'),
    tokenAuthMethods: textsIn(members, 'token_endpoint_auth_methods_supported'),
    takesClientDocuments: members.get('client_id_metadata_document_supported') === true,
    sendsIssuer: members.get('authorization_response_iss_parameter_supported') === true,
    described: true,
  };
}

function legacyServer(issuer: string): AuthorizationServer {
  const { origin } = new URL(issuer);
  return {
    issuer,
    authorizationEndpoint: `${origin}/authorize`,
    tokenEndpoint: `${origin}/token`,
    registrationEndpoint: `${origin}/register`,
    revocationEndpoint: undefined,
    pkceMethods: undefined,
    scopesSupported: undefined,
    tokenAuthMethods: undefined,
    takesClientDocuments: false,
    sendsIssuer: false,
    described: false,
  };
}

function bad(problem: SignInError['problem'], message: string): SignInError {
  return new SignInError(STEP, problem, message, { action: 'Ask the operator of this server to correct its metadata, or name the right "issuer" under "oauth" of this server.' });
}
