import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Emitter } from '../../src/proxy/events.ts';
import type { CallRecord } from '../../src/proxy/journal/types.ts';
import { BoundedLabels } from '../../src/proxy/metrics/bounded-labels.ts';
import { Metrics } from '../../src/proxy/metrics/metrics.ts';
import { snapshot, upstream } from './views-fixtures.ts';

const CALL: CallRecord = {
  v: 1, seq: 1, time: '2026-01-01T00:00:00.000Z', id: 'c', session: 's', agent: 'codex', client: 't', server: 'srv', tool: 'search', route: 'call_tool',
  outcome: 'ok', durationMs: 40, bytesIn: 3, bytesOut: 7, tokensOut: 2, truncated: true, findings: [], prev: '', hash: '',
};

describe('metrics of calls', () => {
  it('stay bounded whatever names come', async () => {
    const calls = new Emitter<CallRecord>();
    const metrics = new Metrics({ onDidCall: calls.event, snapshot: () => snapshot([]) });
    for (let i = 0; i < 3_000; i++) calls.fire({ ...CALL, server: `server-${i}`, tool: `tool-${i}`, agent: `agent-${i}` });
    const text = await metrics.text();
    assert.ok(text.split('\n').filter((line) => line.startsWith('vestibule_calls_total{')).length <= 1_200);
    assert.match(text, /^vestibule_calls_total\{server="other",tool="other",agent="other",outcome="ok"\} \d{3,}$/m);
    metrics.dispose();
  });

  it('escape what a name holds', async () => {
    const calls = new Emitter<CallRecord>();
    const metrics = new Metrics({ onDidCall: calls.event, snapshot: () => snapshot([]) });
    calls.fire({ ...CALL, tool: 'a"}\nforged 1\n' });
    const text = await metrics.text();
    assert.match(text, /tool="a\\"\}\\nforged 1\\n"/);
    assert.doesNotMatch(text, /^forged/m);
    metrics.dispose();
    calls.fire(CALL);
  });

  it('say what shortening results saved', async () => {
    const calls = new Emitter<CallRecord>();
    const metrics = new Metrics({ onDidCall: calls.event, snapshot: () => snapshot([]) });
    calls.fire({ ...CALL, bytesOut: 20_000, bytesWhole: 100_000, tokensOut: 5_000 });
    calls.fire({ ...CALL, truncated: false });
    const text = await metrics.text();
    assert.match(text, /^vestibule_tokens_saved_total\{server="srv"\} 20000$/m);
    assert.match(text, /^vestibule_results_shortened_total\{server="srv"\} 1$/m);
    metrics.dispose();
  });

  it('keep figures of servers bounded too, and count a refusal by its code', async () => {
    const calls = new Emitter<CallRecord>();
    const upstreams = Array.from({ length: 600 }, (_, i) => upstream({ name: `server-${i}`, flow: { lane: { active: 1, queued: 2, concurrent: 1, queue: 5 }, circuit: 'half-open' } }));
    const metrics = new Metrics({ onDidCall: calls.event, snapshot: () => snapshot(upstreams) });
    calls.fire({ ...CALL, outcome: 'refused', code: 'rate_limited' });
    for (let look = 0; look < 2; look++) {
      const text = await metrics.text();
      assert.equal(text.split('\n').filter((line) => line.startsWith('vestibule_calls_queued{')).length, 500);
      assert.match(text, /^vestibule_calls_queued\{server="other"\} 202$/m);
      assert.match(text, /^vestibule_circuit\{server="other",state="half-open"\} 101$/m);
      assert.match(text, /^vestibule_refusals_total\{server="srv",code="rate_limited"\} 1$/m);
    }
    metrics.dispose();
  });

  it('give the first values labels of their own, for good', () => {
    const labels = new BoundedLabels(2);
    assert.deepEqual(['a', 'b', 'c', 'a', 'c'].map((value) => labels.of(value)), ['a', 'b', 'other', 'a', 'other']);
  });
});
