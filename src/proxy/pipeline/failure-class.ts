import type { FailureClass } from '../config/types.ts';
import type { Call, Outcome } from './types.ts';

/**
 * How a call failed, as far as that says something of its server; undefined when it did not fail. `neutral`: it never
 * got there, or was called off.
 */
export function failureClass({ kind, code }: Outcome, { signal }: Call): FailureClass | 'neutral' | undefined {
  if (kind === 'ok') return undefined;
  if (code === 'timeout') return 'timeout';
  if (code === 'upstream_unavailable' || (kind === 'ambiguous' && code === 'ambiguous')) return signal.aborted ? 'neutral' : 'transport';
  if (kind === 'protocol_error') return 'protocol_error';
  return kind === 'tool_error' && code === undefined ? 'tool_error' : 'neutral';
}
