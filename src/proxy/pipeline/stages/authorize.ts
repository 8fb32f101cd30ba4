import { mayUse } from '../../policy/grants.ts';
import { toolOf } from '../call.ts';
import { refusal } from '../refusal.ts';
import type { InboundStage } from '../types.ts';

/** The principal's grant, judged by the approved classification of the tool and not by what the caller claims. */
export function createAuthorize(): InboundStage & { readonly name: 'authorize' } {
  return {
    name: 'authorize',
    phase: 'in',
    run(call, next) {
      const tool = toolOf(call);
      if (!mayUse(call.principal, tool)) {
        return Promise.resolve(
          refusal('not_permitted', 'Your access does not cover this tool.', {
            retryable: false,
            action: 'Use a tool that retrieve_tools returns, or ask the person to widen the access of this agent.',
          }),
        );
      }
      if (call.readOnly && tool.tier !== 'read') {
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
