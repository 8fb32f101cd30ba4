import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CallRecord } from '../../src/proxy/journal/types.ts';
import { STAGE_ORDER } from '../../src/proxy/pipeline/order.ts';
import { comparisonOf, detailOf, documentOf } from '../../src/views/inspector/call-detail.ts';
import { callPage } from '../../src/views/inspector/call-pages.ts';
import { narrows, readCallQuery } from '../../src/views/inspector/call-query.ts';
import { changesBetween } from '../../src/views/inspector/changes.ts';
import type { CallRow } from '../../src/views/inspector/messages.ts';
import { callRow } from '../../src/views/inspector/rows.ts';
import { STAGE_TEXT } from '../../src/views/present/stages.ts';
import { CallList, MAX_CALLS } from '../../webview/call-list.ts';
import { CallSearch } from '../../webview/call-search.ts';
import { callsOverTime, latencies } from '../../webview/latency.ts';
import { rowFilter } from '../../webview/row-filter.ts';
import { FakeGateway, snapshot, upstream } from './views-fixtures.ts';

function call(seq: number, more: Partial<CallRecord> = {}): CallRecord {
  const time = new Date(1_700_000_000_000 + seq * 1000).toISOString();
  return { v: 1, seq, time, id: `c${seq}`, session: 's', agent: 'editor', client: 'Code', server: 'files', tool: 'read_file', route: 'call_tool', outcome: 'ok', durationMs: seq, bytesIn: 2, bytesOut: 10, tokensOut: 3, truncated: false, findings: [], prev: '', hash: '', ...more };
}

function gatewayWith(records: readonly CallRecord[]): FakeGateway {
  const gateway = new FakeGateway();
  gateway.records = [...records].sort((a, b) => b.seq - a.seq);
  return gateway;
}

describe('a filter of calls', () => {
  const fits = (text: string, more: Partial<CallRecord> = {}): boolean => readCallQuery({ text, outcome: undefined }).fits(call(1, more));

  it('knows words with a value; the rest is looked up in the journal', () => {
    const { filter, fits: test } = readCallQuery({ text: 'server:git  some text since:15m', outcome: 'refused' }, 1_000_000);
    assert.deepEqual(filter, { text: 'some text', outcome: 'refused', since: 100_000 });
    assert.equal(test(call(1, { server: 'GitHub' })), true);
    assert.equal(test(call(1)), false);
  });

  it('narrows by anything a record has', () => {
    assert.ok(fits('tool:READ agent:edit client:code session:s route:call outcome:ok'));
    assert.ok(fits('code:rate', { code: 'rate_limited' }));
    assert.ok(!fits('code:rate'));
    assert.ok(fits('finding:secret', { findings: ['secret: a token'] }));
    assert.ok(fits('is:shortened', { truncated: true }) && !fits('is:shortened'));
    assert.ok(fits('slower:1.5s', { durationMs: 1500 }) && !fits('slower:1.5s', { durationMs: 1499 }));
    assert.ok(fits('larger:2k tokens:5', { bytesOut: 2048, tokensOut: 5 }) && !fits('larger:2kb', { bytesOut: 2047 }));
  });

  it('is told by rows alone unless it is about what only a record has; else by what is shown of them', () => {
    const row = callRow(call(7, { server: 'GitHub', tool: 'create', code: 'rate_limited', outcome: 'refused', arguments: { path: 'deep' } }));
    const told = (text: string): readonly [byRows: boolean, fits: boolean] => {
      const query = readCallQuery({ text, outcome: undefined }, Date.parse('2024-01-01'));
      return [query.byRows, rowFilter(query)(row)];
    };
    assert.deepEqual(told('server:git code:rate slower:7ms'), [true, true]);
    assert.deepEqual(told('server:git slower:8ms'), [true, false]);
    assert.deepEqual(told('since:1h'), [true, false]);
    assert.deepEqual(told('RATE_limited'), [false, true]);
    assert.deepEqual(told('deep'), [false, false]);
    assert.deepEqual(told('session:s'), [false, false]);
  });

  it('knows when it can only find less than another', () => {
    const less = (text: string, earlier: string): boolean => narrows(readCallQuery({ text, outcome: undefined }), readCallQuery({ text: earlier, outcome: undefined }));
    for (const [text, earlier] of [['a', ''], ['server:git', ''], ['server:github', 'server:git'], ['abc tool:x', 'ab'], ['AB', 'b'], ['slower:5s agent:a', 'slower:5s'], ['session:abc', 'session:ab']] as const) assert.ok(less(text, earlier), `${text} after ${earlier}`);
    for (const [text, earlier] of [['', 'a'], ['server:git', 'server:github'], ['slower:5', 'slower:50'], ['slower:50', 'slower:5s'], ['since:15m', 'since:1m'], ['server:git', 'tool:git'], ['tokens:1', 'tokens:'], ['session:ab', 'session:b']] as const) assert.ok(!less(text, earlier), `${text} after ${earlier}`);
    assert.ok(!narrows(readCallQuery({ text: '', outcome: undefined }), readCallQuery({ text: '', outcome: 'ok' })));
    assert.ok(narrows(readCallQuery({ text: '', outcome: 'ok' }), readCallQuery({ text: '', outcome: undefined })));
  });

  it('takes a word whose value makes no sense, or that it does not know, for text', () => {
    for (const text of ['slower:soon', 'https://example.com', 'is:odd', 'since:ever', 'constructor:x']) assert.deepEqual(readCallQuery({ text, outcome: undefined }).filter, { text });
  });
});

