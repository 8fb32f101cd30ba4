import { isCopy } from '../../journal/types.ts';
import type { Flow } from '../../policy/flow/flow.ts';
import { toolOf } from '../call.ts';
import { refusal } from '../refusal.ts';
import type { InboundStage } from '../types.ts';

/**
 * Calls a minute: of everybody, of this agent, of the server and of the tool. Calls beyond are refused, not kept waiting.
 * A call that is tried at several servers counts once for its caller, and once for each of them.
 */
export function createRates(flow: Flow): InboundStage & { readonly name: 'rates' } {
  return {
    name: 'rates',
    phase: 'in',
    run(call, next) {
      const tool = toolOf(call);
      const own = flow.of(tool.server)?.rates(tool);
      // Copies are nothing an agent asked for: they count at their server only.
      const callers = isCopy(call.route) || call.paid.rates ? [] : flow.ratesOf(call.principal);
      if ((own === undefined || own.length === 0) && callers.length === 0) return next();
      const refused = flow.rates.take([...callers, ...(own ?? [])]);
      if (refused === undefined) {
        call.paid.rates = true;
        return next();
      }
      const { rate, retryAfterSeconds } = refused;
      return Promise.resolve(
        refusal('rate_limited', `The limit of ${rate.perMinute} ${rate.what} a minute is reached. The call was not sent.`, {
          retryable: true,
          action: `Wait ${retryAfterSeconds} s before you call again.`,
          data: { retryAfterSeconds },
        }),
      );
    },
  };
}
