import type { CircuitOutcome } from '../../policy/flow/breaker.ts';
import type { Flow } from '../../policy/flow/flow.ts';
import { toolOf } from '../call.ts';
import { failureClass } from '../failure-class.ts';
import { refusal } from '../refusal.ts';
import type { InboundStage } from '../types.ts';

/** Refuses calls of a server that keeps failing, at once instead of after a timeout each. */
export function createBreaker(flow: Flow): InboundStage & { readonly name: 'breaker' } {
  return {
    name: 'breaker',
    phase: 'in',
    async run(call, next) {
      const { server } = toolOf(call);
      const rules = flow.of(server);
      const ended = rules?.breaker?.enter();
      if (ended === undefined) return next();
      if (typeof ended !== 'function') {
        const { retryAfterSeconds } = ended;
        return refusal('circuit_open', `The server ${JSON.stringify(server)} kept failing and gets no calls for a while. The call was not sent.`, {
          retryable: true,
          action: `Use another server, or wait ${retryAfterSeconds} s before you call again.`,
          data: { retryAfterSeconds },
        });
      }
      const counted = rules?.config.breaker?.on ?? [];
      let outcome: CircuitOutcome = 'neutral';
      try {
        const reached = await next();
        const failure = failureClass(reached, call);
        if (failure === undefined) outcome = 'success';
        else if (failure !== 'neutral') outcome = counted.includes(failure) ? 'failure' : answersAnyway(failure);
        return reached;
      } finally {
        ended(outcome);
      }
    },
  };
}

/** A server that answers with an error answers; one that was not reached says nothing good. */
function answersAnyway(failure: string): CircuitOutcome {
  return failure === 'tool_error' || failure === 'protocol_error' ? 'success' : 'neutral';
}
