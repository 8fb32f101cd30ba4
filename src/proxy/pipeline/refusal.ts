import type { AgentErrorCode } from '../errors.ts';
import type { Outcome } from './types.ts';

/** What goes with a refusal besides its code and message. */
export interface RefusalOptions {
  /** True when a later call may succeed: the same one, or one that follows `action`. */
  readonly retryable: boolean;
  /** The next step, as an imperative sentence or two; part of the first line and of `_meta`. */
  readonly action: string;
  /** Further members of `_meta["vestibule/error"]`, such as `near` or `retryAfterSeconds`. JSON values only. */
  readonly data?: Readonly<Record<string, unknown>>;
}

/**
 * The answer of a call that we turn down ourselves: a `CallToolResult` with `isError`, whose first line says what
 * happened and what to do next, and `_meta["vestibule/error"]` = `{code, retryable, action}` for programs
 * (contract §6).
 * @param message what happened, one sentence; lines after its first (failing paths, a schema) follow below the
 *   action. It never holds text of an upstream that is not approved.
 */
export function refusal(code: AgentErrorCode, message: string, options: RefusalOptions): Outcome {
  const { retryable, action, data } = options;
  const [happened = '', ...below] = message.split('\n');
  const result = {
    content: [{ type: 'text', text: [`${happened} ${action}`, ...below].join('\n') }],
    isError: true,
    _meta: { 'vestibule/error': { ...data, code, retryable, action } },
  };
  return { kind: 'refused', code, reply: { result: JSON.stringify(result) }, truncated: false };
}
