import type { AgentErrorCode } from '../errors.ts';
import type { RawJson, RawReply } from '../model.ts';
import type { MenuCaller, MenuDeps } from './types.ts';
import { refusal, type RefusalOptions } from '../pipeline/refusal.ts';

/** A text result, without structuredContent: VS Code would show the model both, or only that. */
export function textReply(...texts: readonly string[]): { readonly result: RawJson } {
  return { result: JSON.stringify({ content: texts.map((text) => ({ type: 'text', text })) }) };
}

/** A text result within the response budget; what does not fit can be read on with `read_cache`. */
export function boundedReply(text: string, caller: MenuCaller, deps: MenuDeps): Promise<RawReply> {
  return boundedResult(textReply(text).result, caller, deps);
}

/** A raw result within the response budget; what does not fit can be read on with `read_cache`. */
export async function boundedResult(whole: RawJson, caller: MenuCaller, deps: MenuDeps): Promise<RawReply> {
  const { result } = await deps.results.shape(whole, { principal: caller.principal.id, limit: deps.responseLimit() });
  return { result };
}

/** A result with `isError` (contract §6). */
export function errorReply(code: AgentErrorCode, message: string, options: RefusalOptions): RawReply {
  return refusal(code, message, options).reply;
}
