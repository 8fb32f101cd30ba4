/* The cache of resources against a reference: any sequence of reads, writes, changes and waits. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { GatewaySettings, UpstreamConfig } from '../../src/proxy/config/types.ts';
import type { AgentRequest } from '../../src/proxy/downstream/types.ts';
import type { RawReply } from '../../src/proxy/model.ts';
import { Flow } from '../../src/proxy/policy/flow/flow.ts';
import { ResourceCache, type ResourceCacheDeps } from '../../src/proxy/relay/resource-cache.ts';
import type { ResourceRoute } from '../../src/proxy/relay/resource-routes.ts';
import { PRINCIPAL_FIXTURE } from '../fixtures/calls.ts';
import { TestClock } from '../fixtures/test-clock.ts';

const SECONDS = 7;
const SERVERS = ['one', 'two'] as const;
const URIS = ['a://x', 'a://x/y', 'b://z', 'off://z'] as const;
type Server = (typeof SERVERS)[number];

interface Read {
  readonly agent: string;
  readonly server: Server;
  readonly uri: string;
  readonly fate: 'ok' | 'error' | 'asks';
  /** What the server says of how long its answer holds, in milliseconds. */
  readonly ttlMs: number | undefined;
  readonly extra: boolean;
}
type Step = Read | { readonly waitMs: number } | { readonly updated: string; readonly server: Server } | { readonly written: Server } | { readonly relisted: Server };

const servers = fc.constantFrom(...SERVERS);
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ agent: fc.constantFrom('ann', 'bob'), server: servers, uri: fc.constantFrom(...URIS), fate: fc.constantFrom<Read['fate']>('ok', 'ok', 'ok', 'error', 'asks'), ttlMs: fc.constantFrom(undefined, undefined, 0, 2_000, 60_000), extra: fc.constantFrom(false, false, false, true) }) },
    { weight: 1, arbitrary: fc.record({ waitMs: fc.constantFrom(1_000, 3_000, 7_000) }) },
    { weight: 1, arbitrary: fc.record({ updated: fc.constantFrom('a://x', 'a://x/y', 'b://z'), server: servers }) },
    { weight: 1, arbitrary: fc.record({ written: servers }) },
    { weight: 1, arbitrary: fc.record({ relisted: servers }) },
  ),
  { maxLength: 50 },
);

function configured(): { readonly flow: Flow; readonly clock: TestClock } {
  const clock = new TestClock();
  const flow = new Flow(clock);
  const rules = { cache: { seconds: 1, resources: ['a://*', 'b://*'], resourceSeconds: SECONDS } };
  flow.apply({ upstreams: SERVERS.map((name) => ({ name, flow: rules }) as unknown as UpstreamConfig), gateway: { limits: {} } as GatewaySettings });
  return { flow, clock };
}

function cacheOver(flow: Flow, paused: () => boolean = () => false): ResourceCache {
  return new ResourceCache({ flow, agents: { isPaused: paused, of: () => ({ mention: () => undefined }) } as unknown as ResourceCacheDeps['agents'] });
}

function requestOf({ agent, uri, extra = false }: { readonly agent: string; readonly uri: string; readonly extra?: boolean }, signal = new AbortController().signal): AgentRequest {
  return { session: { era: 'modern', principal: { ...PRINCIPAL_FIXTURE, id: agent } }, params: JSON.stringify({ uri, ...(extra && { requestState: 's' }), _meta: { progressToken: 1, traceparent: 'x' } }), signal } as unknown as AgentRequest;
}

const routeOf = (server: Server, uri: string, served = (): boolean => true): ResourceRoute => ({ server, uri, stillServed: served });

function answer(n: number, { fate, ttlMs }: Pick<Read, 'fate' | 'ttlMs'>): RawReply {
  if (fate === 'error') return { error: `{"code":-1,"message":"${n}"}` };
  return { result: JSON.stringify({ resultType: fate === 'asks' ? 'input_required' : 'complete', n, contents: [], ...(ttlMs !== undefined && { ttlMs }) }) };
}

const numberIn = (reply: RawReply): unknown => ('error' in reply ? reply.error : (JSON.parse(reply.result) as { n: number }).n);

