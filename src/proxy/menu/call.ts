import { exceedsDepth, stringOf } from '../json/slice.ts';
import type { RawJson, RawReply } from '../model.ts';
import { BadArgumentsError, type MenuArguments } from './arguments.ts';
import type { MenuCaller, MenuDeps } from './types.ts';

/** The depth of what agents send is bounded as everywhere on the endpoint (contract §3). */
export const MAX_DEPTH = 64;

/** `call_tool` and `call_tool_read`: hand the call to the pipeline, arguments as the agent wrote them. */
export async function callTool(args: MenuArguments, readOnly: boolean, caller: MenuCaller, deps: MenuDeps): Promise<RawReply> {
  const outcome = await deps.call({
    caller,
    route: 'call_tool',
    requested: args.requiredString('tool'),
    readOnly,
    argumentsText: innerArguments(args.raw('arguments')),
  });
  return outcome.reply;
}

/**
 * Some agents send the inner arguments as a string of JSON; that string's own text is then the arguments. It was
 * one value when the frame was checked, so its depth is checked here.
 */
function innerArguments(raw: RawJson | undefined): RawJson | undefined {
  const text = stringOf(raw)?.trim();
  if (text === undefined) return raw;
  if (text === '') return undefined;
  if (exceedsDepth(text, MAX_DEPTH)) throw new BadArgumentsError(`"arguments" nests deeper than ${MAX_DEPTH} levels.`);
  try {
    JSON.parse(text);
  } catch {
    throw new BadArgumentsError('"arguments" must be a JSON object: the tool\'s own arguments by name.');
  }
  return text;
}
