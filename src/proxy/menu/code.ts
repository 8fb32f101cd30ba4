import { elements, exceedsDepth, members, stringOf, withMembers } from '../json/slice.ts';
import type { RawJson, RawReply } from '../model.ts';
import type { Outcome } from '../pipeline/types.ts';
import type { CallAnswer, CodeEnd, CodeOutcome } from '../sandbox/types.ts';
import { errorReply, textReply } from './answers.ts';
import { BadArgumentsError, type MenuArguments } from './arguments.ts';
import { MAX_DEPTH } from './call.ts';
import { MAX_CODE_SECONDS } from './definitions.ts';
import type { MenuCaller, MenuDeps } from './types.ts';

const DEFAULT_SECONDS = 60;
const MAX_CODE = 256 * 1024;
/** Characters of the message of one refused call that the code gets. */
const MAX_MESSAGE = 8_000;
/** The part of an answer that what was logged may take. */
const LOG_SHARE = 0.25;

/**
 * `code_execution`: runs code in the sandbox, each of its calls through the whole pipeline in the name of this
 * caller. Only what the code returns and logs goes to the agent, within the response budget.
 */
export async function executeCode(args: MenuArguments, caller: MenuCaller, deps: MenuDeps): Promise<RawReply> {
  const code = args.requiredString('code');
  if (code.length > MAX_CODE) throw new BadArgumentsError(`"code" has ${code.length} characters; at most ${MAX_CODE} are run.`);
  const seconds = args.integer('timeout_seconds', 1, MAX_CODE_SECONDS) ?? DEFAULT_SECONDS;
  let answered = 0;
  const outcome = await deps.sandbox.run({
    code,
    timeoutMs: seconds * 1_000,
    signal: caller.signal,
    async call(tool, argumentsText, signal) {
      const answer = await callFor({ ...caller, signal, onProgress: undefined }, tool, argumentsText, deps);
      answered++;
      caller.onProgress?.(`{"progress":${answered},"message":"${answered} calls answered"}`);
      return answer;
    },
  });
  if (outcome.end.kind === 'returned') return returned(outcome.end.text, outcome, caller, deps);
  return failed(outcome.end, outcome, seconds, deps);
}

async function callFor(caller: MenuCaller, requested: string, argumentsText: string | undefined, deps: MenuDeps): Promise<CallAnswer> {
  const problem = argumentsText === undefined ? undefined : problemOf(argumentsText);
  if (problem !== undefined) return { ok: false, code: 'invalid_arguments', message: problem, retryable: true };
  return answerOf(await deps.call({ caller, route: 'code', requested, readOnly: false, argumentsText, parent: caller.callId }));
}

/** What is wrong with text that is to be arguments; that it is an object is for the pipeline to say. */
function problemOf(text: string): string | undefined {
  if (exceedsDepth(text, MAX_DEPTH)) return `The arguments nest deeper than ${MAX_DEPTH} levels.`;
  try {
    JSON.parse(text);
    return undefined;
  } catch {
    return 'Arguments that are given as a string must be JSON: an object with the tool\'s own arguments by name.';
  }
}

function answerOf({ kind, code, reply }: Outcome): CallAnswer {
  if ('error' in reply) {
    const message = stringOf(members(reply.error)?.get('message')) ?? 'The server answered with an error.';
    return { ok: false, code: code ?? kind, message: message.slice(0, MAX_MESSAGE), retryable: false };
  }
  const result = members(reply.result);
  if (kind === 'ok') {
    if (result?.get('resultType') !== '"input_required"') return { ok: true, result: reply.result };
    return { ok: false, code: 'input_required', message: 'This tool asks for more input first, which code cannot give: call it with call_tool.', retryable: false };
  }
  const ours = members(members(result?.get('_meta') ?? '')?.get('vestibule/error') ?? '');
  // The record may know more than an agent is told: what it is told is in the answer.
  const told = code === undefined ? kind : (stringOf(ours?.get('code')) ?? code);
  return { ok: false, code: told, message: textOf(result?.get('content')).slice(0, MAX_MESSAGE), retryable: ours?.get('retryable') === 'true' };
}

function textOf(content: RawJson | undefined): string {
  const texts = (content === undefined ? [] : (elements(content) ?? [])).flatMap((block) => stringOf(members(block)?.get('text')) ?? []);
  return texts.length === 0 ? 'The tool failed and did not say why.' : texts.join('\n');
}

async function returned(text: string | undefined, { logs }: CodeOutcome, caller: MenuCaller, deps: MenuDeps): Promise<RawReply> {
  const log = logBlock(logs, deps.responseLimit());
  const value = text ?? 'Nothing was returned: end the code with "return" and a value.';
  const limit = deps.responseLimit() - (log?.length ?? 0);
  const { result } = await deps.results.shape(textReply(value).result, { principal: caller.principal.id, limit });
  if (log === undefined) return { result };
  // Beside the value and not in it, so that the value alone is what read_cache reads on.
  return { result: withBlock(result, log) };
}

function withBlock(result: RawJson, text: string): RawJson {
  const blocks = elements(members(result)?.get('content') ?? '[]') ?? [];
  return withMembers(result, { content: `[${[...blocks, JSON.stringify({ type: 'text', text })].join(',')}]` });
}

function failed(end: Exclude<CodeEnd, { kind: 'returned' }>, { calls, logs }: CodeOutcome, seconds: number, deps: MenuDeps): RawReply {
  const made = calls === 0 ? 'It had called no tools.' : `It had made ${calls} ${calls === 1 ? 'call' : 'calls'}, which may have taken effect.`;
  const log = logBlock(logs, deps.responseLimit());
  const below = log === undefined ? '' : `\n${log}`;
  switch (end.kind) {
    case 'threw': {
      const text = `The code failed: ${end.message.slice(0, deps.responseLimit() / 2)}\n${made}${below}`;
      return { result: JSON.stringify({ content: [{ type: 'text', text }], isError: true }) };
    }
    case 'timeout':
      return errorReply('timeout', `The code was not done after ${seconds} seconds and was ended. ${made}${below}`, {
        retryable: false,
        action: `Do less at once, or give more timeout_seconds (at most ${MAX_CODE_SECONDS}).`,
      });
    case 'cancelled':
      return errorReply('ambiguous', `The code was cancelled. ${made}${below}`, { retryable: false, action: 'Check what took effect before you run it again.' });
    case 'busy':
      return errorReply('overloaded', 'Other code is running, and no more is run at the same time.', { retryable: true, action: 'Try again in a moment.' });
    case 'failed':
      return errorReply('internal', `The sandbox broke down. ${made}`, { retryable: false, action: 'Call the tools one by one with call_tool.' });
  }
}

function logBlock(logs: readonly string[], responseLimit: number): string | undefined {
  if (logs.length === 0) return undefined;
  const text = `console:\n${logs.join('\n')}`;
  const limit = Math.floor(responseLimit * LOG_SHARE);
  return text.length <= limit ? text : `${text.slice(0, limit - 1)}…`;
}
