/*
 * That the rules about how calls flow compose: any set of them, any sequence of calls, against a reference that knows
 * each rule by itself and the order they come in, and nothing of how they are built.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { CatalogTool } from '../../src/proxy/catalog/types.ts';
import type { BreakerConfig, FlowConfig, GatewayLimits, OutlierConfig, ShareConfig, UpstreamConfig } from '../../src/proxy/config/types.ts';
import type { GatewaySettings } from '../../src/proxy/config/types.ts';
import { createPipeline } from '../../src/proxy/pipeline/pipeline.ts';
import { refusal } from '../../src/proxy/pipeline/refusal.ts';
import type { Principal } from '../../src/proxy/model.ts';
import { createBreaker } from '../../src/proxy/pipeline/stages/breaker.ts';
import { createBudget } from '../../src/proxy/pipeline/stages/budget.ts';
import { createCache } from '../../src/proxy/pipeline/stages/cache.ts';
import { createLane } from '../../src/proxy/pipeline/stages/lane.ts';
import { createRates } from '../../src/proxy/pipeline/stages/rates.ts';
import { createRetry } from '../../src/proxy/pipeline/stages/retry.ts';
import { createRoute, type CallCopy } from '../../src/proxy/pipeline/stages/route.ts';
import type { Call, Outcome } from '../../src/proxy/pipeline/types.ts';
import { Flow } from '../../src/proxy/policy/flow/flow.ts';
import { SharedAnswers, type CacheStore, type StoredAnswer } from '../../src/proxy/policy/flow/shared-answers.ts';
import { shareOf } from '../../src/proxy/policy/flow/routes.ts';
import { callFixture, PRINCIPAL_FIXTURE, SESSION_FIXTURE, toolFixture } from '../fixtures/calls.ts';
import { TestClock } from '../fixtures/test-clock.ts';

const SERVERS = ['one', 'two'] as const;
const AGENTS = ['ann', 'bob'] as const;
const KINDS = { get: { readOnlyHint: true }, set: { readOnlyHint: false, destructiveHint: false, idempotentHint: true }, put: {} } as const;
type Server = (typeof SERVERS)[number];
type Kind = keyof typeof KINDS;
const FATES = ['ok', 'transport', 'timeout', 'tool_error', 'protocol_error'] as const;
type Fate = (typeof FATES)[number];

const TOOLS = new Map<string, CatalogTool>(SERVERS.flatMap((server) => Object.entries(KINDS).map(([name, annotations]) => [`${server}:${name}`, toolFixture(server, name, { annotations })])));

type Step =
  | { readonly wait: number }
  | { readonly agent: (typeof AGENTS)[number]; readonly server: Server; readonly kind: Kind; readonly args: string; readonly fates: readonly Fate[] };

/** Servers that name each other, themselves and nobody. */
const shares: fc.Arbitrary<ShareConfig> = fc.record({ server: fc.constantFrom('one', 'two', 'nobody'), share: fc.constantFrom(0, 0.5, 1), tools: fc.constantFrom(['get'], ['*'], ['nothing']) }, { requiredKeys: ['server', 'share'] });
const flows: fc.Arbitrary<FlowConfig> = fc.record(
  {
    limits: fc.record({ perMinute: fc.integer({ min: 1, max: 8 }), concurrent: fc.integer({ min: 1, max: 2 }), tools: fc.constantFrom({ get: 2 }, { '*t': 3 }, {}) }, { requiredKeys: [] }),
    retry: fc.record({ attempts: fc.integer({ min: 1, max: 3 }), backoffMs: fc.constant(50), budget: fc.constantFrom(0, 0.5) }),
    breaker: fc.record({ failures: fc.constantFrom(0.5, 1), calls: fc.integer({ min: 1, max: 4 }), windowSeconds: fc.constant(10), openSeconds: fc.constantFrom(5, 20), trials: fc.integer({ min: 1, max: 2 }), on: fc.subarray(FATES.filter((fate) => fate !== 'ok'), { minLength: 1 }) }),
    cache: fc.record({ seconds: fc.constantFrom(0, 7), tools: fc.constantFrom(['get'], ['*'], ['nothing']) }, { requiredKeys: ['seconds'] }),
    failover: fc.constantFrom(['two'], ['one', 'nobody', 'two', 'one'], []),
    // Everything is answered at once here: no second server is ever asked.
    hedge: fc.record({ afterMs: fc.constant(1), quantile: fc.constant(0.9), budget: fc.constant(1) }),
    outlier: fc.record({
      consecutive: fc.integer({ min: 1, max: 3 }), failures: fc.constantFrom(0.2, 0.6), calls: fc.integer({ min: 1, max: 3 }), windowSeconds: fc.constantFrom(5, 40), ejectSeconds: fc.constantFrom(4, 10), maxEjectSeconds: fc.constantFrom(4, 15),
      share: fc.constantFrom(0, 0.5, 1), on: fc.subarray(FATES.filter((fate) => fate !== 'ok'), { minLength: 1 }),
    }),
    canary: shares,
    mirror: shares,
  },
  { requiredKeys: [] },
);
const gateways: fc.Arbitrary<GatewayLimits> = fc.record({ perMinute: fc.integer({ min: 3, max: 12 }), perAgent: fc.integer({ min: 2, max: 9 }) }, { requiredKeys: [] });
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 1, arbitrary: fc.record({ wait: fc.constantFrom(500, 4_000, 9_000, 30_000) }) },
    { weight: 6, arbitrary: fc.record({ agent: fc.constantFrom(...AGENTS), server: fc.constantFrom(...SERVERS), kind: fc.constantFrom<Kind>('get', 'get', 'set', 'put'), args: fc.constantFrom('{"a":1,"b":[2]}', '{ "b":[2.0], "a":1 }', '{"a":2}'), fates: fc.array(fc.constantFrom(...FATES, 'ok' as const), { minLength: 4, maxLength: 10 }) }) },
  ),
  { maxLength: 40 },
);