describe('calls page by page', () => {
  it('begin with a screenful, then go on to the end, each once and newest first', async () => {
    const gateway = gatewayWith(Array.from({ length: 5_000 }, (_, i) => call(i + 1)));
    const seen: number[] = [];
    const sizes: number[] = [];
    for (let before: number | undefined, first = true; first || before !== undefined; first = false) {
      const page = await callPage(gateway, { text: '', outcome: undefined, before });
      sizes.push(page.rows.length);
      seen.push(...page.rows.map(({ seq }) => seq));
      before = page.before;
    }
    assert.deepEqual(sizes, [200, 2000, 2000, 800]);
    assert.deepEqual(seen, Array.from({ length: 5_000 }, (_, i) => 5_000 - i));
  });

  it('are looked through for the rare ones, a bounded piece at a time', async () => {
    const gateway = gatewayWith(Array.from({ length: 25_000 }, (_, i) => call(i + 1, i === 3 ? { agent: 'rare' } : {})));
    const found: number[] = [];
    let pages = 0;
    for (let before: number | undefined, first = true; first || before !== undefined; first = false, pages++) {
      const page = await callPage(gateway, { text: 'agent:rare', outcome: undefined, before });
      found.push(...page.rows.map(({ seq }) => seq));
      before = page.before;
    }
    assert.deepEqual(found, [4]);
    assert.ok(pages > 1 && pages < 10);
  });

  it('are not looked through any further once nobody wants them', async () => {
    const gateway = gatewayWith(Array.from({ length: 25_000 }, (_, i) => call(i + 1)));
    const unwanted = new AbortController();
    let asked = 0;
    const page = await callPage({
      calls: (filter) => {
        if (++asked === 2) unwanted.abort();
        return gateway.calls(filter);
      },
    }, { text: 'agent:nobody', outcome: undefined }, unwanted.signal);
    assert.deepEqual([asked, page.rows], [2, []]);
  });
});

describe('the details of a call', () => {
  const gateway = gatewayWith([
    call(1, { arguments: { path: '/a', deep: { x: 1 } } }),
    call(2, { tool: 'other' }),
    call(3, { arguments: { path: '/b', deep: { x: 1 }, more: true }, findings: ['f'] }),
  ]);
  gateway.calls = ({ before = Infinity, limit = 100, tool }) => Promise.resolve(gateway.records.filter((one) => one.seq < before && (tool === undefined || one.tool === tool)).slice(0, limit));
  gateway.traces.set('c3', { stages: [{ stage: 'dispatch', startMs: 1, ms: 2 }], answer: '{"content":[]}' });

  it('are its arguments, answer, stages, and what differs from the call of the tool before', async () => {
    const detail = await detailOf(gateway, 3);
    assert.deepEqual(detail.findings, ['f']);
    assert.equal(detail.result, '{\n  "content": []\n}');
    assert.deepEqual(detail.stages, [{ stage: 'dispatch', startMs: 1, ms: 2 }]);
    assert.deepEqual(detail.previous?.changes, ['path: "/a" → "/b"', 'more: ∅ → true']);
  });

  it('say how calls of the server flow by its rules now', async () => {
    const own = upstream({ config: { name: 'files' }, flow: { circuit: 'open', breaker: { calls: 6, failed: 5, retryAfterSeconds: 12 } } });
    gateway.set(snapshot([upstream({ config: { name: 'other' } }), own]));
    assert.deepEqual((await detailOf(gateway, 3)).flow, ['Breaker open: too many calls failed; one is let through in 12 s', '5 of the last 6 calls failed']);
    gateway.set(snapshot([]));
    assert.deepEqual((await detailOf(gateway, 3)).flow, []);
  });

  it('have words for every stage', () => {
    assert.deepEqual(Object.keys(STAGE_TEXT), [...STAGE_ORDER]);
  });

  it('say what is not remembered, and what is not there', async () => {
    const detail = await detailOf(gateway, 1);
    assert.deepEqual([detail.result, detail.stages, detail.previous], [undefined, [], undefined]);
    assert.equal(await comparisonOf(gateway, 1), undefined);
    await assert.rejects(detailOf(gateway, 99), /no record/);
  });

  it('open as a document, and side by side with the call before', async () => {
    const { title, text } = await documentOf(gateway, 3);
    assert.equal(title, 'files read_file 22.13.23');
    assert.match(text, /"seq": 3[^]*"content": \[\]/);
    const compared = await comparisonOf(gateway, 3);
    assert.match(compared?.before ?? '', /"\/a"[^]*not remembered/);
    assert.match(compared?.after ?? '', /"\/b"[^]*"content"/);
  });

  it('find changes at any depth, no more than a person reads', () => {
    assert.deepEqual(changesBetween([1, { a: 2 }], [1, { a: 3 }]), ['1.a: 2 → 3']);
    assert.deepEqual(changesBetween('x', undefined), ['·: "x" → ∅']);
    assert.equal(changesBetween({}, Object.fromEntries(Array.from({ length: 99 }, (_, i) => [i, i]))).length, 20);
  });
});

