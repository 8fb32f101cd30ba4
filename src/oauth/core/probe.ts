import { parseChallenge, type Challenge } from './challenge.ts';
import type { GuardedFetch } from './guarded-fetch.ts';

const INITIALIZE = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'vestibule', version: '0' } },
});

/**
 * What a server asks for when somebody without a token speaks to it. A server that asks for nothing yet, or whose
 * answer is no answer, is learned about from its well-known places.
 */
export async function probe(server: URL, fetch: GuardedFetch, signal: AbortSignal): Promise<Challenge> {
  const headers = { accept: 'application/json, text/event-stream', 'content-type': 'application/json' };
  // Where this fails, discovery says more exactly what is wrong.
  const answer = await fetch('resource metadata', { url: server, method: 'POST', headers, body: INITIALIZE }, signal).catch(() => undefined);
  return parseChallenge(answer?.status === 401 || answer?.status === 403 ? answer.challenge : undefined);
}