/** What an attempt at the upstream ends with; `n` tells answers apart. */
function outcomeOf(fate: Fate, n: number): Outcome {
  switch (fate) {
    case 'ok':
      return { kind: 'ok', code: undefined, reply: { result: `{"n":${n}}` }, truncated: false };
    case 'tool_error':
      return { kind: 'tool_error', code: undefined, reply: { result: `{"isError":true,"n":${n}}` }, truncated: false };
    case 'protocol_error':
      return { kind: 'protocol_error', code: undefined, reply: { error: `{"n":${n}}` }, truncated: false };
    case 'timeout':
      return { ...refusal('timeout', 'Late.', { retryable: true, action: 'Wait.' }), kind: 'ambiguous' };
    case 'transport':
      return { ...refusal('ambiguous', 'Lost.', { retryable: true, action: 'Wait.' }), kind: 'ambiguous' };
  }
}

/** What can be seen of an outcome, and how often the upstream was called. */
interface Seen {
  readonly end: string;
  readonly attempts: number;
  readonly counts: Readonly<Record<Server, RouteCounts>>;
}
/** Calls of a server that others took, and how copies of them ended; no two answers here are alike. */
interface RouteCounts {
  failover: number;
  canary: number;
  different: number;
  failed: number;
}
const REACHED_NOBODY = /^(?:ambiguous|timeout)$/;
const NO_ANSWER = /^(?:ambiguous|timeout|circuit_open|rate_limited)$/;
function endOf({ kind, code, reply }: Outcome): string {
  if (code !== undefined) return code;
  return `${kind} ${'result' in reply ? reply.result : reply.error}`;
}

type CallStep = Extract<Step, { readonly agent: string }>;

