import type { Clock } from '../../clock.ts';
import type { CircuitOutcome } from '../../policy/flow/breaker.ts';
import type { Flow, Watching } from '../../policy/flow/flow.ts';
import { toolOf } from '../call.ts';
import { failureClass } from '../failure-class.ts';
import { refusal } from '../refusal.ts';
import type { Call, InboundStage, Next, Outcome } from '../types.ts';

/**
 * Refuses calls of a server that keeps failing, at once instead of after a timeout each; and takes note of how calls end
 * where servers of the same tools are compared.
 */
export function createBreaker(flow: Flow): InboundStage & { readonly name: 'breaker' } {
  return {
    name: 'breaker',
    phase: 'in',
    run(call, next) {
      const { name, server } = toolOf(call);
      const rules = flow.of(server);
      const watching = flow.watching(server);
      const ended = rules?.breaker?.enter();
      if (ended === undefined && watching === undefined) return next();
      if (ended === undefined || typeof ended === 'function') {
        const { clock } = flow;
        return counted(call, next, { on: rules?.config.breaker?.on ?? [], ended, clock, noted: watching && { tool: name, by: watching } });
      }
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

/** What is told how a call ended, and what counts as a failure of its server. */
interface Told {
  readonly on: readonly string[];
  readonly ended: ((outcome: CircuitOutcome) => void) | undefined;
  readonly noted: { readonly tool: string; readonly by: Watching } | undefined;
  readonly clock: Clock;
}

async function counted(call: Call, next: Next, { clock, ended, noted, on }: Told): Promise<Outcome> {
  let outcome: CircuitOutcome = 'neutral';
  const began = noted === undefined ? 0 : clock.now();
  try {
    const reached = await next();
    const failure = failureClass(reached, call);
    if (failure === undefined) outcome = 'success';
    else if (failure !== 'neutral') outcome = on.includes(failure) ? 'failure' : answersAnyway(failure);
    if (failure !== 'neutral') noted?.by.ended(noted.tool, failure, clock.now() - began);
    else if (call.signal.aborted) noted?.by.calledOff(noted.tool, clock.now() - began);
    return reached;
  } finally {
    ended?.(outcome);
  }
}

/** A server that answers with an error answers; one that was not reached says nothing good. */
function answersAnyway(failure: string): CircuitOutcome {
  return failure === 'tool_error' || failure === 'protocol_error' ? 'success' : 'neutral';
}
