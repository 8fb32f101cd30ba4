import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { inOrder, STAGE_ORDER, type StageName } from '../../src/proxy/pipeline/order.ts';
import { createPipeline } from '../../src/proxy/pipeline/pipeline.ts';
import { refusal } from '../../src/proxy/pipeline/refusal.ts';
import type { Outcome, Stage } from '../../src/proxy/pipeline/types.ts';
import { callFixture } from '../fixtures/calls.ts';

const ANSWER: Outcome = { kind: 'ok', code: undefined, reply: { result: '{"content":[]}' }, truncated: false };
const OUTBOUND = new Set<StageName>(['inspect', 'record']);

function failTest(error: unknown): void {
  throw error;
}

/** Stages that write down when they ran; one may refuse, one may throw. */
function tracing(trace: string[], behaviour: { refuses?: StageName; throws?: StageName } = {}): readonly Stage[] {
  const stage = (name: StageName): Stage =>
    OUTBOUND.has(name)
      ? {
          name,
          phase: 'out',
          run(_call, outcome) {
            trace.push(`${name}:${outcome.kind}`);
            return behaviour.throws === name ? Promise.reject(new Error('secret detail')) : Promise.resolve(outcome);
          },
        }
      : {
          name,
          phase: 'in',
          run(_call, next) {
            trace.push(name);
            if (behaviour.throws === name) throw new Error('secret detail');
            if (behaviour.refuses === name) return Promise.resolve(refusal('paused', 'Paused.', { retryable: true, action: 'Wait.' }));
            return name === 'dispatch' ? Promise.resolve(ANSWER) : next();
          },
        };
  return inOrder(Object.fromEntries(STAGE_ORDER.map((name) => [name, stage(name)])) as Parameters<typeof inOrder>[0]);
}

// Security I6 and I7: whatever goes wrong is a refusal, and every refusal is recorded.
describe('pipeline', () => {
  it('has every stage in its order', () => {
    assert.deepEqual([...STAGE_ORDER], ['resolve', 'route', 'gate', 'authorize', 'credentials', 'shape', 'consent', 'rates', 'budget', 'cache', 'lane', 'retry', 'breaker', 'dispatch', 'inspect', 'record']);
  });

  it('runs every stage once, in order, for a call that goes through', async () => {
    const trace: string[] = [];
    const outcome = await createPipeline(tracing(trace), failTest).run(callFixture('a:b'));
    assert.deepEqual(trace, ['resolve', 'route', 'gate', 'authorize', 'credentials', 'shape', 'consent', 'rates', 'budget', 'cache', 'lane', 'retry', 'breaker', 'dispatch', 'inspect:ok', 'record:ok']);
    assert.equal(outcome, ANSWER);
  });

  it('never reaches a later stage than the one that refuses, and always records', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...STAGE_ORDER.filter((name) => !OUTBOUND.has(name))), async (refuses) => {
        const trace: string[] = [];
        const outcome = await createPipeline(tracing(trace, { refuses }), failTest).run(callFixture('a:b'));
        const ran = STAGE_ORDER.slice(0, STAGE_ORDER.indexOf(refuses) + 1);
        assert.deepEqual(trace, [...ran, 'inspect:refused', 'record:refused']);
        assert.equal(outcome.code, 'paused');
      }),
    );
  });

  it('turns whatever a stage throws into a refusal without detail, and still records it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...STAGE_ORDER), async (throws) => {
        const trace: string[] = [];
        const errors: unknown[] = [];
        const outcome = await createPipeline(tracing(trace, { throws }), (error) => errors.push(error)).run(callFixture('a:b'));
        assert.equal(outcome.kind, 'refused');
        assert.equal(outcome.code, 'internal');
        assert.ok(!JSON.stringify(outcome).includes('secret detail'));
        assert.equal(errors.length, 1);
        assert.ok(trace.some((entry) => entry.startsWith('record:')));
      }),
    );
  });
});
