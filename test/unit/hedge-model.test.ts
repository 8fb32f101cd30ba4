/* Second calls of slow reads against a reference: whoever answers first, whatever each of the two does. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { CatalogTool } from '../../src/proxy/catalog/types.ts';
import type { FlowConfig, GatewaySettings, UpstreamConfig } from '../../src/proxy/config/types.ts';
import { createPipeline } from '../../src/proxy/pipeline/pipeline.ts';
import { refusal } from '../../src/proxy/pipeline/refusal.ts';
import { createBreaker } from '../../src/proxy/pipeline/stages/breaker.ts';
import { createBudget } from '../../src/proxy/pipeline/stages/budget.ts';
import { createRates } from '../../src/proxy/pipeline/stages/rates.ts';
import { createRoute, type CallCopy } from '../../src/proxy/pipeline/stages/route.ts';
import type { Call, Outcome } from '../../src/proxy/pipeline/types.ts';
import { Flow } from '../../src/proxy/policy/flow/flow.ts';
import { callFixture, SESSION_FIXTURE, toolFixture } from '../fixtures/calls.ts';
import { TestClock } from '../fixtures/test-clock.ts';

const KINDS = { get: { readOnlyHint: true }, put: {} } as const;
const TOOLS = new Map<string, CatalogTool>(['one', 'two'].flatMap((server) => Object.entries(KINDS).map(([name, annotations]) => [`${server}:${name}`, toolFixture(server, name, { annotations })])));
const FATES = ['ok', 'tool_error', 'lost', 'refused', 'asks'] as const;
type Fate = (typeof FATES)[number];

function outcomeOf(fate: Fate, by: string): Outcome {
  switch (fate) {
    case 'ok':
    case 'asks':
      return { kind: 'ok', code: undefined, reply: { result: JSON.stringify({ by, ...(fate === 'asks' && { resultType: 'input_required' }) }) }, truncated: false };
    case 'tool_error':
      return { kind: 'tool_error', code: undefined, reply: { result: JSON.stringify({ by, isError: true }) }, truncated: false };
    case 'lost':
      return { ...refusal('ambiguous', by, { retryable: true, action: 'Wait.' }), kind: 'ambiguous' };
    case 'refused':
      return refusal('upstream_unavailable', by, { retryable: true, action: 'Wait.' });
  }
}

/** A pipeline whose servers do what they are told, when they are told. */
function rig(hedge: FlowConfig['hedge'], more: FlowConfig = {}) {
  const clock = new TestClock();
  const flow = new Flow(clock);
  const rules: Record<string, FlowConfig> = { one: { failover: ['two'], ...(hedge && { hedge }), ...more }, two: {} };
  flow.apply({ upstreams: Object.entries(rules).map(([name, of]) => ({ name, enabled: true, flow: of }) as unknown as UpstreamConfig), gateway: { limits: {} } as GatewaySettings });
  const does = new Map<string, { readonly ms: number; readonly fate: Fate }>();
  const calledOff: string[] = [];
  const reached: string[] = [];
  const dispatch = {
    name: 'dispatch',
    phase: 'in' as const,
    run: (call: Call): Promise<Outcome> =>
      new Promise((resolve) => {
        const server = call.tool?.server ?? assert.fail();
        reached.push(server);
        const { ms, fate } = does.get(server) ?? assert.fail();
        const end = (outcome: Outcome): void => {
          timer.dispose();
          call.signal.removeEventListener('abort', leave);
          resolve(outcome);
        };
        const leave = (): void => {
          calledOff.push(server);
          end(outcomeOf('lost', server));
        };
        const timer = clock.later(ms, () => end(outcomeOf(fate, server)));
        call.signal.addEventListener('abort', leave);
      }),
  };
  const paid: string[] = [];
  const copies: Promise<unknown>[] = [];
  const copy = (of: Call, { requested, route, signal, argumentsText }: CallCopy): Promise<unknown> => {
    const copied = pipeline.run(callFixture(requested, { tool: TOOLS.get(requested), principal: of.principal, parent: of.id, route, signal, argumentsText }));
    copies.push(copied);
    return copied;
  };
  const route = createRoute({ flow, catalog: { find: (id) => TOOLS.get(id) }, served: { isServed: () => true }, copy });
  const budget = createBudget({
    take: ({ id }) => {
      paid.push(id);
      return undefined;
    },
  });
  const pipeline = createPipeline([route, createRates(flow), budget, createBreaker(flow), dispatch], (error) => {
    throw error;
  });
  const run = async (call: Call): Promise<Outcome> => {
    const state = { ended: false };
    const end = pipeline.run(call).finally(() => (state.ended = true));
    const isEnded = (): boolean => state.ended;
    for (let turn = 0; !isEnded(); turn++) {
      for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
      if (!isEnded()) clock.advance(1);
      assert.ok(turn < 500, 'it never ends');
    }
    return end;
  };
  return { flow, clock, does, calledOff, reached, paid, copies, run };
}

