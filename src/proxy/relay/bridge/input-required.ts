import { rpcError } from '../../json/frame.ts';
import { members, objectOf, stringOf } from '../../json/slice.ts';
import type { RawJson, RawNotification, RawReply } from '../../model.ts';
import type { ClientRequest } from '../../upstream/types.ts';
import { answers, legacyQuestionOf, type LegacyQuestion } from './questions.ts';

/** Times a modern server may answer one request with questions (as the official SDKs have it). */
const MAX_ROUNDS = 8;
/** Milliseconds in all for the answers to one request. */
const MAX_MS = 10 * 60_000;
/** Questions of one round. */
const MAX_QUESTIONS = 16;

/** A request of a legacy agent to a modern server, as far as questions go. */
export interface Interruption {
  readonly method: string;
  readonly signal: AbortSignal;
  /** Puts a question to the agent, on the stream of its request. Never rejects. */
  readonly ask: (question: ClientRequest) => Promise<RawReply>;
  /** Tells the agent something on that stream. */
  readonly notify: (notification: RawNotification) => void;
  /** Sends the request once more, with these raw members besides its own. @throws UpstreamCallError */
  readonly repeat: (answers: ReadonlyMap<string, RawJson>) => Promise<RawReply>;
}

/**
 * Turns an answer that asks for input (2026-07-28, MRTR) into requests to an agent that knows only those, and repeats
 * its request with what it said, until the server answers for good. @throws UpstreamCallError
 */
export async function answerInputRequests(first: RawReply, interruption: Interruption): Promise<RawReply> {
  const deadline = Date.now() + MAX_MS;
  let reply = first;
  for (let round = 1; ; round++) {
    const asked = inputRequiredOf(reply);
    if (asked === undefined) return reply;
    if (round > MAX_ROUNDS) return failure(interruption.method, `The server still asks for input after ${MAX_ROUNDS} rounds.`);
    const answered = await answersTo(asked.inputRequests, interruption, deadline - Date.now());
    if ('problem' in answered) return failure(interruption.method, answered.problem);
    const repeated = new Map<string, RawJson>();
    if (asked.inputRequests !== undefined) repeated.set('inputResponses', objectOf(answered.responses));
    if (asked.requestState !== undefined) repeated.set('requestState', asked.requestState);
    reply = await interruption.repeat(repeated);
    for (const elicitationId of answered.opened) {
      interruption.notify({ method: 'notifications/elicitation/complete', params: `{"elicitationId":${JSON.stringify(elicitationId)}}` });
    }
  }
}

interface InputRequired {
  /** By key, raw. */
  readonly inputRequests: ReadonlyMap<string, RawJson> | undefined;
  /** The raw string, to be brought back to the letter. */
  readonly requestState: RawJson | undefined;
}

function inputRequiredOf(reply: RawReply): InputRequired | undefined {
  // The substring test spares ordinary results a walk over their members.
  if (!('result' in reply) || !reply.result.includes('"input_required"')) return undefined;
  const all = members(reply.result);
  if (all?.get('resultType') !== '"input_required"') return undefined;
  return { inputRequests: members(all.get('inputRequests') ?? ''), requestState: all.get('requestState') };
}

interface Answered {
  /** By key, raw. */
  readonly responses: ReadonlyMap<string, RawJson>;
  /** Ids of the URLs that were opened. */
  readonly opened: readonly string[];
}

/** Asks everything of one round at once; the first question that gets no answer withdraws the rest. */
async function answersTo(asked: InputRequired['inputRequests'], { ask, signal }: Interruption, timeMs: number): Promise<Answered | { readonly problem: string }> {
  const responses = new Map<string, RawJson>();
  const opened: string[] = [];
  if (asked === undefined) return { responses, opened };
  if (asked.size > MAX_QUESTIONS) return { problem: `The server asked more than ${MAX_QUESTIONS} things at once.` };
  const problems: string[] = [];
  const failed = new AbortController();
  const ends = AbortSignal.any([signal, failed.signal, AbortSignal.timeout(Math.max(timeMs, 0))]);
  await Promise.all(
    [...asked].map(async ([key, entry]) => {
      const question = legacyQuestionOf(entry);
      const answer = question === undefined ? { problem: 'The server asked for something that is no question.' } : await answerTo(question, ask, ends);
      if ('problem' in answer) {
        problems.push(answer.problem);
        failed.abort();
        return;
      }
      responses.set(key, answer.response);
      if (question?.elicitationId !== undefined && members(answer.response)?.get('action') === '"accept"') opened.push(question.elicitationId);
    }),
  );
  const [problem] = problems;
  if (problem !== undefined) return { problem };
  // In the order they were asked.
  return { responses: new Map([...asked.keys()].map((key) => [key, responses.get(key) ?? 'null'])), opened };
}

async function answerTo({ method, params }: LegacyQuestion, ask: Interruption['ask'], signal: AbortSignal): Promise<{ readonly response: RawJson } | { readonly problem: string }> {
  const reply = await ask({ method, params, signal });
  if ('result' in reply) return answers(method, reply.result) ? { response: reply.result } : { problem: `The client answered ${method} with something that is no answer.` };
  return { problem: `The server asked for ${method}, and got no answer: ${stringOf(members(reply.error)?.get('message')) ?? 'an error'}` };
}

/** As servers of the legacy era say it: a tool that failed, an error for anything else. */
function failure(method: string, message: string): RawReply {
  if (method !== 'tools/call') return { error: rpcError(-32603, message) };
  return { result: JSON.stringify({ content: [{ type: 'text', text: message }], isError: true }) };
}
