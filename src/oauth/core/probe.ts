import { parseChallenge, type Challenge } from './challenge.ts';
import type { GuardedAnswer, GuardedFetch } from './guarded-fetch.ts';

/** The first message of a session, and one that some servers ask for a token for although they open sessions to anybody. */
const MESSAGES: readonly string[] = [
  message('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'vestibule', version: '0' } }),
  message('tools/list', {}),
];

/**
 * What a server asks for when somebody without a token speaks to it. A server that asks for nothing yet, or whose
 * answer is no answer, is learned about from its well-known places.
 * @param server its URL, with its query
 */
export async function probe(server: URL, fetch: GuardedFetch, signal: AbortSignal): Promise<Challenge> {
  const headers = { accept: 'application/json, text/event-stream', 'content-type': 'application/json' };
  for (const body of MESSAGES) {
    // Where this fails, discovery says more exactly what is wrong.
    const answer = await fetch('resource metadata', { url: server, method: 'POST', headers, body }, signal).catch(() => undefined);
    if (answer === undefined || turnsAway(answer)) return parseChallenge(answer?.challenge);
  }
  return parseChallenge(undefined);
}

function turnsAway({ status }: GuardedAnswer): boolean {
  return status === 401 || status === 403;
}

function message(method: string, params: object): string {
  return JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
}