describe('the calls a page knows', () => {
  const rows = (...seqs: number[]): ReturnType<typeof callRow>[] => seqs.map((seq) => callRow(call(seq, { durationMs: (seq * 7) % 10 })));
  const seqs = (list: CallList): number[] => list.rows.map(({ seq }) => seq);

  it('are newest first, whatever order they come in, each once', () => {
    const list = new CallList();
    list.append(rows(5, 4));
    list.append(rows(4, 3));
    list.add(rows(7, 6, 5));
    assert.deepEqual(seqs(list), [7, 6, 5, 4, 3]);
    list.sort(undefined, true);
    assert.deepEqual(seqs(list), [3, 4, 5, 6, 7]);
  });

  it('keep their order when calls are added', () => {
    const list = new CallList();
    list.append(rows(9, 8, 7, 6, 5, 4, 3, 2, 1));
    for (const ascending of [true, false]) {
      list.sort(({ durationMs }) => durationMs, ascending);
      list.add(rows(list.newest[0]?.seq === undefined ? 0 : list.newest[0].seq + 1));
      const durations = list.rows.map(({ durationMs }) => durationMs);
      assert.deepEqual(durations, durations.toSorted((a, b) => (ascending ? a - b : b - a)));
    }
    assert.equal(list.rows.length, 11);
  });

  it('are those that fit, also of what comes later, and of what others found', () => {
    const list = new CallList();
    list.append(rows(9, 8, 7));
    list.filter(({ seq }) => seq % 2 === 1);
    list.append(rows(6, 5));
    list.add(rows(11, 10));
    assert.deepEqual(seqs(list), [11, 9, 7, 5]);
    list.find(rows(8, 3));
    assert.deepEqual(seqs(list), [11, 9, 8, 7, 5, 3]);
    list.append(rows(4, 3));
    assert.deepEqual(seqs(list), [11, 9, 8, 7, 5, 3], 'each once');
    list.filter(({ seq }) => seq > 6, true);
    assert.deepEqual(seqs(list), [11, 9, 8, 7], 'only what was left is tested');
    list.filter(({ seq }) => seq > 6);
    assert.deepEqual(seqs(list), [11, 10, 9, 8, 7]);
    list.filter(undefined);
    assert.deepEqual([list.known, seqs(list).length, list.span], [9, 9, { newest: 11, oldest: 3 }]);
  });

  it('are those that others found, also when the search is faster than the news of them', () => {
    const list = new CallList();
    list.append(rows(1));
    list.filter(() => false);
    list.find(rows(2));
    list.add(rows(3, 2));
    assert.deepEqual(seqs(list), [2]);
  });

  it('are still those that others found before, where these fit a narrower filter too, each once and in order', () => {
    const list = new CallList();
    list.append(rows(19, 18));
    list.filter(() => false);
    list.find(rows(9, 8, 7, 5, 3));
    list.filter(({ seq }) => seq % 2 === 1 && seq < 9, true);
    assert.deepEqual(seqs(list), [7, 5, 3]);
    list.find(rows(7, 6));
    assert.deepEqual(seqs(list), [7, 6, 5, 3]);
    list.find(rows(5, 3, 1));
    assert.deepEqual(seqs(list), [7, 6, 5, 3, 1]);
    list.filter(({ seq }) => seq > 18);
    list.find([]);
    assert.deepEqual(seqs(list), [19], 'another filter is not about them');
  });

  it('are bounded where others find them: the oldest are not kept', () => {
    const list = new CallList();
    const row = rows(1)[0] ?? assert.fail();
    list.append(rows(2 * MAX_CALLS));
    list.filter(() => false);
    const many = (from: number): CallRow[] => Array.from({ length: MAX_CALLS / 2 + 1 }, (_, i) => ({ ...row, seq: from - i }));
    list.find(many(2 * MAX_CALLS - 1));
    list.find(many(MAX_CALLS + MAX_CALLS / 2 - 2));
    assert.deepEqual([list.rows.length, list.call(MAX_CALLS)?.seq, list.call(MAX_CALLS - 1)], [MAX_CALLS, MAX_CALLS, undefined]);
  });

  it('are bounded: the oldest leave', () => {
    const list = new CallList();
    const row = rows(1)[0] ?? assert.fail();
    const many = Array.from({ length: MAX_CALLS + 10 }, (_, i) => ({ ...row, seq: MAX_CALLS + 10 - i }));
    assert.equal(list.append(many), false);
    assert.equal(list.rows.length, MAX_CALLS);
    list.add([{ ...row, seq: MAX_CALLS + 11 }]);
    assert.equal(list.rows.length, MAX_CALLS);
    assert.equal(list.rows[0]?.seq, MAX_CALLS + 11);
  });
});