const callOf = (kind: keyof typeof KINDS, more: Partial<Call> = {}): Call => callFixture(`one:${kind}`, { tool: TOOLS.get(`one:${kind}`), argumentsText: '{"a":1}', ...more });

function textOf({ reply }: Outcome): string {
  return 'result' in reply ? reply.result : reply.error;
}

/** Never at the same moment: the first at odd milliseconds, the second at even ones. */
const ends = (odd: 0 | 1) => fc.record({ ms: fc.integer({ min: 1, max: 40 }).map((ms) => ms * 2 + odd), fate: fc.constantFrom(...FATES) });

describe('second calls', { timeout: 120_000 }, () => {
  it('end as the reference says: who answers first, who is called off, what is paid', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ first: ends(1), second: ends(0), kind: fc.constantFrom<keyof typeof KINDS>('get', 'get', 'get', 'put'), hasMore: fc.constantFrom(false, false, true) }), { maxLength: 6 }), fc.constantFrom(10, 30), fc.constantFrom(0, 0.5), async (steps, afterMs, share) => {
        const { flow, does, calledOff, reached, paid, run } = rig({ afterMs, budget: share });
        let left = 3;
        let sent = 0;
        let won = 0;
        let tookOver = 0;
        for (const [i, { first, second, kind, hasMore }] of steps.entries()) {
          does.set('one', first).set('two', second);
          for (const seen of [calledOff, reached, paid]) seen.splice(0);
          const call = callOf(kind, { id: `call-${i}`, session: { ...SESSION_FIXTURE, hasMore } });
          const outcome = await run(call);

          const hedged = kind === 'get' && !hasMore;
          if (hedged) left = Math.min(3 + 100 * share, left + share);
          const goesOn = (fate: Fate): boolean => fate === 'refused' || (fate === 'lost' && kind === 'get');
          let by = 'one';
          const asked = hedged && first.ms > afterMs && left >= 1;
          if (asked) {
            left--;
            sent++;
            assert.deepEqual(reached, ['one', 'two'], `step ${i}`);
            const secondAt = afterMs + second.ms;
            const secondCounts = second.fate === 'ok' && (secondAt < first.ms || goesOn(first.fate));
            if (secondCounts) {
              by = 'two';
              won++;
            }
            assert.deepEqual(calledOff, secondCounts ? (secondAt < first.ms ? ['one'] : []) : first.ms < secondAt && !goesOn(first.fate) ? ['two'] : [], `step ${i}`);
          } else if (goesOn(first.fate)) {
            assert.deepEqual(reached, ['one', 'two'], `step ${i}`);
            by = goesOn(second.fate) ? 'one' : 'two';
            if (by === 'two') tookOver++;
          } else assert.deepEqual(reached, ['one'], `step ${i}`);
          assert.ok(textOf(outcome).includes(by), `step ${i}: ${by} ${textOf(outcome)}`);
          assert.deepEqual([call.tool?.server, call.insteadOf], [by, by === 'one' ? undefined : 'one'], `step ${i}`);
          if (asked) assert.equal(paid.length, 1, 'a second call costs its caller nothing');
          const { failover, hedge } = flow.snapshot('one');
          assert.deepEqual([hedge, failover?.calls], [{ calls: sent, won, left: Math.floor(left + 1e-9) }, tookOver], `step ${i}`);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('are called off with the call, and made for nobody who is being asked', async () => {
    const { does, calledOff, reached, run, clock, copies } = rig({ afterMs: 10, budget: 1 });
    does.set('one', { ms: 100, fate: 'ok' }).set('two', { ms: 100, fate: 'ok' });
    const abort = new AbortController();
    const timer = clock.later(50, () => abort.abort());
    const cancelled = await run(callOf('get', { signal: abort.signal }));
    timer.dispose();
    assert.equal(cancelled.kind, 'ambiguous');
    assert.deepEqual(calledOff.sort(), ['one', 'two']);
    await Promise.all(copies);
    reached.splice(0);
    const asked = await run(callOf('get', { waitsForPerson: true }));
    assert.deepEqual([asked.kind, reached], ['ok', ['one']]);
  });

  it('wait as long as most calls of the tool take, once these are known', async () => {
    const { does, reached, run } = rig({ afterMs: 60, quantile: 0.9, budget: 1 });
    does.set('two', { ms: 1, fate: 'ok' }).set('one', { ms: 30, fate: 'ok' });
    for (let i = 0; i < 20; i++) await run(callOf('get', { id: `before-${i}` }));
    assert.deepEqual(new Set(reached), new Set(['one']), 'within the time that is written');
    does.set('one', { ms: 50, fate: 'ok' });
    const late = callOf('get', { id: 'late' });
    await run(late);
    assert.equal(late.tool?.server, 'two', 'longer than 9 of 10');
  });
});

