import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { VestibuleError } from '../../src/proxy/errors.ts';
import { openPauseStore } from '../../src/proxy/pause/pause-store.ts';
import type { PauseStore } from '../../src/proxy/pause/types.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';

const root = tempFolder();
let count = 0;

describe('pauses', { timeout: 60_000 }, () => {
  let dir: string;
  let problems: VestibuleError[];
  let stores: PauseStore[];

  beforeEach(async () => {
    dir = join(root, String(++count));
    await mkdir(dir);
    problems = [];
    stores = [];
  });
  afterEach(() => stores.forEach((store) => store.dispose()));

  const open = async (): Promise<PauseStore> => {
    const store = await openPauseStore(dir, { onProblem: (problem) => problems.push(problem) });
    stores.push(store);
    return store;
  };
  const file = (): string => join(dir, 'paused.json');
  const changed = (store: PauseStore): Promise<void> =>
    new Promise((resolve) => {
      const subscription = store.onDidChange(() => {
        subscription.dispose();
        resolve();
      });
    });

  it('hold before the first await, for exactly what was named', async () => {
    const store = await open();
    const written = store.pause({ server: 'a', tool: 'x' }, { cancel: false });
    assert.equal(store.reach('a', 'x'), 'tool');
    assert.deepEqual([store.reach('a', 'y'), store.reach('b', 'x')], [undefined, undefined]);
    await written;
    await store.pause({ server: 'a' }, { cancel: false });
    assert.deepEqual([store.reach('a', 'x'), store.reach('a', 'y'), store.reach('b', 'x')], ['server', 'server', undefined]);
    await store.pause({}, { cancel: false });
    assert.equal(store.reach('b', 'x'), 'all');
    await store.resume({ server: 'a' });
    assert.deepEqual(store.snapshot, { all: true, servers: [], tools: [], problem: undefined }, 'the wider pause stays');
    await store.resume({});
    assert.equal(store.reach('a', 'x'), undefined);
  });

  it('reach every process over the folder, and outlast all of them', async () => {
    const one = await open();
    const other = await open();
    const heard = changed(other);
    await one.pause({ server: 'a' }, { cancel: false });
    await heard;
    assert.equal(other.reach('a', 'x'), 'server');
    assert.equal((await open()).reach('a', 'x'), 'server');
    const lifted = changed(one);
    await other.resume({});
    await lifted;
    assert.equal(one.reach('a', 'x'), undefined);
  });

  it('hold for the very next call after another process or a script wrote them, before any watch could tell', async () => {
    const [one, other] = [await open(), await open()];
    await one.pause({ server: 'a' }, { cancel: false });
    assert.equal(other.reach('a', 'x'), 'server');
    await other.resume({});
    assert.equal(one.reach('a', 'x'), undefined);
    writeFileSync(file(), '{"version": 1, "state": {"all": true}}');
    assert.deepEqual([one.reach('b', 'x'), other.reach('b', 'x')], ['all', 'all']);
    rmSync(file());
    assert.deepEqual([one.reach('b', 'x'), other.reach('b', 'x')], [undefined, undefined]);
  });

  it('can be written by a script, all members optional', async () => {
    const store = await open();
    const heard = changed(store);
    await writeFile(file(), '{"version": 1, "state": {"tools": [{"server": "a", "tool": "x"}]}}');
    await heard;
    assert.deepEqual([store.reach('a', 'x'), store.reach('a', 'y'), problems.length], ['tool', undefined, 0]);
    const gone = changed(store);
    await rm(file());
    await gone;
    assert.equal(store.reach('a', 'x'), undefined);
  });

  for (const [what, text, expected] of [
    ['an empty file', '', /paused\.json:1:1: /],
    ['a torn file', '{"version": 1,\n "state": {"all"', /paused\.json:2:\d+: /],
    ['a misspelled member', '{"version": 1, "state": {"al": true}}', /paused\.json:1:\d+: expected no member/],
    ['a wrong type', '{"version": 1, "state": {"all": "yes"}}', /expected true or false/],
    ['another version', '{"version": 2, "state": {}}', /expected version 1/],
  ] as const) {
    it(`${what} pauses everything, and says where and why`, async () => {
      await writeFile(file(), text);
      const store = await open();
      assert.equal(store.reach('a', 'x'), 'all');
      assert.match(store.snapshot.problem?.message ?? '', expected);
      assert.equal(problems.length, 1);
    });
  }

  it('of a file that cannot be read end with everything resumed, and by nothing less', async () => {
    await writeFile(file(), 'broken');
    const store = await open();
    await store.resume({ server: 'a' });
    assert.equal(store.reach('a', 'x'), 'all');
    await writeFile(file(), 'broken again');
    await store.pause({ server: 'a' }, { cancel: false });
    assert.equal(store.reach('b', 'x'), 'all', 'naming one server frees no other');
    await store.resume({});
    assert.equal(store.reach('a', 'x'), undefined);
    assert.equal((await readdir(dir)).filter((name) => name.includes('.corrupt-')).length, 2, 'what could not be read is kept');
  });

  it('hold here even when they cannot be written', async () => {
    const store = await open();
    const unreadable = changed(store);
    await mkdir(`${file()}/in-the-way`, { recursive: true });
    await unreadable;
    await assert.rejects(store.pause({ server: 'a' }, { cancel: false }));
    assert.equal(store.reach('a', 'x'), 'all');
    const gone = changed(store);
    await rm(file(), { recursive: true });
    await gone;
    assert.equal(store.reach('a', 'x'), 'server');
    assert.equal(store.reach('b', 'x'), undefined);
  });

  it('cancel what is under way when asked to, here and elsewhere, and nothing else', async () => {
    const here = await open();
    const there = await open();
    const flights = [here, there].map((store) => ({ meant: store.enter('a', 'x', Date.now()), other: store.enter('b', 'x', Date.now()), later: store.enter('a', 'x', Date.now() + 60_000) }));
    await here.pause({ server: 'a' }, { cancel: false });
    assert.ok(flights.every(({ meant }) => !meant.signal.aborted), 'not without being asked');
    const heard = once(flights[1]?.meant.signal ?? assert.fail(), 'abort');
    await here.pause({ server: 'a' }, { cancel: true });
    await heard;
    for (const { meant, other, later } of flights) assert.deepEqual([meant.signal.aborted, other.signal.aborted, later.signal.aborted], [true, false, false]);
    const agent = new AbortController();
    const within = here.enter('c', 'x', Date.now(), agent.signal);
    agent.abort('the agent said so');
    assert.deepEqual([within.signal.aborted, within.signal.reason, within.cancelled], [true, 'the agent said so', false], 'a call also ends with what it is within');
    assert.equal(flights[0]?.meant.cancelled, true);
    await here.resume({});
    const after = here.enter('a', 'x', Date.now());
    await here.pause({ server: 'b' }, { cancel: false });
    assert.equal(after.signal.aborted, false, 'an old cancellation is not carried out again');
    assert.match(await readFile(file(), 'utf8'), /"cancelled"/);
  });
});
