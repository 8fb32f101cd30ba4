import { isCopy } from '../../journal/types.ts';
import type { Principal } from '../../model.ts';
import { refusal } from '../refusal.ts';
import type { InboundStage } from '../types.ts';

/** What pays for calls: says why one is not paid for, or takes it from what is left. */
export interface Purse {
  take(caller: Principal): { readonly what: 'calls' | 'tokens'; readonly most: number; readonly per: string; readonly retryAfterSeconds: number } | undefined;
}

/** What a caller may use in an hour, day or month: calls, and tokens of results. A call that is refused later stays paid for; one that is tried at several servers is paid for once. */
export function createBudget(purse: Purse): InboundStage & { readonly name: 'budget' } {
  return {
    name: 'budget',
    phase: 'in',
    run(call, next) {
      const over = isCopy(call.route) || call.paid.budget ? undefined : purse.take(call.principal);
      if (over === undefined) {
        call.paid.budget = true;
        return next();
      }
      const { what, most, per, retryAfterSeconds } = over;
      const spent = what === 'calls' ? `${most} calls` : `${most} tokens of results`;
      return Promise.resolve(
        refusal('rate_limited', `The budget of this agent of ${spent} ${per === 'hour' ? 'an' : 'a'} ${per} is used up. The call was not sent.`, {
          retryable: true,
          action: `Wait ${retryAfterSeconds} s, or ask the person for a larger budget.`,
          data: { retryAfterSeconds, budget: what },
        }),
      );
    },
  };
}
