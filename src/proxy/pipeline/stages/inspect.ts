import type { ResultStore } from '../../output/types.ts';
import type { ServerName } from '../../model.ts';
import type { OutboundStage } from '../types.ts';

/** What `inspect` needs: the store, and the budget of a server in characters. */
export interface InspectDeps {
  readonly results: ResultStore;
  budget(server: ServerName | undefined): number;
}

/** Code reads results that no model sees: its budget is what fits its memory, in characters. */
const CODE_BUDGET = 4 * 1024 * 1024;

/** Fits what an upstream answered into the response budget; what does not fit stays readable with `read_cache`. */
export function createInspect(deps: InspectDeps): OutboundStage & { readonly name: 'inspect' } {
  return {
    name: 'inspect',
    phase: 'out',
    async run(call, outcome) {
      if (outcome.kind === 'refused' || !('result' in outcome.reply)) return outcome;
      const shaped = await deps.results.shape(outcome.reply.result, {
        principal: call.principal.id,
        limit: call.route === 'code' ? CODE_BUDGET : deps.budget(call.tool?.server),
      });
      return shaped.truncated ? { ...outcome, reply: { result: shaped.result }, truncated: true } : outcome;
    },
  };
}
