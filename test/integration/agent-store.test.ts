import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { openAgentStore } from '../../src/proxy/agents/agent-store.ts';
import { LastSeen } from '../../src/proxy/agents/last-seen.ts';
import type { AgentStore, NewAgent } from '../../src/proxy/agents/types.ts';
import { VestibuleError } from '../../src/proxy/errors.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';

const root = tempFolder();
let count = 0;

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();

describe('agents', { timeout: 60_000 }, () => {
  let dir: string;
  let problems: VestibuleError[];
  let stores: AgentStore[];
  let clock: number;

  beforeEach(async () => {
    dir = join(root, String(++count));
    await mkdir(dir);
    problems = [];
    stores = [];
    clock = 1_000_000;
  });
  afterEach(() => stores.forEach((store) => store.dispose()));

  const open = async (now?: () => number): Promise<AgentStore> => {
    const store = await openAgentStore(dir, { onProblem: (problem) => problems.push(problem), ...(now && { now }) });
    stores.push(store);
    return store;
  };
  const file = (): string => join(dir, 'agents.json');
  const refused = (agent: NewAgent, why: RegExp): ((store: AgentStore) => Promise<void>) => (store) =>
    assert.rejects(store.add(agent), (error) => VestibuleError.is(error, 'usage') && why.test(error.message));

  it('are known by their tokens, of which only the hash is kept', async () => {
    const store = await open();
    const { token, agent } = await store.add({ name: 'bot', grant: { servers: ['a*'], tier: 'read' } });
    assert.match(token, /^vst_[\w-]{43}$/);
    assert.deepEqual(agent.grant, { servers: ['a*'], tools: 'all', tier: 'read' });
    const text = await readFile(file(), 'utf8');
    assert.ok(!text.includes(token) && text.includes(hashOf(token).toString('hex')));
    const known = store.find(hashOf(token));
    assert.deepEqual(known?.principal, { id: 'bot', kind: 'agent', label: 'bot', grant: agent.grant });
    assert.equal(store.find(hashOf(token))?.principal, known.principal, 'one object, for what is worked out for it');
    assert.equal(store.find(hashOf('vst_other')), undefined);
    assert.equal(store.find(hashOf('')), undefined);
    const again = await open();
    assert.deepEqual(again.find(hashOf(token))?.principal, known.principal, 'after a restart');
  });

  it('are refused from the very next look on, whoever revoked them', async () => {
    const serving = await open();
    const other = await open();
    const ended: string[] = [];
    serving.onDidEnd((name) => ended.push(name));
    const [one, two] = [await other.add({ name: 'one' }), await other.add({ name: 'two' })];
    assert.equal(serving.find(hashOf(one.token))?.record.name, 'one', 'nobody waited for a watcher');
    await other.revoke('one');
    assert.equal(serving.find(hashOf(one.token)), undefined);
    assert.deepEqual(ended, ['one']);
    const writing = serving.revoke('two');
    assert.equal(serving.find(hashOf(two.token)), undefined, 'before the first await');
    await writing;
    assert.deepEqual(ended, ['one', 'two']);
    assert.deepEqual(other.find(hashOf(two.token)), undefined);
    await assert.rejects(serving.revoke('two'), (error) => VestibuleError.is(error, 'not-found'));
    await rm(file());
    assert.deepEqual(serving.find(hashOf(one.token)), undefined);
  });

  it('of one name have one token, and a new one makes the old one void', async () => {
    const store = await open();
    const { token } = await store.add({ name: 'bot' });
    await refused({ name: 'BOT' }, /"bot" already/)(store);
    await store.revoke('bot');
    const later = await store.add({ name: 'bot' });
    assert.equal(store.find(hashOf(token)), undefined);
    assert.notEqual(store.find(hashOf(later.token)), undefined);
  });

  it('that two processes add at once are all there', async () => {
    const [one, other] = [await open(), await open()];
    const issued = await Promise.all(Array.from({ length: 12 }, (_, i) => (i % 2 === 0 ? one : other).add({ name: `agent-${i}` })));
    for (const { token } of issued) for (const store of [one, other]) assert.notEqual(store.find(hashOf(token)), undefined);
  });

  it('expire, and their sessions end at that moment without anybody asking', async () => {
    const store = await open(() => clock);
    const { token } = await store.add({ name: 'brief', expiresInMs: 1 });
    assert.notEqual(store.find(hashOf(token)), undefined);
    const ended = new Promise<string>((resolve) => store.onDidEnd(resolve));
    clock += 1;
    assert.equal(store.find(hashOf(token)), undefined, 'to the millisecond');
    assert.equal(await ended, 'brief');
    assert.deepEqual(store.all.map(({ name }) => name), ['brief'], 'shown until revoked');
  });

  it('cannot pass for callers of our own, nor have what is no grant', async () => {
    const store = await open();
    for (const name of ['editor', 'Local', 'person', '', '-x', 'a b', 'a\u202Eb', '__proto__', 'x'.repeat(65)]) await refused({ name }, /will not do/)(store);
    await refused({ name: 'a', grant: { tools: ['get_[ab]'] } }, /only \* and \?/)(store);
    await refused({ name: 'a', grant: { servers: [''] } }, /empty/)(store);
    await refused({ name: 'a', grant: { servers: [] } }, /0 globs/)(store);
    await refused({ name: 'a', profile: 'no/name' }, /profile/)(store);
    assert.equal(store.all.length, 0);
  });

  it('are let in by no file that cannot be read, and by it again once it is mended', async () => {
    const store = await open();
    const { token } = await store.add({ name: 'bot', grant: { tier: 'read' } });
    const good = await readFile(file(), 'utf8');
    const damage: readonly [string, string][] = [
      ['cut off', good.slice(0, -10)],
      ['another version', good.replace('"version": 1', '"version": 2')],
      ['a misspelled member', good.replace('"tier"', '"teir"')],
      ['a member left out', good.replace(/"servers": "all",/, '')],
      ['an unknown member', good.replace('"tier"', '"more": 1, "tier"')],
      ['a name of our own', good.replace('"bot"', '"editor"')],
      ['a hash that is none', good.replace(/[0-9a-f]{64}/, 'zz')],
      ['not text', '\u0000'],
      ['empty', ''],
    ];
    for (const [what, text] of damage) {
      await writeFile(file(), text);
      assert.equal(store.find(hashOf(token)), undefined, what);
      assert.match(store.problem?.message ?? '', /cannot be read/, what);
      assert.equal(problems.length, 1, `${what} is told once`);
      await assert.rejects(store.add({ name: 'new' }), VestibuleError, 'nothing is written over it');
      assert.equal(await readFile(file(), 'utf8'), text);
      problems = [];
      await writeFile(file(), good);
      assert.notEqual(store.find(hashOf(token)), undefined, what);
      assert.equal(store.problem, undefined);
    }
  });
});

describe('when agents were last seen', { timeout: 60_000 }, () => {
  it('is kept over a restart, apart from the agents, and forgotten with them', async () => {
    const dir = join(root, String(++count));
    await mkdir(dir);
    const known = new Set(['one', 'two']);
    const open = (): Promise<LastSeen> => LastSeen.open(dir, { onProblem: (problem) => assert.fail(problem.message), isKnown: (name) => known.has(name) });
    const seen = await open();
    assert.equal(seen.of('one', 0), undefined);
    const before = Date.now();
    seen.seen('one');
    seen.seen('two');
    assert.ok((seen.of('one', 0) ?? 0) >= before);
    await seen.flush();
    seen.dispose();
    const later = await open();
    assert.ok((later.of('one', before) ?? 0) >= before);
    assert.equal(later.of('one', Date.now() + 1), undefined, 'that was another agent of this name');
    known.delete('two');
    later.seen('one');
    await later.flush();
    assert.equal(later.of('two', 0), undefined);
    later.dispose();
  });
});