/** The reference. */
class Model {
  readonly #flows: Readonly<Record<Server, FlowConfig>>;
  readonly #gateway: GatewayLimits;
  #now = 0;
  #answers = 0;
  /** Whether the caller of this step has paid for it. */
  #paid = false;
  readonly #ends = new Map<Server, { readonly at: number; readonly fate: Fate }[]>(SERVERS.map((server) => [server, []]));
  readonly #out = new Map<string, { readonly from: number; readonly until: number; readonly times: number }>();
  readonly #counts: Record<Server, RouteCounts> = { one: { failover: 0, canary: 0, different: 0, failed: 0 }, two: { failover: 0, canary: 0, different: 0, failed: 0 } };
  readonly #spent = new Map<string, number[]>();
  readonly #kept = new Map<string, { readonly end: string; readonly until: number }>();
  readonly #reserve = new Map<Server, number>(SERVERS.map((server) => [server, 3]));
  readonly #circuits = new Map<Server, { openUntil: number | undefined; trials: number; ended: { at: number; failed: boolean }[] }>(SERVERS.map((server) => [server, { openUntil: undefined, trials: 0, ended: [] }]));

  constructor(flows: Readonly<Record<Server, FlowConfig>>, gateway: GatewayLimits) {
    this.#flows = flows;
    this.#gateway = gateway;
  }

  wait(ms: number): void {
    this.#now += ms;
  }

