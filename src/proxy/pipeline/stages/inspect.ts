import type { ServerName } from '../../model.ts';
import type { ResultStore, ShapedResult } from '../../output/types.ts';
import type { AnswerRules } from '../answer-rules.ts';
import { lookedThrough, type LookedThrough, type LookThroughDeps } from '../look-through.ts';
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
  run(call: Inspected, outcome: Outcome): Outcome | Promise<Outcome>;
}

/**
 * Looks through what an upstream answered, then fits it into the response budget; what does not fit stays readable with
 * `read_cache`, as it was passed on and not as it came.
 */
export function createInspect(deps: InspectDeps): InspectStage {
  return {
    name: 'inspect',
    phase: 'out',
    run(call, outcome) {
      if (outcome.kind === 'refused') return outcome;
      // What was withheld or shortened changes with the file for calls from then on.
      const rules = call.answerRules ?? deps;
      const looked = lookedThrough(call.tool?.server, outcome.reply, { policy: (server) => rules.policy(server), held: deps.held }, call.route === 'code');
      return looked instanceof Promise ? looked.then((ended) => shaped(call, inspected(call, outcome, ended), rules)) : shaped(call, inspected(call, outcome, looked), rules);
    },
  };

  function shaped(call: Inspected, looked: Outcome, rules: AnswerRules): Outcome | Promise<Outcome> {
    if (looked.kind === 'refused' || !('result' in looked.reply)) return looked;
    const fitted = deps.results.shape(looked.reply.result, {
      principal: call.principal.id,
      limit: call.route === 'code' ? CODE_BUDGET : rules.budget(call.tool?.server),
    });
    return fitted instanceof Promise ? fitted.then((ended) => cut(looked, ended)) : cut(looked, fitted);
  }
}

function cut(looked: Outcome, { key, result, truncated, wholeBytes }: ShapedResult): Outcome {
  return truncated ? { ...looked, reply: { result }, truncated: true, whole: { key, bytes: wholeBytes } } : looked;
}

/** The outcome without secrets and hidden characters, orders marked as data; or withheld, where the policy says so. */
function inspected(call: Inspected, outcome: Outcome, { blocked, findings, reply }: LookedThrough): Outcome {
  if (findings.length === 0) return outcome;
  call.findings.push(...new Set(findings.map(({ code, path }) => `${code} ${path.slice(0, MAX_PATH)}`)));
  return blocked ? withheld(call.tool?.server) : { ...outcome, reply };
}

/** The call was made; only its answer is kept back. */
function withheld(server: ServerName | undefined): Outcome {
  const outcome = refusal('blocked', `The answer of the server ${JSON.stringify(server ?? '')} was withheld: it held a secret, or instructions to you. The call itself was made.`, {
    retryable: false,
    action: 'Do not call again for the same; the person can set "output" of this server.',
  });
  return { ...outcome, kind: 'tool_error' };
}
