import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Traces } from '../../src/proxy/pipeline/traces.ts';

const call = (id: string, entered: number[] = [], left: number[] = []): Parameters<Traces['keep']>[0] => ({ id, startedTick: 100, timing: { entered, left } });

describe('traces of calls', () => {
  it('say how long each stage had a call, also where it ended early', () => {
    const traces = new Traces((text) => text);
    traces.keep(call('whole', [100, 101, 111], [131, 134]), '{}', ['a', 'b', 'c'], ['out', 'record']);
    assert.deepEqual(traces.of('whole')?.stages, [
      { stage: 'a', startMs: 0, ms: 1 },
      { stage: 'b', startMs: 1, ms: 10 },
      { stage: 'c', startMs: 11, ms: 20 },
      { stage: 'out', startMs: 31, ms: 3 },
    ]);
    traces.keep(call('refused', [100], [105, 106]), '{}', ['a', 'b', 'c'], ['out', 'record']);
    assert.deepEqual(traces.of('refused')?.stages.map(({ stage, ms }) => [stage, ms]), [['a', 5], ['out', 1]]);
  });

  it('hold answers without secrets, and none that is large', () => {
    const traces = new Traces((text) => text.replace('secret', '[redacted]'));
    traces.keep(call('a'), 'a secret', [], []);
    assert.equal(traces.of('a')?.answer, 'a [redacted]');
    traces.keep(call('b'), 'x'.repeat(600 * 1024), [], []);
    assert.equal(traces.of('b')?.answer, undefined);
    assert.equal(traces.of('none'), undefined);
  });

  it('are bounded: the oldest are forgotten', () => {
    const traces = new Traces((text) => text);
    for (let i = 0; i < 1_001; i++) traces.keep(call(`n${i}`), '', [], []);
    assert.equal(traces.of('n0'), undefined);
    assert.notEqual(traces.of('n1'), undefined);
    for (let i = 0; i < 17; i++) traces.keep(call(`big${i}`), 'x'.repeat(512 * 1024), [], []);
    assert.equal(traces.of('big0'), undefined);
    assert.notEqual(traces.of('big1'), undefined);
  });
});
