import { stringOf } from '../json/slice.ts';
import type { RawJson, RawReply } from '../model.ts';
import { BadArgumentsError, type MenuArguments } from './arguments.ts';
import type { MenuCaller, MenuDeps } from './types.ts';

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

/** Some agents send the inner arguments as a string of JSON; that string's own text is then the arguments. */
function innerArguments(raw: RawJson | undefined): RawJson | undefined {
  const text = stringOf(raw);
  if (text === undefined) return raw;
  if (text.trim() === '') return undefined;
  try {
    JSON.parse(text);
  } catch {
    throw new BadArgumentsError('"arguments" must be a JSON object.');
  }
  return text.trim();
}
