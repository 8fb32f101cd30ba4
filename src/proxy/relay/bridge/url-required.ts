import { elements, members, withMembers } from '../../json/slice.ts';
import type { RawJson, RawReply } from '../../model.ts';
import type { ClientRequest } from '../../upstream/types.ts';

const URL_ELICITATION_REQUIRED = '-32042';
/** Times one request may be sent again because its server wants a person at a URL first. */
const MAX_ROUNDS = 3;
const MAX_URLS = 16;

/** A request of a modern agent to a legacy server. */
export interface UrlRequest {
  readonly signal: AbortSignal;
  /** Puts a question to the agent. Never rejects. */
  readonly ask: (question: ClientRequest) => Promise<RawReply>;
  /** Sends the request again. @throws UpstreamCallError */
  readonly repeat: () => Promise<RawReply>;
}

/**
 * The error by which a legacy server sends a person to URLs first (2025-11-25, -32042), which modern agents do not
 * know: they are asked to open them, and the request is sent again once all are. @throws UpstreamCallError
 */
export async function openUrls(first: RawReply, { signal, ask, repeat }: UrlRequest): Promise<RawReply> {
  let reply = first;
  for (let round = 1; round <= MAX_ROUNDS; round++) {
    const elicitations = elicitationsOf(reply);
    if (elicitations === undefined) return reply;
    const answers = await Promise.all(elicitations.map((params) => ask({ method: 'elicitation/create', params: withMembers(params, { mode: '"url"' }), signal })));
    if (!answers.every(isAccepted)) return reply;
    reply = await repeat();
  }
  return reply;
}

function elicitationsOf(reply: RawReply): readonly RawJson[] | undefined {
  if (!('error' in reply) || !reply.error.includes(URL_ELICITATION_REQUIRED)) return undefined;
  const all = members(reply.error);
  if (all?.get('code') !== URL_ELICITATION_REQUIRED) return undefined;
  const found = elements(members(all.get('data') ?? '')?.get('elicitations') ?? '') ?? [];
  return found.length === 0 || found.length > MAX_URLS ? undefined : found;
}

function isAccepted(reply: RawReply): boolean {
  return 'result' in reply && members(reply.result)?.get('action') === '"accept"';
}