describe('servers that do worse than the others', { timeout: 60_000 }, () => {
  const outlier = { consecutive: 2, failures: 0.5, latency: 3, calls: 3, windowSeconds: 60, ejectSeconds: 1, maxEjectSeconds: 60, share: 0.5, on: ['transport'] } as const;

  it('are taken out for longer each time, and get calls again after that', async () => {
    const { does, flow, reached, run, clock } = rig(undefined, { outlier });
    does.set('one', { ms: 1, fate: 'lost' }).set('two', { ms: 1, fate: 'ok' });
    const group = () => flow.snapshot('one').group?.map(({ server, out }) => [server, out && [out.why, out.times, out.secondsLeft]]);
    for (let i = 0; i < 2; i++) await run(callOf('get', { id: `a-${i}` }));
    assert.deepEqual(group(), [['one', ['in-a-row', 1, 1]], ['two', undefined]]);
    reached.splice(0);
    const put = callOf('put');
    await run(put);
    assert.deepEqual([reached, put.insteadOf], [['two'], 'one'], 'nobody waits for it any more');
    clock.advance(1_000);
    for (let i = 0; i < 2; i++) await run(callOf('get', { id: `b-${i}` }));
    assert.deepEqual(group()?.[0], ['one', ['in-a-row', 2, 2]]);
    does.set('two', { ms: 1, fate: 'refused' }).set('one', { ms: 1, fate: 'ok' });
    const last = await run(callOf('get', { id: 'last' }));
    assert.match(textOf(last), /one/, 'one that is out still takes what nobody else does');
  });

  it('are too slow beside the others, or fail more often than these', async () => {
    const { does, flow, run, clock } = rig(undefined, { outlier: { ...outlier, consecutive: 100 } });
    const out = (): unknown => flow.snapshot('one').group?.map((member) => member.out?.why);
    does.set('two', { ms: 20, fate: 'ok' }).set('one', { ms: 1, fate: 'refused' });
    // What never arrives fails too. The fourth time both have had three.
    for (let i = 0; i < 4; i++) await run(callOf('get', { id: `a-${i}` }));
    assert.deepEqual(out(), ['failures', undefined]);
    clock.advance(2_000);
    does.set('one', { ms: 60, fate: 'ok' });
    for (let i = 0; i < 3; i++) {
      assert.deepEqual(out(), [undefined, undefined]);
      await run(callOf('get', { id: `b-${i}` }));
    }
    assert.deepEqual(out(), ['latency', undefined]);
  });
});
