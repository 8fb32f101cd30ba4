import type { Challenge } from './challenge.ts';
import { shown, type GuardedAnswer, type GuardedFetch } from './guarded-fetch.ts';
import { SignInError } from './sign-in-error.ts';
import { membersOf, textIn, textsIn } from './untrusted.ts';

/** What an MCP server says about its sign-in (RFC 9728). */
export interface ProtectedResource {
  /** What tokens are asked for and bound to (RFC 8707). */
  readonly resource: string;
  /** Issuers that may grant them, the server's own order. */
  readonly authorizationServers: readonly string[];
  readonly scopesSupported: readonly string[] | undefined;
  /** False when the server has no such metadata (revision 2025-03-26). */
  readonly described: boolean;
}

const WELL_KNOWN = '/.well-known/oauth-protected-resource';
const STEP = 'resource metadata';
const MAX_SERVERS = 16;

/** The name of an MCP server as a resource: its URL without query and fragment, and no slash alone as a path. */
export function canonicalResource(server: URL): string {
  return `${server.origin}${server.pathname === '/' ? '' : server.pathname}`;
}

/**
 * Learns who grants tokens for an MCP server: from where the challenge says, else from the well-known place of its
 * path, else of its root. Without any the server itself is taken for the authorization server, as revision 2025-03-26
 * had it.
 * @throws SignInError `resource-mismatch` when the metadata is another resource's
 */
export async function discoverResource(server: URL, challenge: Challenge, fetch: GuardedFetch, signal: AbortSignal): Promise<ProtectedResource> {
  if (challenge.resourceMetadata !== undefined) {
    const answer = await fetch(STEP, { url: challenge.resourceMetadata }, signal);
    if (!answer.ok) throw unusable(challenge.resourceMetadata, answer);
    return read(server, challenge.resourceMetadata, answer);
  }
  const path = server.pathname.replace(/\/$/, '');
  for (const place of new Set([`${server.origin}${WELL_KNOWN}${path}`, `${server.origin}${WELL_KNOWN}`])) {
    const answer = await fetch(STEP, { url: place }, signal);
    if (answer.ok && answer.json !== undefined) return read(server, place, answer);
    if (answer.status >= 500) throw unusable(place, answer);
  }
  return { resource: canonicalResource(server), authorizationServers: [server.origin], scopesSupported: undefined, described: false };
}

function read(server: URL, place: string, answer: GuardedAnswer): ProtectedResource {
  const members = membersOf(answer.json);
  const resource = textIn(members, 'resource');
  const authorizationServers = textsIn(members, 'authorization_servers')?.slice(0, MAX_SERVERS) ?? [];
  if (answer.json === undefined || resource === undefined) throw unusable(place, answer);
  if (!covers(resource, server)) {
    throw new SignInError(STEP, 'resource-mismatch', `The metadata of ${shown(server)} is for another resource; a token for it would be a token for somebody else.`, {
      action: 'Check the "url" of this server; if it is right, ask its operator to correct "resource" in its metadata.',
    });
  }
  return {
    resource,
    authorizationServers: authorizationServers.length > 0 ? authorizationServers : [server.origin],
    scopesSupported: textsIn(members, 'scopes_supported'),
    described: true,
  };
}

/** Whether a resource identifier stands for this server: the same origin, and its path or a folder above it. */
function covers(resource: string, server: URL): boolean {
  if (!URL.canParse(resource)) return false;
  const named = new URL(resource);
  const folder = (path: string): string => (path.endsWith('/') ? path : `${path}/`);
  return named.origin === server.origin && folder(server.pathname).startsWith(folder(named.pathname));
}

function unusable(place: string, answer: GuardedAnswer): SignInError {
  const where = URL.canParse(place) ? shown(new URL(place)) : 'the address it names';
  return answer.ok
    ? new SignInError(STEP, answer.json === undefined ? 'not-json' : 'bad-answer', `${where} does not hold the metadata of a protected resource.`, {
        action: 'Ask the operator of this server to correct its metadata (RFC 9728).',
      })
    : new SignInError(STEP, 'http-status', `${where} answers with HTTP ${answer.status}.`, { action: 'Try again later, or ask the operator of this server.' });
}
