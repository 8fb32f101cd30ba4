// How long the inspector waits for calls out of 100,000 recorded ones. The bar is 50 ms for every kind of filter.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CallIndex } from '../../src/proxy/journal/call-index.ts';
import { openJournal } from '../../src/proxy/journal/journal.ts';
import { queryJournal } from '../../src/proxy/journal/query.ts';
import type { CallFilter } from '../../src/proxy/journal/types.ts';
import { report } from '../lib/report.ts';
import { ms, quantile } from '../lib/statistics.ts';

const calls = 100_000;
const runs = 15;
const start = Date.parse('2026-01-01T00:00:00Z');
const dir = await mkdtemp(path.join(tmpdir(), 'vestibule-bench-journal-'));
const journal = await openJournal({ dir, maxBytes: 1 << 30, log: (_level, message) => console.error(message), now: () => start });

for (let i = 0; i < calls; i++) {
  journal.append({
    time: start + i * 1_000, id: `call-${i}`, session: `session-${i % 40}`, agent: `agent-${i % 5}`, client: 'bench 1',
    server: `server-${i % 50}`, tool: `tool-${i % 997}`, digest: `sha256-${String(i % 997).padStart(64, '0')}`, route: 'call_tool',
    arguments: JSON.stringify({ owner: 'octo', repo: `repo-${i % 3_001}`, title: `Something about item ${(i * 7_919) % 100_003}`, labels: ['bug', 'help wanted'] }),
    outcome: i % 1_000 === 0 ? 'ambiguous' : 'ok', code: undefined, durationMs: 12, bytesIn: 100, bytesOut: 2_000, truncated: false, findings: [], traceparent: undefined,
  });
  if (i % 5_000 === 4_999) await journal.flush();
}
await journal.flush();

// Without a filter the end of the journal is read, as `Journal.query` does.
const LATEST = 'the latest 300';
const filters: Readonly<Record<string, CallFilter>> = {
  [LATEST]: { limit: 300 },
  'one server': { server: 'server-7', limit: 300 },
  'one tool': { tool: 'tool-500', limit: 300 },
  'rare outcome': { outcome: 'ambiguous', limit: 300 },
  'ten minutes long ago': { since: start + 1_000_000, until: start + 1_600_000, limit: 300 },
  'text that is common': { text: 'help wanted', limit: 300 },
  'text of one call': { text: 'ITEM 77777', limit: 300 },
  'text of no call': { text: 'nothing like this', limit: 300 },
  'text and agent': { text: 'repo-2999', agent: 'agent-3', limit: 300 },
};

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const before = performance.now();
  await work();
  return performance.now() - before;
};

// A process that begins: everything was written by others, whose indexes lie beside the journal. Then the same without them.
await journal.close();
const writing = new CallIndex(dir);
await writing.tend();
await writing.keep();
const cold: number[] = [];
for (let run = 0; run < 5; run++) cold.push(await timed(() => new CallIndex(dir).query({ text: 'first' })));
for (const name of await readdir(dir)) if (name.startsWith('index-')) await rm(path.join(dir, name));
const building = await timed(() => new CallIndex(dir).query({ text: 'first' }));
const index = new CallIndex(dir);
await index.query({ text: 'first' });
const rows = [];
for (const [name, filter] of Object.entries(filters)) {
  const indexed: number[] = [];
  const read: number[] = [];
  for (let run = 0; run < runs; run++) {
    indexed.push(await timed(() => (name === LATEST ? queryJournal(dir, filter) : index.query(filter))));
    if (run < 3) read.push(await timed(() => queryJournal(dir, filter)));
  }
  rows.push({ filter: name, found: (await index.query(filter)).length, median: ms(quantile(indexed, 0.5)), worst: ms(Math.max(...indexed)), 'reading everything': ms(quantile(read, 0.5)) });
}
await report('journal', [
  ...rows,
  { filter: 'first query of a process', found: 0, median: ms(quantile(cold, 0.5)), worst: ms(Math.max(...cold)), 'reading everything': '' },
  { filter: 'the same, all indexes lost', found: 0, median: ms(building), worst: ms(building), 'reading everything': '' },
]);
await rm(dir, { recursive: true });