describe('what the host is asked to find', () => {
  const rows = (from: number, many: number): CallRow[] => {
    const row = callRow(call(0));
    return Array.from({ length: many }, (_, i) => ({ ...row, seq: from - i }));
  };
  /** The search of a page that knows these calls, and the numbers before which it asked. */
  const searching = (list: CallList): { readonly search: CallSearch; readonly asked: (number | undefined)[] } => {
    const asked: (number | undefined)[] = [];
    const search = new CallSearch(({ before }) => {
      asked.push(before);
      return Promise.resolve({ rows: rows(3, 1), before: undefined });
    }, list, assert.ifError);
    return { search, asked };
  };
  const query = { text: 'tool:read', outcome: undefined };

  it('is nothing where rows tell all of the filter and all calls are here', async () => {
    const list = new CallList();
    list.append(rows(9, 9));
    const { search, asked } = searching(list);
    search.expect(true);
    await search.run(query);
    await search.loaded(query);
    assert.deepEqual([search.wanted, search.running, asked], [false, false, []]);
    search.expect(false);
    await search.run(query);
    await search.loaded(query);
    assert.deepEqual(asked, [undefined], 'what rows do not tell is looked for in all, once');
  });

  it('is in older calls once there is no room for them, also when the filter was there before the calls were', async () => {
    const list = new CallList();
    list.append(rows(MAX_CALLS + 10, 200));
    const { search, asked } = searching(list);
    list.filter(() => false);
    search.expect(true);
    await search.run(query);
    assert.deepEqual(asked, []);
    list.append(rows(MAX_CALLS + 10 - 200, MAX_CALLS));
    await search.loaded(query);
    assert.deepEqual([asked, list.rows.map(({ seq }) => seq)], [[11], [3]]);
    search.stop();
    await search.loaded(query);
    assert.deepEqual(asked, [11], 'without a filter nothing is looked for');
  });
});

describe('how long tools take', () => {
  it('is their median and their slow end, the busiest first, refusals left out', () => {
    const many = Array.from({ length: 100 }, (_, i) => callRow(call(i + 1, { durationMs: i + 1 })));
    const found = latencies([...many, callRow(call(200, { tool: 'rare', outcome: 'tool_error' })), callRow(call(201, { tool: 'no', outcome: 'refused' }))]);
    assert.deepEqual(found, [
      { tool: 'files:read_file', calls: 100, median: 51, slow: 96, failed: 0 },
      { tool: 'files:rare', calls: 1, median: 200, slow: 200, failed: 1 },
    ]);
  });

  it('is spread over the time the calls span', () => {
    const { counts } = callsOverTime([5, 4, 1].map((seq) => callRow(call(seq))), 4);
    assert.deepEqual(counts, [1, 0, 0, 2]);
    assert.deepEqual(callsOverTime([], 2).counts, [0, 0]);
  });
});
