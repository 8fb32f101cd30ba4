import { toolOf } from '../call.ts';
import { refusal } from '../refusal.ts';
import type { InboundStage } from '../types.ts';

/**
 * Holds a way of calling that promises to change nothing to tools that are approved as read-only. What the principal's
 * grant leaves out does not come this far: to it, `resolve` does not know the tool.
 */
export function createAuthorize(): InboundStage & { readonly name: 'authorize' } {
  return {
    name: 'authorize',
    phase: 'in',
    run(call, next) {
      if (call.readOnly && toolOf(call).tier !== 'read') {
        return Promise.resolve(
          refusal('not_permitted', 'call_tool_read runs only tools that a person approved as read-only, and this one may change things.', {
            retryable: false,
            action: 'Use call_tool for it.',
          }),
        );
      }
      return next();
    },
  };
}
