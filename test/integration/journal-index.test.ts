import assert from 'node:assert/strict';
import { appendFile, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { CallIndex } from '../../src/proxy/journal/call-index.ts';
import { openJournal } from '../../src/proxy/journal/journal.ts';
import { queryJournal } from '../../src/proxy/journal/query.ts';
import { SegmentIndex } from '../../src/proxy/journal/segment-index.ts';
import { indexPath, listIndexes, listSegments } from '../../src/proxy/journal/segments.ts';
import type { CallEntry, CallFilter } from '../../src/proxy/journal/types.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';

const root = tempFolder();
let count = 0;
const freshFolder = (): string => join(root, String(++count));

const START = Date.parse('2026-01-01T00:00:00Z');
const pick = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const server = pick('github', 'jira', 'mail');
const tool = pick('search', 'create', 'delete');
const agent = pick('editor', 'codex');
const outcome = pick<CallEntry['outcome']>('ok', 'tool_error', 'refused');
const word = pick('alpha', 'Beta', 'GAMMA', 'ünïcode ✓', 'a');

const entry = fc.record({ server, tool, agent, outcome, word, minute: fc.nat(500) }).map(
  ({ word: said, minute, ...rest }): CallEntry => ({
    ...rest, time: START + minute * 60_000, id: `id-${said}`, session: 's', client: 'test 1', digest: undefined, route: 'call_tool',
    arguments: JSON.stringify({ text: said }), code: undefined, durationMs: 1, bytesIn: 1, bytesOut: 1, truncated: false, findings: [], traceparent: undefined,
  }),
);
const minute = fc.nat(500).map((m) => START + m * 60_000);
const filter: fc.Arbitrary<CallFilter> = fc.record(
  { server, tool, agent, outcome, since: minute, until: minute, text: pick('alpha', 'BETA', 'gam', 'ÜNÏ', '✓', 'a', 'nowhere', '"text":"', ''), limit: fc.nat(40) },
  { requiredKeys: [] },
);

async function opened(dir: string, maxSegmentBytes: number): ReturnType<typeof openJournal> {
  return openJournal({ dir, maxSegmentBytes, maxBytes: 60_000, log: () => undefined, now: () => START });
}

describe('the index over the call journal', { timeout: 120_000 }, () => {
  it('finds what reading everything finds, while segments are added and removed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.array(entry, { maxLength: 150 }), filter), { minLength: 1, maxLength: 4 }), async (rounds) => {
        const dir = freshFolder();
        const journal = await opened(dir, 8_000);
        const index = new CallIndex(dir);
        for (const [entries, wanted] of rounds) {
          for (const one of entries) journal.append(one);
          await journal.flush();
          const expected = await queryJournal(dir, wanted);
          assert.deepEqual(await index.query(wanted), expected);
          assert.deepEqual(await journal.query(wanted), expected);
          // A process that begins now, over what was kept for it.
          assert.deepEqual(await new CallIndex(dir).query(wanted), expected);
          await index.tend();
          await index.keep();
          assert.deepEqual(await new CallIndex(dir).query(wanted), expected);
        }
        await journal.close();
        await rm(dir, { recursive: true });
      }),
      { numRuns: 40 },
    );
  });

  it('takes a line in once it is whole, and forgets what was cut back', async () => {
    const dir = freshFolder();
    const journal = await opened(dir, 1_000_000);
    const [one] = fc.sample(entry, { numRuns: 1, seed: 1 });
    journal.append({ ...(one ?? assert.fail()), id: 'first' });
    await journal.flush();
    await journal.close();
    const path = join(dir, (await readdir(dir)).find((name) => name.startsWith('calls-')) ?? assert.fail());
    const { size } = await stat(path);
    const index = new CallIndex(dir);
    const ids = async (): Promise<string[]> => (await index.query({ text: 'id' })).map(({ id }) => id);
    await appendFile(path, '{"v":1,"seq":2,"time":"2026-01-01T00:00:00.000Z","id":"second"');
    assert.deepEqual(await ids(), ['first']);
    await appendFile(path, ',"server":"s","tool":"t","agent":"a","outcome":"ok"}\n');
    assert.deepEqual(await ids(), ['second', 'first']);
    await truncate(path, size);
    assert.deepEqual(await ids(), ['first']);
    await rm(path);
    assert.deepEqual(await ids(), []);
  });

  it('is kept beside the journal for the next process, complete after an orderly end, and goes with its segment', async () => {
    const dir = freshFolder();
    const entries = fc.sample(entry, { numRuns: 400, seed: 1 });
    for (let round = 0; round < 2; round++) {
      const journal = await opened(dir, 8_000);
      for (const one of entries) journal.append(one);
      await journal.flush();
      await journal.close();
      const last = (await listSegments(dir)).at(-1) ?? assert.fail();
      assert.equal((await SegmentIndex.open(last.path)).bytes, (await stat(last.path)).size);
    }
    await new CallIndex(dir).tend();
    const [segments, { kept, stray }] = [await listSegments(dir), await listIndexes(dir)];
    assert.deepEqual([...kept].sort(), segments.map(({ name }) => name));
    assert.deepEqual(stray, []);
  });

  it('is not believed where it is damaged, or says something of another segment', async () => {
    const dir = freshFolder();
    const journal = await opened(dir, 1_000_000);
    for (const one of fc.sample(entry, { numRuns: 200, seed: 1 })) journal.append(one);
    await journal.close();
    const [segment = assert.fail()] = await listSegments(dir);
    const good = await readFile(indexPath(segment.path));
    const complete = (await stat(segment.path)).size;
    assert.equal((await SegmentIndex.open(segment.path)).bytes, complete);
    const expected = await queryJournal(dir, { text: 'beta' });
    const damaged = [good.subarray(0, good.length - 4), Buffer.concat([good, Buffer.alloc(4)]), Buffer.alloc(0), Buffer.from('not an index'), ...[0, 9, 14, 200, good.length - 1].map((at) => Buffer.from(good).fill((good[at] ?? 0) ^ 1, at, at + 1))];
    for (const bad of damaged) {
      await writeFile(indexPath(segment.path), bad);
      assert.equal((await SegmentIndex.open(segment.path)).bytes, 0);
      assert.deepEqual(await new CallIndex(dir).query({ text: 'beta' }), expected);
    }
    await writeFile(indexPath(segment.path), good);
    // Another journal in the same place, with lines of the same length.
    await writeFile(segment.path, (await readFile(segment.path, 'utf8')).replaceAll(/"hash":"(.{4})/g, '"hash":"0000'));
    assert.equal((await SegmentIndex.open(segment.path)).bytes, 0);
  });

  it('passes over what is no journal line, of any length', async () => {
    const dir = freshFolder();
    const journal = await opened(dir, 1_000_000);
    await journal.close();
    const path = join(dir, (await readdir(dir)).find((name) => name.startsWith('calls-')) ?? assert.fail());
    await appendFile(path, `not json\n[]\n\n${'x'.repeat(300_000)}\n{"v":1,"seq":2,"time":"2026-01-01T00:00:00.000Z","id":"here","server":"s","tool":"t"}\n`);
    assert.deepEqual((await new CallIndex(dir).query({ server: 's' })).map(({ id }) => id), ['here']);
  });
});
