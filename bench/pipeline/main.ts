// What each stage costs a call, with everything a person can switch on switched on, and what all of them cost together.
// The upstream is left out: it answers at once. Usage: npm run bench -- pipeline
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Spending } from '../../src/proxy/agents/spending.ts';
import { createPipeline } from '../../src/proxy/pipeline/pipeline.ts';
import { createAuthorize } from '../../src/proxy/pipeline/stages/authorize.ts';
import { createBudget } from '../../src/proxy/pipeline/stages/budget.ts';
import { createBreaker } from '../../src/proxy/pipeline/stages/breaker.ts';
import { createCache } from '../../src/proxy/pipeline/stages/cache.ts';
import { createLane } from '../../src/proxy/pipeline/stages/lane.ts';
import { createRates } from '../../src/proxy/pipeline/stages/rates.ts';
import { createRetry } from '../../src/proxy/pipeline/stages/retry.ts';
import { createRoute } from '../../src/proxy/pipeline/stages/route.ts';
import { createShape } from '../../src/proxy/pipeline/stages/shape.ts';
import type { Call, InboundStage, Outcome } from '../../src/proxy/pipeline/types.ts';
import { isReadable, readDefinition } from '../../src/proxy/catalog/definition.ts';
import { shownDefinitions } from '../../src/proxy/catalog/tool-rules.ts';
import type { CatalogTool } from '../../src/proxy/catalog/types.ts';
import type { ConfigSnapshot, FlowConfig } from '../../src/proxy/config/types.ts';
import type { Principal } from '../../src/proxy/model.ts';
import { Flow } from '../../src/proxy/policy/flow/flow.ts';
import { quantile } from '../lib/statistics.ts';
import { report } from '../lib/report.ts';

const WARM_UP = 2_000;
const CALLS = 20_000;

const raw = JSON.stringify({
  name: 'search_issues',
  description: 'Searches issues.',
  inputSchema: { type: 'object', properties: { q: { type: 'string' }, repo: { type: 'string' }, state: { enum: ['open', 'closed'] }, limit: { type: 'integer' }, token: { type: 'string' } }, required: ['q', 'repo', 'token'] },
  annotations: { readOnlyHint: true },
});
const definition = readDefinition(raw);
if (!isReadable(definition)) throw new Error(definition.problem);
const [shown] = shownDefinitions([definition], { alias: { search_issues: 'find' }, overrides: { search_issues: { description: 'Finds issues.', pin: { token: 'none' }, defaults: { limit: 10 }, rename: { repo: 'repository' }, tier: 'read' } } });
if (shown === undefined) throw new Error('no definition');
const tool: CatalogTool = { server: 'tracker', id: 'tracker:find', exposedName: 'tracker_find', ...shown };
const standIn: CatalogTool = { ...tool, server: 'next', id: 'next:find' };

const flow = new Flow();
const rules: FlowConfig = {
  limits: { perMinute: 100_000, tools: { 'search_*': 100_000 }, concurrent: 100, maxArguments: 100_000 },
  retry: { attempts: 2, backoffMs: 100, budget: 0.1 },
  breaker: { failures: 0.5, calls: 5, windowSeconds: 30, openSeconds: 30, trials: 1, on: ['transport', 'timeout', 'protocol_error', 'tool_error'] },
  cache: { seconds: 60, tools: ['search_*'] },
};
const group: FlowConfig = {
  hedge: { afterMs: 60_000, quantile: 0.99, budget: 0.05 },
  outlier: { consecutive: 5, failures: 0.3, latency: 3, calls: 10, windowSeconds: 60, ejectSeconds: 30, maxEjectSeconds: 300, share: 0.5, on: ['transport', 'timeout'] },
};
flow.apply({
  upstreams: [
    // Every call goes to the canary, which has the same rules; its server would be asked as well if it took a minute.
    { name: 'tracker', enabled: true, flow: { ...rules, failover: ['spare'], ...group, canary: { server: 'next', share: 1 }, mirror: { server: 'next', share: 0 } } },
    { name: 'next', enabled: true, flow: rules },
  ],
  gateway: { limits: { perMinute: 100_000, perAgent: 100_000 } },
} as unknown as ConfigSnapshot);

const principal: Principal = { id: 'bench', kind: 'agent', label: 'bench', grant: { servers: ['trac*', 'next'], tools: ['*_issues'], tier: 'read' }, profile: { name: 'p', grant: { servers: ['tracker', 'next'], tools: ['find', 'search_*'], tier: 'destructive' } } };
const signal = new AbortController().signal;
let made = 0;
/** Arguments differ from call to call: nothing is answered from memory. */
const newCall = (): Call => ({
  id: 'c',
  startedAt: 0,
  startedTick: 0,
  route: 'direct',
  principal,
  session: { id: 's', client: 'bench', connect: () => Promise.reject(new Error('nobody connects')) },
  requested: tool.id,
  readOnly: true,
  argumentsText: `{"q":"crash on start ${++made}","repository":"a/b","state":"open"}`,
  meta: undefined,
  signal,
  onProgress: undefined,
  onNotification: undefined,
  tool,
  findings: [],
  paid: { rates: false, budget: false },
});

const ANSWER: Outcome = { kind: 'ok', code: undefined, reply: { result: '{"content":[{"type":"text","text":"42 issues"}]}' }, truncated: false };
const dispatch: InboundStage = { name: 'dispatch', phase: 'in', run: () => Promise.resolve(ANSWER) };
const fail = (error: unknown): never => {
  throw error;
};
// Its file is written behind the calls, as it is when a gateway serves.
const spending = await Spending.open(await mkdtemp(join(tmpdir(), 'vestibule-bench-')), { onProblem: fail, general: () => ({ calls: 1e9, tokens: 1e12, per: 'month' }) });
const stages: readonly InboundStage[] = [createRoute({ flow, catalog: { find: (id) => (id === standIn.id ? standIn : undefined) }, served: { isServed: () => true }, copy: () => Promise.resolve() }), createAuthorize(), createShape(), createRates(flow), createBudget(spending), createCache(flow), createLane(flow), createRetry(flow), createBreaker(flow)] as readonly InboundStage[];

async function measure(of: readonly InboundStage[]): Promise<{ readonly p50: number; readonly p99: number }> {
  const pipeline = createPipeline([...of, dispatch], fail);
  const times: number[] = [];
  for (let i = 0; i < WARM_UP + CALLS; i++) {
    const call = newCall();
    const before = performance.now();
    const { kind } = await pipeline.run(call);
    if (i >= WARM_UP) times.push((performance.now() - before) * 1000);
    if (kind !== 'ok') throw new Error(`the call ended with ${kind}`);
  }
  return { p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
}

const nothing = await measure([]);
const rows = [];
for (const [name, of] of [['no stage', []], ...stages.map((stage) => [stage.name, [stage]] as const), ['all of them', stages]] as readonly (readonly [string, readonly InboundStage[]])[]) {
  const { p50, p99 } = of.length === 0 ? nothing : await measure(of);
  rows.push({ stage: name, 'p50 µs': Number(p50.toFixed(2)), 'added p50 µs': Number((p50 - nothing.p50).toFixed(2)), 'p99 µs': Number(p99.toFixed(2)) });
}
await report('pipeline', rows);
spending.dispose();
