import type { CircuitOutcome } from '../../policy/flow/breaker.ts';
import type { Flow } from '../../policy/flow/flow.ts';
import { toolOf } from '../call.ts';
import { failureClass } from '../failure-class.ts';
import { refusal } from '../refusal.ts';
import type { Call, InboundStage, Next, Outcome } from '../types.ts';

/** Refuses calls of a server that keeps failing, at once instead of after a timeout each. */
export function createBreaker(flow: Flow): InboundStage & { readonly name: 'breaker' } {
  return {
    name: 'breaker',
    phase: 'in',
    run(call, next) {
      const { server } = toolOf(call);
      const rules = flow.of(server);
      const ended = rules?.breaker?.enter();
      if (ended === undefined) return next();
      if (typeof ended === 'function') return counted(call, next, rules?.config.breaker?.on ?? [], ended);
      const { retryAfterSeconds } = ended;
      return Promise.resolve(
        refusal('circuit_open', `The server ${JSON.stringify(server)} kept failing and gets no calls for a while. The call was not sent.`, {
          retryable: true,
          action: `Use another server, or wait ${retryAfterSeconds} s before you call again.`,
          data: { retryAfterSeconds },
        }),
      );
    },
  };
}

/** @param on the kinds of failure that count as one of the server */
async function counted(call: Call, next: Next, on: readonly string[], ended: (outcome: CircuitOutcome) => void): Promise<Outcome> {
  let outcome: CircuitOutcome = 'neutral';
  try {
    const reached = await next();
    const failure = failureClass(reached, call);
    if (failure === undefined) outcome = 'success';
    else if (failure !== 'neutral') outcome = on.includes(failure) ? 'failure' : answersAnyway(failure);
    return reached;
  } finally {
    ended(outcome);
  }
}

/** A server that answers with an error answers; one that was not reached says nothing good. */
function answersAnyway(failure: string): CircuitOutcome {
  return failure === 'tool_error' || failure === 'protocol_error' ? 'success' : 'neutral';
}