describe('the cache of resources', { timeout: 120_000 }, () => {
  it('answers as its reference does', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (sequence) => {
        const { flow, clock } = configured();
        const cache = cacheOver(flow);
        let kept: { readonly server: Server; readonly agent: string; readonly uri: string; readonly n: number; readonly until: number; readonly ttl: boolean }[] = [];
        let now = 0;
        let fetched = 0;
        for (const [i, step] of sequence.entries()) {
          if ('waitMs' in step) {
            clock.advance(step.waitMs);
            now += step.waitMs;
          } else if ('updated' in step) {
            cache.heard(step.server, { method: 'notifications/resources/updated', params: JSON.stringify({ uri: step.updated }) });
            kept = kept.filter(({ server, uri }) => server !== step.server || !(uri.startsWith(step.updated) || step.updated.startsWith(uri)));
          } else if ('written' in step) {
            flow.forget(step.written);
            kept = kept.filter(({ server }) => server !== step.written);
          } else if ('relisted' in step) {
            cache.heard(step.relisted, { method: 'notifications/resources/list_changed', params: undefined });
            kept = kept.filter(({ server }) => server !== step.relisted);
          } else {
            const { agent, server, uri, extra, fate, ttlMs } = step;
            const known = extra ? undefined : kept.find((one) => one.server === server && one.agent === agent && one.uri === uri && one.until > now);
            const before = fetched;
            const reply = await cache.read(requestOf(step), routeOf(server, uri), () => Promise.resolve(answer(++fetched, step)));
            assert.equal(fetched - before, known === undefined ? 1 : 0, `step ${i}`);
            if (known !== undefined) {
              assert.equal(numberIn(reply), known.n, `step ${i}`);
              const said = (JSON.parse('result' in reply ? reply.result : assert.fail()) as { ttlMs?: number }).ttlMs;
              assert.equal(said, known.ttl ? known.until - now : undefined, 'what is left of its time');
              continue;
            }
            if (fate !== 'ok' || extra || uri.startsWith('off:')) continue;
            kept = kept.filter((one) => one.server !== server || one.agent !== agent || one.uri !== uri);
            kept.push({ server, agent, uri, n: fetched, until: now + Math.min(SECONDS * 1000, ttlMs ?? Infinity), ttl: ttlMs !== undefined });
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it('makes equal reads at the same time once, shares no failure, and nothing that may not be read any more', async () => {
    const { flow } = configured();
    let paused = false;
    const cache = cacheOver(flow, () => paused);
    const asked: ((reply: RawReply) => void)[] = [];
    const fetch = (): Promise<RawReply> => new Promise((resolve) => asked.push(resolve));
    const read = (agent: string, signal?: AbortSignal, served?: () => boolean): Promise<unknown> => cache.read(requestOf({ agent, uri: 'a://x' }, signal), routeOf('one', 'a://x', served), fetch).then(numberIn);
    const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    const ok = (n: number): RawReply => answer(n, { fate: 'ok', ttlMs: undefined });

    const abort = new AbortController();
    let served = true;
    const reads = [read('ann'), read('ann'), read('bob'), read('ann', abort.signal), read('ann', undefined, () => served)];
    assert.equal(asked.length, 2, 'one of each caller');
    abort.abort();
    await turn();
    assert.equal(asked.length, 3, 'who is gone asks for itself, which is told so at once');
    served = false;
    asked.splice(0, 2).forEach((reply, i) => reply(ok(i)));
    await turn();
    assert.equal(asked.length, 2, 'what is not served any more is not shared');
    asked.splice(0).forEach((reply, i) => reply(ok(10 + i)));
    assert.deepEqual(await Promise.all(reads), [0, 0, 1, 10, 11]);

    flow.forget('one');
    const failing = [read('ann'), read('ann')];
    asked.splice(0)[0]?.(answer(5, { fate: 'error', ttlMs: undefined }));
    await turn();
    assert.equal(asked.length, 1);
    asked.splice(0)[0]?.(ok(6));
    assert.deepEqual(await Promise.all(failing), ['{"code":-1,"message":"5"}', 6]);
    paused = true;
    const refused = read('ann');
    assert.equal(asked.length, 1, 'what is paused is not answered from memory');
    asked.splice(0)[0]?.(ok(7));
    assert.equal(await refused, 7);
  });

  it('keeps nothing that changed while it was on its way', async () => {
    const { flow } = configured();
    const cache = cacheOver(flow);
    let fetched = 0;
    const read = (): Promise<RawReply> =>
      cache.read(requestOf({ agent: 'ann', uri: 'a://x' }), routeOf('one', 'a://x'), () => {
        cache.heard('one', { method: 'notifications/resources/updated', params: '{"uri":"a://x"}' });
        return Promise.resolve(answer(++fetched, { fate: 'ok', ttlMs: undefined }));
      });
    await read();
    await read();
    assert.equal(fetched, 2);
  });
});
