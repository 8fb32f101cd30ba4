import type { ServerName } from '../../model.ts';
import type { ResultStore } from '../../output/types.ts';
import { lookedThrough, type LookThroughDeps } from '../look-through.ts';
import { refusal } from '../refusal.ts';
import type { Call, OutboundStage, Outcome } from '../types.ts';

/** What `inspect` needs: the store, the budget of a server in characters, and what is done about what its results hold. */
export interface InspectDeps extends LookThroughDeps {
  readonly results: ResultStore;
  budget(server: ServerName | undefined): number;
}

/** Code reads results that no model sees: its budget is what fits its memory, in characters. */
const CODE_BUDGET = 4 * 1024 * 1024;
/** Characters of a place that are recorded. */
const MAX_PATH = 200;

/** What of a call matters to what is done with its answer. */
export type Inspected = Pick<Call, 'principal' | 'route' | 'tool' | 'findings' | 'answerRules'>;

/** `inspect`, which also looks through what a call left to be fetched later. */
export interface InspectStage extends OutboundStage {
  readonly name: 'inspect';
  run(call: Inspected, outcome: Outcome): Promise<Outcome>;
}

/**
 * Looks through what an upstream answered, then fits it into the response budget; what does not fit stays readable with
 * `read_cache`, as it was passed on and not as it came.
 */
export function createInspect(deps: InspectDeps): InspectStage {
  return {
    name: 'inspect',
    phase: 'out',
    async run(call, outcome) {
      if (outcome.kind === 'refused') return outcome;
      // What was withheld or shortened changes with the file for calls from then on.
      const rules = call.answerRules ?? deps;
      const looked = await inspected(call, outcome, { policy: (server) => rules.policy(server), held: deps.held });
      if (looked.kind === 'refused' || !('result' in looked.reply)) return looked;
      const shaped = await deps.results.shape(looked.reply.result, {
        principal: call.principal.id,
        limit: call.route === 'code' ? CODE_BUDGET : rules.budget(call.tool?.server),
      });
      return shaped.truncated ? { ...looked, reply: { result: shaped.result }, truncated: true, whole: { key: shaped.key, bytes: shaped.wholeBytes } } : looked;
    },
  };
}

/** The outcome without secrets and hidden characters, orders marked as data; or withheld, where the policy says so. */
async function inspected(call: Inspected, outcome: Outcome, deps: LookThroughDeps): Promise<Outcome> {
  const server = call.tool?.server;
  const { reply, findings, blocked } = await lookedThrough(server, outcome.reply, deps, call.route === 'code');
  if (findings.length === 0) return outcome;
  call.findings.push(...new Set(findings.map(({ code, path }) => `${code} ${path.slice(0, MAX_PATH)}`)));
  return blocked ? withheld(server) : { ...outcome, reply };
}

/** The call was made; only its answer is kept back. */
function withheld(server: ServerName | undefined): Outcome {
  const outcome = refusal('blocked', `The answer of the server ${JSON.stringify(server ?? '')} was withheld: it held a secret, or instructions to you. The call itself was made.`, {
    retryable: false,
    action: 'Do not call again for the same; the person can set "output" of this server.',
  });
  return { ...outcome, kind: 'tool_error' };
}
