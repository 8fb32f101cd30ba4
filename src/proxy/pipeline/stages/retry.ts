import type { Clock } from '../../clock.ts';
import type { RetryConfig } from '../../config/types.ts';
import type { Flow } from '../../policy/flow/flow.ts';
import { waitBefore, type RetryBudget } from '../../policy/flow/retry-budget.ts';
import { toolOf } from '../call.ts';
import { failureClass } from '../failure-class.ts';
import type { Call, InboundStage, Next, Outcome } from '../types.ts';

/**
 * Tries a call again that its server did not answer, where a person wants it: only tools that are approved as read-only
 * or idempotent, only when the connection failed, and never more often than the server's budget of retries allows.
 * @param random from 0 up to 1; for tests
 */
export function createRetry(flow: Flow, random: () => number = Math.random): InboundStage & { readonly name: 'retry' } {
  return {
    name: 'retry',
    phase: 'in',
    run(call, next) {
      const tool = toolOf(call);
      const rules = flow.of(tool.server);
      const retry = rules?.config.retry;
      const safe = tool.tier === 'read' || tool.annotations.idempotentHint === true;
      if (rules === undefined || retry === undefined || !safe) return next();
      return repeated(call, next, rules.retries, retry);
    },
  };

  async function repeated(call: Call, next: Next, retries: RetryBudget, retry: RetryConfig): Promise<Outcome> {
    retries.earn(retry);
    for (let attempt = 1; ; attempt++) {
      const outcome = await next();
      const again = attempt <= retry.attempts && failureClass(outcome, call) === 'transport' && retries.spend();
      if (!again) return outcome;
      await pause(flow.clock, waitBefore(retry, attempt, random()), call.signal);
      if (call.signal.aborted) return outcome;
    }
  }
}

function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      timer.dispose();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.later(ms, end);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
}
