import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exportText, type ExportFormat } from '../../src/proxy/journal/export.ts';
import type { CallRecord } from '../../src/proxy/journal/types.ts';

const RECORD: CallRecord = {
  v: 1, seq: 7, time: '2026-01-01T00:00:00.000Z', id: 'c1', session: 's', agent: 'editor', client: 'test 1', server: 'my server', tool: 'search',
  route: 'call_tool', arguments: { query: 'a "quoted", text\nof two lines' }, outcome: 'ok', durationMs: 12.5, bytesIn: 10, bytesOut: 400,
  tokensOut: 100, truncated: false, findings: [], prev: '0'.repeat(64), hash: '1'.repeat(64),
};

async function text(format: ExportFormat, ...records: readonly CallRecord[]): Promise<string> {
  async function* source(): AsyncIterable<CallRecord> {
    for (const record of records) yield await Promise.resolve(record);
  }
  let whole = '';
  for await (const piece of exportText(format, source(), '9.9.9')) whole += piece;
  return whole;
}

/** The cells of RFC 4180 text, read without our own writer. */
function cells(csv: string): string[][] {
  return csv.split(/\r\n(?=(?:[^"]*"[^"]*")*[^"]*$)/).filter((line) => line !== '').map((line) =>
    [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, bare]) => (quoted === undefined ? bare : quoted.replaceAll('""', '"')) ?? ''));
}

describe('exported calls', () => {
  it('are the journal’s own records as JSON lines', async () => {
    const lines = (await text('jsonl', RECORD, { ...RECORD, seq: 8 })).trim().split('\n');
    assert.deepEqual(lines.map((line) => JSON.parse(line) as unknown), [RECORD, { ...RECORD, seq: 8 }]);
  });

  it('are a table with a header that reads back whole', async () => {
    const [header, row] = cells(await text('csv', RECORD));
    const read = Object.fromEntries((header ?? []).map((name, i) => [name, row?.[i]]));
    assert.deepEqual([read['seq'], read['server'], read['durationMs'], read['truncated'], read['code']], ['7', 'my server', '12.5', 'false', '']);
    assert.deepEqual(JSON.parse(read['arguments'] ?? ''), RECORD.arguments);
  });

  it('never start a cell with what a spreadsheet computes', async () => {
    for (const start of ['=HYPERLINK("http://x")', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1']) {
      const [, row] = cells(await text('csv', { ...RECORD, tool: start, client: start }));
      assert.equal((row ?? []).filter((cell) => /^[=+\-@\t\r]/.test(cell)).length, 0, JSON.stringify(start));
      assert.ok(row?.includes(`'${start}`));
    }
  });

  it('are an archive with one entry a call, the record within', async () => {
    const { log } = JSON.parse(await text('har', RECORD, { ...RECORD, outcome: 'refused', code: 'paused' })) as {
      log: { version: string; creator: { version: string }; entries: { request: { url: string }; response: { status: number; statusText: string }; time: number; _call: CallRecord }[] };
    };
    assert.deepEqual([log.version, log.creator.version, log.entries.length], ['1.2', '9.9.9', 2]);
    assert.deepEqual([log.entries[0]?.request.url, log.entries[0]?.response.status, log.entries[0]?.time], ['mcp://my%20server/search', 200, 12.5]);
    assert.deepEqual([log.entries[1]?.response.status, log.entries[1]?.response.statusText], [403, 'refused (paused)']);
    assert.deepEqual(log.entries[0]?._call, RECORD);
  });

  it('of nothing are still a file of their kind', async () => {
    assert.equal(await text('jsonl'), '');
    assert.equal(cells(await text('csv')).length, 1);
    assert.deepEqual((JSON.parse(await text('har')) as { log: { entries: unknown[] } }).log.entries, []);
  });
});
