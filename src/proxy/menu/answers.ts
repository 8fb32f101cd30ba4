import type { AgentErrorCode } from '../errors.ts';
import type { RawReply } from '../model.ts';
import { refusal, type RefusalOptions } from '../pipeline/refusal.ts';

/** A text result, without structuredContent: VS Code would show the model both, or only that. */
export function textReply(text: string): RawReply {
  return { result: JSON.stringify({ content: [{ type: 'text', text }] }) };
}

/** A result with `isError` (contract §6). */
export function errorReply(code: AgentErrorCode, message: string, options: RefusalOptions): RawReply {
  return refusal(code, message, options).reply;
}
