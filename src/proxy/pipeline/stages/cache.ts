import type { CatalogTool } from '../../catalog/types.ts';
import { canonicalJson } from '../../json/canonical.ts';
import { members } from '../../json/slice.ts';
import type { RawJson } from '../../model.ts';
import type { Flow } from '../../policy/flow/flow.ts';
import { unlessCancelled } from '../../policy/flow/unless-cancelled.ts';
import { asksFirst } from '../asks-first.ts';
import { toolOf } from '../call.ts';
import { refusal } from '../refusal.ts';
import type { Call, InboundStage, Next, Outcome } from '../types.ts';

/** Longer arguments are rarely given twice, and would fill the memory. In characters. */
const MAX_KEY = 64 * 1024;
/** Members of `_meta` that no answer depends on. */
const TRACING: ReadonlySet<string> = new Set(['traceparent', 'tracestate', 'baggage']);

/**
 * Answers that need no upstream: of approved read-only tools, where a person wants it; kept for the same caller, the
 * same definition and the same arguments in canonical form (RFC 8785). Equal calls at the same time are made once. What
 * failed is neither kept nor shared, and what writes to a server makes its answers void.
 */
export function createCache(flow: Flow): InboundStage & { readonly name: 'cache' } {
  const underWay = new Map<string, Promise<Outcome>>();
  const { answers } = flow;
  return {
    name: 'cache',
    phase: 'in',
    run(call, next) {
      const tool = toolOf(call);
      const rules = flow.of(tool.server);
      // A copy is made to see the server answer.
      if (rules?.config.cache === undefined || call.route === 'mirror') return next();
      if (tool.tier !== 'read') {
        // Before, for what is read meanwhile may be older than it; and after, for it may be newer.
        flow.forget(tool.server, rules);
        return next().finally(() => flow.forget(tool.server, rules));
      }
      const ms = rules.cacheMs(tool);
      const key = ms === 0 ? undefined : keyOf(call, tool);
      return key === undefined ? next() : kept(call, tool, key, { ms, area: rules.area }, next);
    },
  };

  async function kept(call: Call, tool: CatalogTool, key: string, { area, ms }: { readonly area: string; readonly ms: number }, next: Next): Promise<Outcome> {
    const { shared } = flow;
    const stored = shared === undefined ? undefined : await shared.find('tool', key, area);
    const known = stored === undefined ? answers.get(key) : stored.kept?.result;
    if (known !== undefined) {
      answers.used(tool.server, 'hit');
      return answered(known);
    }
    const generation = answers.generation(tool.server);
    const turn = `${generation}\0${key}`;
    const first = underWay.get(turn);
    if (first !== undefined) {
      const outcome = await unlessCancelled(first, call.signal);
      if (outcome === undefined) return refusal('ambiguous', 'The call was cancelled while an equal one was under way. It was not sent.', { retryable: true, action: 'Call again if it is still wanted.' });
      answers.used(tool.server, outcome.kind === 'ok' ? 'hit' : 'miss');
      return outcome.kind === 'ok' ? outcome : next();
    }
    answers.used(tool.server, 'miss');
    const mine = next();
    underWay.set(turn, mine);
    try {
      const outcome = await mine;
      if (outcome.kind === 'ok' && 'result' in outcome.reply && !asksFirst(outcome.reply.result)) {
        if (shared === undefined) answers.put(key, tool.server, outcome.reply.result, ms, generation);
        else shared.put('tool', key, area, outcome.reply.result, ms, stored?.epoch);
      }
      return outcome;
    } finally {
      underWay.delete(turn);
    }
  }
}

/** Undefined for a call whose answer may depend on more than its caller, definition and arguments. */
function keyOf({ principal, argumentsText = '{}', meta, session }: Call, { server, digest }: CatalogTool): string | undefined {
  if (argumentsText.length > MAX_KEY || session.continues !== undefined) return undefined;
  if (meta !== undefined && [...(members(meta) ?? [])].some(([name]) => !TRACING.has(name))) return undefined;
  // Two servers may define a tool to the letter alike.
  return `${principal.id}\0${server}\0${digest}\0${canonicalJson(argumentsText)}`;
}

function answered(result: RawJson): Outcome {
  return { kind: 'ok', code: undefined, reply: { result }, truncated: false };
}