  /** @param n the number of the step */
  call(step: CallStep, n: number): Seen {
    const { agent, server, kind, fates } = step;
    const { canary, failover = [], mirror } = this.#flows[server];
    const others = (names: readonly string[]): Server[] => names.flatMap((name) => SERVERS.find((known) => known === name && known !== server) ?? []);
    const chosen = (rule: ShareConfig | undefined, about: string): Server | undefined => (rule === undefined || shareOf(about) >= rule.share || (rule.tools !== undefined && !rule.tools.some((glob) => glob === '*' || glob === kind)) ? undefined : others([rule.server])[0]);
    const first = chosen(canary, `${server}\0session-${agent}`);
    let attempts = 0;
    const at = (target: Server, copy: boolean): string => {
      const seen = this.#at({ ...step, server: target, fates: fates.slice(attempts) }, copy);
      attempts += seen.attempts;
      return seen.end;
    };
    const ends = new Map<Server, string>();
    this.#paid = false;
    let by: Server = server;
    const order = [...new Set([...(first === undefined ? [] : [first]), server, ...others(failover)])];
    const isIn = (member: Server): boolean => this.#flows[server].outlier === undefined || !this.#isOut(server, member);
    for (const target of [...order.filter(isIn), ...order.filter((member) => !isIn(member))]) {
      const end = at(target, false);
      ends.set(target, end);
      if (end === 'circuit_open' || (end === 'rate_limited' && target !== server) || (REACHED_NOBODY.test(end) && kind === 'get')) continue;
      by = target;
      break;
    }
    const end = ends.get(by) ?? assert.fail();
    if (by !== server) this.#counts[server][by === first ? 'canary' : 'failover']++;
    const copied = kind !== 'get' || NO_ANSWER.test(end) ? undefined : chosen(mirror, `call-${n}`);
    if (copied !== undefined && copied !== by) this.#counts[server][NO_ANSWER.test(at(copied, true)) ? 'failed' : 'different']++;
    return { end, attempts, counts: structuredClone(this.#counts) };
  }

  #at({ agent, server, kind, args, fates }: CallStep, copy: boolean): Pick<Seen, 'end' | 'attempts'> {
    const { limits, cache: written, retry, breaker } = this.#flows[server];
    const cache = copy ? undefined : written;
    const rates: [string, number | undefined][] = [
      ['all', copy || this.#paid ? undefined : this.#gateway.perMinute],
      [`agent ${agent}`, copy || this.#paid ? undefined : this.#gateway.perAgent],
      [`server ${server}`, limits?.perMinute],
      ...Object.entries(limits?.tools ?? {}).flatMap(([glob, n]): [string, number][] => (glob === kind || (glob === '*t' && kind.endsWith('t')) ? [[`tool ${server} ${kind}`, n]] : [])),
    ];
    const applying = rates.filter((one): one is [string, number] => one[1] !== undefined);
    if (applying.some(([key, perMinute]) => this.#tokens(key, perMinute) < 1 - 1e-9)) return { end: 'rate_limited', attempts: 0 };
    if (!copy) this.#paid = true;
    for (const [key] of applying) this.#spent.set(key, [...(this.#spent.get(key) ?? []), this.#now]);

    const forget = (): void => {
      for (const key of this.#kept.keys()) if (key.startsWith(`${server} `)) this.#kept.delete(key);
    };
    if (cache !== undefined && kind !== 'get') forget();
    const keeps = cache !== undefined && kind === 'get' && cache.seconds > 0 && cache.tools?.[0] !== 'nothing';
    const parsed = JSON.parse(args) as { a: number; b?: unknown };
    const key = `${server} ${agent} ${kind} ${JSON.stringify([parsed.a, parsed.b])}`;
    const kept = this.#kept.get(key);
    if (keeps && kept !== undefined && kept.until > this.#now) return { end: kept.end, attempts: 0 };

    const safe = kind !== 'put';
    if (retry !== undefined && safe) this.#reserve.set(server, Math.min(3 + 100 * retry.budget, (this.#reserve.get(server) ?? 0) + retry.budget));
    let attempts = 0;
    for (let turn = 1; ; turn++) {
      const entered = breaker === undefined || this.#enter(server, breaker);
      let end = 'circuit_open';
      let fate: Fate = 'ok';
      if (entered) {
        fate = fates[attempts] ?? 'ok';
        attempts++;
        this.#answers++;
        end = endOf(outcomeOf(fate, this.#answers));
        if (breaker !== undefined) this.#leave(server, breaker, fate);
        this.#compare(server, fate);
      }
      const spends = entered && retry !== undefined && safe && turn <= retry.attempts && fate === 'transport' && (this.#reserve.get(server) ?? 0) >= 1;
      if (spends) {
        this.#reserve.set(server, (this.#reserve.get(server) ?? 0) - 1);
        continue;
      }
      if (cache !== undefined && kind !== 'get') forget();
      if (entered && fate === 'ok' && keeps) this.#kept.set(key, { end, until: this.#now + cache.seconds * 1000 });
      return { end, attempts };
    }
  }

  #isOut(group: Server, member: Server): boolean {
    return (this.#out.get(`${group} ${member}`)?.until ?? -1) > this.#now;
  }

  /** Of every group that this server is in, whether it is taken out now. */
  #compare(server: Server, fate: Fate): void {
    this.#ends.get(server)?.push({ at: this.#now, fate });
    for (const group of SERVERS) {
      const { failover = [], outlier } = this.#flows[group];
      const members = SERVERS.filter((name) => name === group || failover.includes(name));
      if (outlier === undefined || members.length < 2 || !members.includes(server) || this.#isOut(group, server)) continue;
      const before = this.#out.get(`${group} ${server}`);
      if (!this.#isWorse(server, members.filter((member) => member !== server && !this.#isOut(group, member)), outlier, before?.until ?? -Infinity)) continue;
      if (members.filter((member) => this.#isOut(group, member)).length + 1 > Math.floor(2 * outlier.share)) continue;
      const times = before !== undefined && this.#now - before.until < before.until - before.from ? before.times + 1 : 1;
      this.#out.set(`${group} ${server}`, { from: this.#now, until: this.#now + Math.min(outlier.ejectSeconds * times, outlier.maxEjectSeconds) * 1000, times });
    }
  }

  #isWorse(server: Server, others: readonly Server[], { calls, consecutive, failures, on, windowSeconds }: OutlierConfig, since: number): boolean {
    const of = (name: Server, from: number): readonly boolean[] => (this.#ends.get(name) ?? []).filter(({ at }) => at >= from).map(({ fate }) => on.some((one) => one === fate));
    const own = of(server, since);
    if (own.length >= consecutive && own.slice(-consecutive).every((failed) => failed)) return true;
    const windowed = of(server, Math.max(since, this.#now - windowSeconds * 1000));
    const [other] = others.map((name) => of(name, this.#now - windowSeconds * 1000)).filter((ends) => ends.length >= calls);
    const share = (ends: readonly boolean[]): number => ends.filter((failed) => failed).length / ends.length;
    return windowed.length >= calls && other !== undefined && share(windowed) >= share(other) + failures;
  }

  /** A full bucket at first; it never holds more than a minute's calls. Worked out from every spending, every time. */
  #tokens(key: string, perMinute: number): number {
    let tokens = perMinute;
    let at = 0;
    for (const spent of this.#spent.get(key) ?? []) {
      tokens = Math.min(perMinute, tokens + ((spent - at) * perMinute) / 60_000) - 1;
      at = spent;
    }
    return Math.min(perMinute, tokens + ((this.#now - at) * perMinute) / 60_000);
  }

  #enter(server: Server, { trials }: BreakerConfig): boolean {
    const circuit = this.#circuits.get(server) ?? assert.fail();
    return circuit.openUntil === undefined || (circuit.openUntil <= this.#now && circuit.trials < trials);
  }

  #leave(server: Server, { on, calls, failures, windowSeconds, openSeconds, trials }: BreakerConfig, fate: Fate): void {
    const circuit = this.#circuits.get(server) ?? assert.fail();
    const failed = on.some((one) => one === fate);
    if (!failed && (fate === 'transport' || fate === 'timeout')) return;
    const open = (): void => {
      circuit.openUntil = this.#now + openSeconds * 1000;
      circuit.trials = 0;
      circuit.ended = [];
    };
    if (circuit.openUntil !== undefined) {
      if (failed) open();
      else if (++circuit.trials >= trials) Object.assign(circuit, { openUntil: undefined, trials: 0, ended: [] });
      return;
    }
    circuit.ended = [...circuit.ended, { at: this.#now, failed }].filter(({ at }) => at >= this.#now - windowSeconds * 1000);
    if (circuit.ended.length >= calls && circuit.ended.filter((one) => one.failed).length / circuit.ended.length >= failures) open();
  }
}

function configured(flow: Flow, flows: Readonly<Record<Server, FlowConfig>>, limits: GatewayLimits): void {
  flow.apply({ upstreams: SERVERS.map((name) => ({ name, enabled: true, flow: flows[name] }) as unknown as UpstreamConfig), gateway: { limits } as GatewaySettings });
}

/** Backoffs take no time here, but a turn of the clock. */
async function settled<T>(running: Promise<T>, clock: TestClock): Promise<T> {
  const state = { ended: false };
  const end = running.finally(() => (state.ended = true));
  for (let turn = 0; !state.ended && turn < 200; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(0);
  }
  return end;
}

function countsOf(flow: Flow, server: Server): RouteCounts {
  const { canary, failover, mirror } = flow.snapshot(server);
  assert.deepEqual([mirror?.same ?? 0, mirror?.skipped ?? 0], [0, 0]);
  return { failover: failover?.calls ?? 0, canary: canary?.calls ?? 0, different: mirror?.different ?? 0, failed: mirror?.failed ?? 0 };
}

function storeInMemory(): CacheStore {
  const answers = new Map<string, StoredAnswer>();
  const epochs = new Map<string, number>();
  return {
    get: (key, area) => Promise.resolve({ epoch: epochs.get(area) ?? 0, kept: answers.get(key) }),
    put: (key, answer) => Promise.resolve(void answers.set(key, answer)),
    advance: (area) => Promise.resolve(void epochs.set(area, (epochs.get(area) ?? 0) + 1)),
    close: () => Promise.resolve(),
  };
}

describe('the rules about how calls flow', { timeout: 120_000 }, () => {
  it('compose as each of them is defined, in the order of the pipeline', async () => {
    await fc.assert(
      fc.asyncProperty(fc.record({ one: flows, two: flows }), gateways, steps, fc.boolean(), async (rules, gateway, sequence, outside) => {
        const clock = new TestClock();
        const flow = new Flow(clock);
        // Where answers are kept makes no difference.
        if (outside) flow.shared = new SharedAnswers(Promise.resolve(storeInMemory()), (message) => assert.fail(message), () => clock.now());
        configured(flow, rules, gateway);
        const model = new Model(rules, gateway);
        let fates: readonly Fate[] = [];
        let attempts = 0;
        let answers = 0;
        const dispatch = { name: 'dispatch', phase: 'in' as const, run: (): Promise<Outcome> => Promise.resolve(outcomeOf(fates[attempts++] ?? 'ok', ++answers)) };
        const copies: Promise<unknown>[] = [];
        const copy = (of: Call, { requested, argumentsText, route }: CallCopy): Promise<unknown> => {
          const copied = pipeline.run(callFixture(requested, { tool: TOOLS.get(requested), argumentsText, principal: of.principal, route, parent: of.id }));
          copies.push(copied);
          return copied;
        };
        const route = createRoute({ flow, catalog: { find: (id) => TOOLS.get(id) }, served: { isServed: () => true }, copy });
        const pipeline = createPipeline([route, createRates(flow), createCache(flow), createLane(flow), createRetry(flow, () => 0), createBreaker(flow), dispatch], (error) => {
          throw error;
        });
        for (const [i, step] of sequence.entries()) {
          if ('wait' in step) {
            clock.advance(step.wait);
            model.wait(step.wait);
            // The same rules in a file that was touched change nothing.
            configured(flow, structuredClone(rules), gateway);
            continue;
          }
          ({ fates } = step);
          attempts = 0;
          const id = `${step.server}:${step.kind}`;
          const call: Call = callFixture(id, { tool: TOOLS.get(id), argumentsText: step.args, id: `call-${i}`, principal: { ...PRINCIPAL_FIXTURE, id: step.agent }, session: { ...SESSION_FIXTURE, id: `session-${step.agent}` } });
          const outcome = await settled(pipeline.run(call), clock);
          for (const copied of copies.splice(0)) await settled(copied, clock);
          const seen: Seen = { end: endOf(outcome), attempts, counts: { one: countsOf(flow, 'one'), two: countsOf(flow, 'two') } };
          assert.deepEqual(seen, model.call(step, i), `step ${i}`);
          for (const server of SERVERS) {
            const lane = flow.of(server)?.lane;
            assert.deepEqual([lane?.active ?? 0, lane?.queued ?? 0], [0, 0]);
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  it('are paid for once by the caller, and by each server that is tried', async () => {
    const flow = new Flow(new TestClock());
    configured(flow, { one: { failover: ['two'], limits: { perMinute: 5 } }, two: { limits: { perMinute: 5 } } }, { perAgent: 2, perMinute: 2 });
    const taken: string[] = [];
    const purse = { take: ({ id }: Pick<Principal, 'id'>) => void taken.push(id) };
    const dispatch = { name: 'dispatch', phase: 'in' as const, run: ({ tool }: Call): Promise<Outcome> => Promise.resolve(outcomeOf(tool?.server === 'one' ? 'transport' : 'ok', 1)) };
    const route = createRoute({ flow, catalog: { find: (id) => TOOLS.get(id) }, served: { isServed: () => true }, copy: () => Promise.resolve() });
    const pipeline = createPipeline([route, createRates(flow), createBudget(purse), dispatch], (error) => assert.fail(String(error)));
    const call = (): Promise<string> => pipeline.run(callFixture('one:get', { tool: TOOLS.get('one:get'), argumentsText: '{"a":1}' })).then(endOf);
    const left = (server: Server): number[] => (flow.snapshot(server).rates ?? []).map((rate) => rate.left);
    assert.match(await call(), /^ok/);
    assert.match(await call(), /^ok/, 'two calls of two a minute, though four tries were made');
    assert.deepEqual([taken.length, left('one'), left('two')], [2, [3], [3]]);
    assert.equal(await call(), 'rate_limited');
    assert.equal(taken.length, 2);
  });

  it('make equal calls at the same time once, of one caller alone, and share no failure', async () => {
    const flow = new Flow(new TestClock());
    configured(flow, { one: { cache: { seconds: 60 } }, two: {} }, {});
    const asked: ((fate: Fate) => void)[] = [];
    let answers = 0;
    const dispatch = { name: 'dispatch', phase: 'in' as const, run: () => new Promise<Outcome>((resolve) => asked.push((fate) => resolve(outcomeOf(fate, ++answers)))) };
    const pipeline = createPipeline([createRates(flow), createCache(flow), createLane(flow), createRetry(flow), createBreaker(flow), dispatch], (error) => assert.fail(String(error)));
    const call = (agent: string, more: Partial<Call> = {}): Promise<string> => pipeline.run(callFixture('one:get', { tool: TOOLS.get('one:get'), argumentsText: '{"a":1}', principal: { ...PRINCIPAL_FIXTURE, id: agent }, ...more })).then(endOf);
    const turns = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

    const abort = new AbortController();
    const calls = [call('ann'), call('ann', { argumentsText: '{ "a" : 1.0 }' }), call('ann', { signal: abort.signal }), call('bob'), call('ann', { argumentsText: '{"a":2}' })];
    await turns();
    assert.equal(asked.length, 3);
    abort.abort();
    assert.equal(await calls[2], 'ambiguous', 'who is gone does not wait');
    for (const answer of asked.splice(0)) answer('ok');
    assert.deepEqual(await Promise.all(calls), ['ok {"n":1}', 'ok {"n":1}', 'ambiguous', 'ok {"n":2}', 'ok {"n":3}']);
    assert.equal(await call('ann'), 'ok {"n":1}', 'kept');
    assert.equal(await call('bob'), 'ok {"n":2}', 'each their own');

    const failing = [call('cat'), call('cat')];
    await turns();
    asked.splice(0)[0]?.('tool_error');
    await turns();
    assert.equal(asked.length, 1, 'the other one asks for itself');
    asked.splice(0)[0]?.('ok');
    assert.deepEqual(await Promise.all(failing), ['tool_error {"isError":true,"n":4}', 'ok {"n":5}']);

    // A write between a read and its answer.
    const reading = call('dan');
    await turns();
    const writing = pipeline.run(callFixture('one:put', { tool: TOOLS.get('one:put') })).then(endOf);
    await turns();
    const again = call('dan');
    await turns();
    assert.equal(asked.length, 3, 'what began before the write is not shared after it');
    for (const answer of asked.splice(0)) answer('ok');
    await Promise.all([reading, writing, again]);
    const fresh = call('dan');
    await turns();
    assert.equal(asked.length, 1, 'nor kept');
    asked[0]?.('ok');
    await fresh;
  });

  it('keep outside of the process what a server answered under the address it was asked at, and void it by what began before the rules went', async () => {
    const clock = new TestClock();
    const store = storeInMemory();
    const asked: (() => void)[] = [];
    let answers = 0;
    const dispatch = { name: 'dispatch', phase: 'in' as const, run: () => new Promise<Outcome>((resolve) => asked.push(() => resolve(outcomeOf('ok', ++answers)))) };
    const turns = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    const gateway = (): { apply(url: string, cached: boolean): void; call(id: string): Promise<string> } => {
      const flow = new Flow(clock);
      flow.shared = new SharedAnswers(Promise.resolve(store), (message) => assert.fail(message), () => clock.now());
      const pipeline = createPipeline([createCache(flow), dispatch], (error) => assert.fail(String(error)));
      return {
        apply: (url, cached) => flow.apply({ upstreams: [{ name: 'one', enabled: true, transport: { url }, flow: cached ? { cache: { seconds: 60 } } : {} } as unknown as UpstreamConfig], gateway: { limits: {} } as GatewaySettings }),
        call: (id) => pipeline.run(callFixture(id, { tool: TOOLS.get(id), argumentsText: '{"a":1}' })).then(endOf),
      };
    };
    const [here, there] = [gateway(), gateway()];
    here.apply('https://old.example', true);
    const reading = here.call('one:get');
    await turns();
    here.apply('https://new.example', true);
    asked.shift()?.();
    assert.equal(await reading, 'ok {"n":1}');
    await turns();
    const moved = here.call('one:get');
    await turns();
    assert.equal(asked.length, 1, 'what another address answered is not this one’s');
    asked.shift()?.();
    assert.equal(await moved, 'ok {"n":2}');

    const writing = here.call('one:put');
    await turns();
    here.apply('https://new.example', false);
    await turns();
    there.apply('https://new.example', true);
    const meanwhile = there.call('one:get');
    await turns();
    asked.pop()?.();
    await meanwhile;
    await turns();
    asked.pop()?.();
    await writing;
    await turns();
    const after = there.call('one:get');
    await turns();
    assert.equal(asked.length, 1, 'what was read while something was written is not known after it');
    asked.pop()?.();
    await after;
  });
});
