import type { Call, InboundStage, Outcome, OutboundStage, Stage } from './types.ts';
import { refusal } from './refusal.ts';

/** Runs calls through an ordered list of stages. There is one per gateway; every route enters it (house rule 4). */
export interface Pipeline {
  /** Never rejects: whatever a stage throws becomes a refusal, and is recorded like any other outcome. */
  run(call: Call): Promise<Outcome>;
  readonly stages: readonly Stage[];
}

/**
 * Builds the pipeline of `stages`. Inbound stages nest in their order; outbound stages then see whatever came
 * out, refusals included.
 * @param onInternalError told of errors no stage meant to raise; the agent sees no detail of them (invariant I7)
 */
export function createPipeline(stages: readonly Stage[], onInternalError: (error: unknown, call: Call) => void): Pipeline {
  const inbound = stages.filter((stage): stage is InboundStage => stage.phase === 'in');
  const outbound = stages.filter((stage): stage is OutboundStage => stage.phase === 'out');

  function enter(call: Call, index: number): Promise<Outcome> {
    const stage = inbound[index];
    // A retry enters later stages again: their first time counts.
    if (call.timing?.entered.length === index) call.timing.entered.push(performance.now());
    // The last inbound stage answers without calling next; running off the end is a wiring error.
    if (stage === undefined) return Promise.reject(new Error('no stage answered the call'));
    try {
      return stage.run(call, (instead = call) => enter(instead, index + 1));
    } catch (error) {
      // Stages need not be async: to those before it, what one throws is a rejection all the same.
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  function failed(call: Call, error: unknown): Outcome {
    onInternalError(error, call);
    return refusal('internal', 'Vestibule failed to handle this call.', {
      retryable: false,
      action: 'Tell the person to open the Vestibule log; the failure is recorded there.',
    });
  }

  return {
    stages,
    async run(call) {
      const timing = { entered: [], left: [] as number[] };
      call.timing = timing;
      let outcome: Outcome;
      try {
        outcome = await enter(call, 0);
      } catch (error) {
        outcome = failed(call, error);
      }
      for (const stage of outbound) {
        timing.left.push(performance.now());
        try {
          const left = stage.run(call, outcome);
          outcome = left instanceof Promise ? await left : left;
        } catch (error) {
          outcome = failed(call, error);
        }
      }
      return outcome;
    },
  };
}
