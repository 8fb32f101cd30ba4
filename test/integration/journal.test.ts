import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { VestibuleError } from '../../src/proxy/errors.ts';
import { followJournal } from '../../src/proxy/journal/follow.ts';
import { openJournal, type JournalOptions } from '../../src/proxy/journal/journal.ts';
import { queryJournal } from '../../src/proxy/journal/query.ts';
import type { CallEntry, CallRecord, Journal } from '../../src/proxy/journal/types.ts';
import { verifyJournal } from '../../src/proxy/journal/verify.ts';

const DAY_MS = 86_400_000;
const CHILD = fileURLToPath(new URL('../fixtures/journal-child.ts', import.meta.url));

function call(change: Partial<CallEntry> = {}): CallEntry {
  return {
    time: Date.now(),
    id: 'c',
    session: 's',
    agent: 'editor',
    client: 'test 1',
    server: 'github',
    tool: 'create_issue',
    digest: undefined,
    route: 'call_tool',
    arguments: '{"owner":"o"}',
    outcome: 'ok',
    code: undefined,
    durationMs: 1,
    bytesIn: 10,
    bytesOut: 10,
    truncated: false,
    findings: [],
    traceparent: undefined,
    ...change,
  };
}

describe('the call journal', () => {
  let root: string;
  let dir: string;
  let count = 0;
  let logged: { level: string; message: string; data: Readonly<Record<string, unknown>> | undefined }[];
  let opened: Journal[];

  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'vestibule-journal-'));
  });
  beforeEach(() => {
    dir = join(root, String(count++), 'journal');
    logged = [];
    opened = [];
  });
  afterEach(async () => {
    for (const journal of opened) await journal.close();
  });
  after(() => rm(root, { recursive: true }));

  async function open(options: Partial<JournalOptions> = {}): ReturnType<typeof openJournal> {
    const journal = await openJournal({ dir, log: (level, message, data) => logged.push({ level, message, data }), ...options });
    opened.push(journal);
    return journal;
  }

  async function segments(): Promise<string[]> {
    return (await readdir(dir)).filter((name) => name.startsWith('calls-')).sort();
  }

  async function lines(): Promise<string[]> {
    const texts = await Promise.all((await segments()).map((name) => readFile(join(dir, name), 'utf8')));
    return texts.join('').split('\n').slice(0, -1);
  }

  /** Writes `n` calls and closes. */
  async function written(n: number, options: Partial<JournalOptions> = {}): Promise<void> {
    const journal = await open(options);
    for (let i = 0; i < n; i++) journal.append(call({ id: `c${i}` }));
    await journal.close();
  }

  it('keeps sequence and chain across restarts', async () => {
    await written(3);
    await written(2);
    assert.deepEqual((await lines()).map((line) => (JSON.parse(line) as CallRecord).seq), [1, 2, 3, 4, 5]);
    assert.deepEqual(await verifyJournal(dir), { ok: true, lines: 5, removed: 0 });
  });

  it('hands out each record once it is written', async () => {
    const journal = await open();
    const heard: CallRecord[] = [];
    journal.onDidAppend(() => {
      throw new Error('a listener of someone else');
    });
    journal.onDidAppend((record) => heard.push(record));
    journal.append(call({ id: 'a' }));
    journal.append(call({ id: 'b' }));
    assert.deepEqual(heard, [], 'nothing happens inside the call');
    await journal.flush();
    assert.deepEqual(heard.map(({ id, seq }) => [id, seq]), [['a', 1], ['b', 2]]);
    assert.deepEqual(heard, (await journal.query({})).toReversed());
  });

  it('answers queries newest first, through filters and over segments', async () => {
    const journal = await open({ maxSegmentBytes: 2_000 });
    const start = Date.now();
    for (let i = 0; i < 50; i++) {
      journal.append(call({ id: `c${i}`, time: start + i, server: i % 2 === 0 ? 'even' : 'odd', agent: i % 5 === 0 ? 'five' : 'other', outcome: i % 10 === 0 ? 'refused' : 'ok', arguments: `{"n":"value ${i}"}` }));
    }
    const ids = async (filter: Parameters<Journal['query']>[0]): Promise<string[]> => (await journal.query(filter)).map(({ id }) => id);
    assert.deepEqual(await ids({ limit: 3 }), ['c49', 'c48', 'c47']);
    assert.ok((await segments()).length > 5);
    assert.deepEqual(await ids({ server: 'even', agent: 'five', limit: 2 }), ['c40', 'c30']);
    assert.deepEqual(await ids({ outcome: 'refused' }), ['c40', 'c30', 'c20', 'c10', 'c0']);
    assert.deepEqual(await ids({ since: start + 48 }), ['c49', 'c48']);
    assert.deepEqual(await ids({ text: 'VALUE 7"' }), ['c7']);
    assert.deepEqual(await ids({ limit: 0 }), []);
    assert.equal((await ids({ limit: 1_000 })).length, 50);
  });

  it('puts decisions into the same chain, and not among calls', async () => {
    const journal = await open();
    journal.append(call());
    journal.decide({ time: Date.now(), by: 'person', action: 'approve', server: 'github', subject: 'create_issue', digest: 'sha256-x' });
    journal.append(call());
    assert.equal((await journal.query({})).length, 2);
    const decision = JSON.parse((await lines())[1] ?? '') as Record<string, unknown>;
    assert.deepEqual(Object.keys(decision), ['v', 'seq', 'time', 'kind', 'by', 'action', 'server', 'subject', 'digest', 'prev', 'hash']);
    assert.equal(decision['kind'], 'decision');
    assert.equal((await verifyJournal(dir)).ok, true);
  });

  it('writes no known secret, in any of its lines', async () => {
    const journal = await open();
    journal.redactor.addKnown('s3cret-of-the-house');
    const hidden = Buffer.from('user:s3cret-of-the-house').toString('base64');
    journal.append(call({ tool: 's3cret-of-the-house', client: 's3cret-of-the-house', findings: ['s3cret-of-the-house'], arguments: JSON.stringify({ a: hidden, b: 's3cret-of-the-house', password: 'unknown' }) }));
    await journal.flush();
    const text = (await lines()).join('\n');
    assert.ok(!text.includes('s3cret') && !text.includes(hidden) && !text.includes('unknown'));
  });

  describe('after a crash', () => {
    it('drops a torn last line, says so in the log and in the chain, and goes on', async () => {
      await written(3);
      const [name = ''] = await segments();
      await appendFile(join(dir, name), '{"v":1,"seq":4,"time":"2026');
      assert.equal((await verifyJournal(dir)).ok, true, 'a line being written is no break');
      await written(1);
      const kinds = (await lines()).map((line) => (JSON.parse(line) as { kind?: string; note?: string }).note);
      assert.deepEqual(kinds, [undefined, undefined, undefined, 'torn-line', undefined]);
      assert.ok(logged.some(({ message }) => message.includes('torn')));
      assert.deepEqual(await verifyJournal(dir), { ok: true, lines: 5, removed: 0 });
    });

    it('goes on after being killed in the middle of writing', async () => {
      for (let round = 0; round < 3; round++) {
        const child = spawn(process.execPath, [CHILD, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
        for await (const line of createInterface(child.stdout)) if (Number(line) % 1_000 > 150) break;
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      await written(1);
      const verified = await verifyJournal(dir);
      assert.ok(verified.ok && verified.lines > 150, JSON.stringify(verified));
    });

    it('notes lines that had been written and are gone', async () => {
      await written(5);
      const [name = ''] = await segments();
      await writeFile(join(dir, name), `${(await lines()).slice(0, 3).join('\n')}\n`);
      await written(1);
      assert.deepEqual((await lines()).slice(3, 4).map((line) => (JSON.parse(line) as { note?: string; count?: number }).count), [2]);
      assert.ok(logged.some(({ data }) => data?.['lines'] === 2));
    });

    it('starts over an empty last segment', async () => {
      await written(2);
      await writeFile(join(dir, 'calls-000000000000003.jsonl'), '');
      await written(1);
      assert.deepEqual(await verifyJournal(dir), { ok: true, lines: 3, removed: 0 });
    });
  });

  describe('verification', () => {
    const damage: readonly { readonly name: string; readonly change: (all: string[]) => string[]; readonly line: number; readonly problem: RegExp }[] = [
      { name: 'an edited line', change: (all) => all.map((line, i) => (i === 4 ? line.replace('create_issue', 'delete_issue') : line)), line: 5, problem: /changed after/ },
      { name: 'a removed line', change: (all) => all.toSpliced(4, 1), line: 5, problem: /line 5 should stand here/ },
      { name: 'a removed first line', change: (all) => all.slice(1), line: 1, problem: /before 2 are missing/ },
      { name: 'a removed last line', change: (all) => all.slice(0, -1), line: 9, problem: /lines 10 to 10 are missing/ },
      { name: 'reordered lines', change: (all) => all.toSpliced(4, 2, all[5] ?? '', all[4] ?? ''), line: 5, problem: /line 5 should stand here/ },
      { name: 'a repeated line', change: (all) => all.toSpliced(4, 0, all[3] ?? ''), line: 5, problem: /should stand here/ },
      { name: 'an inserted line', change: (all) => all.toSpliced(4, 0, '{"v":1}'), line: 5, problem: /not a journal line/ },
      { name: 'an empty line', change: (all) => all.toSpliced(4, 0, ''), line: 5, problem: /not a journal line/ },
      { name: 'everything removed', change: () => [], line: 1, problem: /lines 1 to 10 are missing/ },
    ];
    for (const { name, change, line, problem } of damage) {
      it(`names ${name}`, async () => {
        await written(10);
        const [segment = ''] = await segments();
        await writeFile(join(dir, segment), change(await lines()).map((text) => `${text}\n`).join(''));
        const verified = await verifyJournal(dir);
        assert.ok(!verified.ok);
        assert.equal(verified.broken.line, line);
        assert.match(verified.broken.problem, problem);
      });
    }

    it('names the first line of any change anywhere, over segments', async () => {
      await written(60, { maxSegmentBytes: 4_000 });
      const whole = await Promise.all((await segments()).map(async (name) => ({ name, lines: (await readFile(join(dir, name), 'utf8')).split('\n').slice(0, -1) })));
      const all = whole.flatMap(({ lines: own, name }) => own.map((_text, i) => ({ name, i })));
      assert.ok(whole.length > 3);
      const place = fc.nat(all.length - 1);
      const change = fc.oneof(
        fc.record({ kind: fc.constant('edit' as const), place, at: fc.nat(10_000), by: fc.integer({ min: 1, max: 94 }) }),
        fc.record({ kind: fc.constant('remove' as const), place }),
        fc.record({ kind: fc.constant('swap' as const), place, with: place }),
      );
      await fc.assert(
        fc.asyncProperty(change, async (wanted) => {
          const now = new Map(whole.map(({ lines: own, name }) => [name, [...own]]));
          const here = all[wanted.place] ?? assert.fail();
          const own = now.get(here.name) ?? assert.fail();
          const text = own[here.i] ?? assert.fail();
          let first = here;
          if (wanted.kind === 'edit') {
            const at = wanted.at % text.length;
            own[here.i] = `${text.slice(0, at)}${String.fromCharCode(32 + ((text.charCodeAt(at) - 32 + wanted.by) % 95))}${text.slice(at + 1)}`;
          } else if (wanted.kind === 'remove') {
            own.splice(here.i, 1);
          } else {
            fc.pre(wanted.place !== wanted.with);
            const there = all[wanted.with] ?? assert.fail();
            own[here.i] = whole.find(({ name }) => name === there.name)?.lines[there.i] ?? assert.fail();
            (now.get(there.name) ?? assert.fail())[there.i] = text;
            if (wanted.with < wanted.place) first = there;
          }
          for (const [name, changed] of now) await writeFile(join(dir, name), changed.map((line) => `${line}\n`).join(''));
          const verified = await verifyJournal(dir);
          assert.ok(!verified.ok, 'it is noticed');
          // Of a removed line the one that stands in its place is named: the next one, maybe of the next segment, or the last.
          const line = whole.flatMap(({ lines: kept, name }) => kept.map((_text, i) => `${name}:${i + 1}`)).indexOf(`${first.name}:${first.i + 1}`);
          const named = [...now].flatMap(([name, kept]) => kept.map((_text, i) => `${name}:${i + 1}`)).indexOf(`${verified.broken.file}:${verified.broken.line}`);
          const expected = wanted.kind === 'remove' ? Math.min(line, all.length - 2) : line;
          // Whether a first line may be the first of all is only known at the end: the one after it breaks earlier.
          assert.ok(named === expected || (wanted.kind === 'swap' && line === 0 && named === 1), `${named} for ${expected}`);
        }),
        { numRuns: 150 },
      );
    });

    it('names a removed segment', async () => {
      await written(60, { maxSegmentBytes: 2_000 });
      const [first = '', second = '', third = ''] = await segments();
      await rm(join(dir, second));
      const middle = await verifyJournal(dir);
      assert.ok(!middle.ok && middle.broken.file === third && middle.broken.line === 1);
      await rm(join(dir, first));
      const start = await verifyJournal(dir);
      assert.ok(!start.ok && start.broken.file === third && /no retention removed them/.test(start.broken.problem));
    });

    it('keeps naming lines that were taken away after the next start', async () => {
      await written(5);
      const [name = ''] = await segments();
      await writeFile(join(dir, name), `${(await lines()).slice(0, 3).join('\n')}\n`);
      await written(1);
      const verified = await verifyJournal(dir);
      assert.ok(!verified.ok && verified.broken.line === 4 && verified.broken.problem.includes('2 lines'));
    });

    it('is content with nothing', async () => {
      assert.deepEqual(await verifyJournal(join(dir, 'absent')), { ok: true, lines: 0, removed: 0 });
    });
  });

  describe('retention', () => {
    it('holds the size, and the chain says what was removed', async () => {
      await written(300, { maxSegmentBytes: 5_000, maxBytes: 20_000 });
      await written(300, { maxSegmentBytes: 5_000, maxBytes: 20_000 });
      const names = await segments();
      const sizes = await Promise.all(names.map(async (name) => (await stat(join(dir, name))).size));
      // The newest segment may grow to its own limit after the last look.
      assert.ok(sizes.reduce((sum, size) => sum + size, 0) <= 25_000);
      assert.ok(sizes.every((size) => size <= 5_000));
      const verified = await verifyJournal(dir);
      assert.ok(verified.ok && verified.removed > 400, JSON.stringify(verified));
      await rm(join(dir, names[0] ?? ''));
      assert.equal((await verifyJournal(dir)).ok, false, 'one more removed by hand is noticed');
    });

    it('does not disturb a verification that runs meanwhile', async () => {
      const journal = await open({ maxSegmentBytes: 3_000, maxBytes: 9_000 });
      const writing = new AbortController();
      const verdicts = (async () => {
        const all = [];
        while (!writing.signal.aborted) all.push(await verifyJournal(dir));
        return all;
      })();
      for (let i = 0; i < 100; i++) {
        for (let j = 0; j < 10; j++) journal.append(call());
        await journal.query({ limit: 0 });
      }
      writing.abort();
      const all = await verdicts;
      assert.ok(all.length > 5);
      for (const verdict of all) assert.ok(verdict.ok, JSON.stringify(verdict));
    });

    it('removes segments by age', async () => {
      await written(30, { maxSegmentBytes: 2_000 });
      const old = await segments();
      for (const name of old) await utimes(join(dir, name), new Date(), new Date(Date.now() - 91 * DAY_MS));
      await written(1, { now: () => Date.now() + 2 * DAY_MS });
      assert.equal((await segments()).filter((name) => old.includes(name)).length, 0);
      const verified = await verifyJournal(dir);
      assert.ok(verified.ok && verified.removed >= 30, JSON.stringify(verified));
    });
  });

  describe('under pressure', () => {
    it('never blocks or throws: what does not fit the queue is counted, noted and reported', async () => {
      const journal = await open();
      for (let i = 0; i < 12_000; i++) journal.append(call());
      await journal.close();
      const all = (await lines()).map((line) => JSON.parse(line) as { kind?: string; count?: number });
      const lost = all.filter(({ kind }) => kind === 'note').reduce((sum, { count = 0 }) => sum + count, 0);
      assert.equal(lost, 2_000);
      assert.equal(all.filter(({ kind }) => kind === undefined).length, 10_000);
      assert.ok(logged.some(({ data }) => data?.['lost'] === 2_000));
      assert.equal((await verifyJournal(dir)).ok, true);
    });

    it('takes entries that cannot be written down for lost, not for an error of the call', async () => {
      const journal = await open();
      journal.append(call({ time: Number.NaN }));
      journal.append(call({ id: 'fine' }));
      assert.deepEqual((await journal.query({})).map(({ id }) => id), ['fine']);
      await journal.close();
      assert.ok(logged.some(({ level }) => level === 'error'));
    });

    for (const [where, maxSegmentBytes] of [['in the same segment', 4 * 1024 * 1024], ['in the next one', 500]] as const) {
      it(`makes a folder anew that disappears, and loses nothing from then on (${where})`, { skip: process.platform === 'win32' }, async () => {
        const journal = await open({ maxSegmentBytes });
        journal.append(call({ id: 'before' }));
        await journal.query({});
        await rm(dir, { recursive: true });
        for (const id of ['one', 'two']) {
          journal.append(call({ id }));
          assert.equal((await journal.query({ limit: 1 }))[0]?.id, id);
        }
        await journal.close();
        assert.equal(journal.lost, 0);
        assert.deepEqual((await lines()).map((line) => (JSON.parse(line) as CallRecord).id), ['one', 'two']);
        const verified = await verifyJournal(dir);
        assert.match(verified.ok ? '' : verified.broken.problem, /^the lines before 2 are missing/);
        const again = await open();
        again.append(call({ id: 'three' }));
        assert.deepEqual((await again.query({})).map(({ id }) => id), ['three', 'two', 'one']);
      });
    }

    it('outlives a folder that cannot be made anew, and notes what was lost meanwhile', { skip: process.platform === 'win32' }, async () => {
      const journal = await open({ maxSegmentBytes: 500 });
      journal.append(call());
      await journal.query({});
      await rm(dir, { recursive: true });
      await writeFile(dir, 'in the way');
      let told = false;
      journal.onDidLose(() => (told = true));
      for (let i = 0; i < 3; i++) journal.append(call());
      await journal.flush();
      assert.equal(logged.filter(({ level }) => level === 'error').length, 1, 'one message, not one each');
      assert.deepEqual([journal.lost, told], [3, true], 'the person is told how many');
      await rm(dir);
      journal.append(call({ id: 'after' }));
      assert.deepEqual((await journal.query({})).map(({ id }) => id), ['after']);
      assert.match((await lines())[0] ?? '', /"kind":"note","note":"lost","count":3/);
    });
  });

  it('has one writer at a time', async () => {
    await open();
    await assert.rejects(open(), (error) => VestibuleError.is(error, 'data-folder-locked'));
  });

  it('can be read by others while it is written', async () => {
    const journal = await open();
    journal.append(call({ id: 'one' }));
    await journal.flush();
    assert.deepEqual((await queryJournal(dir, {})).map(({ id }) => id), ['one']);
    assert.equal((await verifyJournal(dir)).ok, true);
  });

  it('is followed across segments, by another process’s writing', async () => {
    await written(3);
    const stop = new AbortController();
    const child = spawn(process.execPath, [CHILD, dir], { stdio: ['ignore', 'ignore', 'inherit'] });
    const seen: number[] = [];
    try {
      for await (const record of followJournal(dir, { signal: stop.signal })) {
        seen.push(record.seq);
        if (seen.length === 150) stop.abort();
      }
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    assert.ok((seen[0] ?? 0) > 3, 'nothing from before');
    assert.deepEqual(seen.slice(0, 150), Array.from({ length: 150 }, (_, i) => (seen[0] ?? 0) + i));
    assert.ok((await segments()).length > 1);
  });

  it('can be followed before it exists', async () => {
    const stop = new AbortController();
    const following = followJournal(dir, { signal: stop.signal });
    const first = following.next();
    await written(1);
    assert.equal((await first).value?.seq, 1);
    stop.abort();
    assert.equal((await following.next()).done, true);
  });

  it('keeps its files private', { skip: process.platform === 'win32' }, async () => {
    await written(1);
    assert.equal((await stat(dir)).mode & 0o777, 0o700);
    for (const name of await readdir(dir)) assert.equal((await stat(join(dir, name))).mode & 0o777, 0o600, name);
  });
});
