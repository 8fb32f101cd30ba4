import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { openAgentStore } from '../../src/proxy/agents/agent-store.ts';
import { LastSeen } from '../../src/proxy/agents/last-seen.ts';
import type { AgentStore, NewAgent } from '../../src/proxy/agents/types.ts';
import { VestibuleError } from '../../src/proxy/errors.ts';
import { Spending } from '../../src/proxy/agents/spending.ts';
import type { Budget, Principal } from '../../src/proxy/model.ts';
import type { SealMemory } from '../../src/proxy/storage/seal.ts';
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
      ['another version', good.replace('"version": 2', '"version": 3')],
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

describe('the file of agents is sealed', { timeout: 60_000 }, () => {
  const opened: AgentStore[] = [];
  afterEach(() => opened.splice(0).forEach((store) => store.dispose()));
  const fresh = async (): Promise<string> => {
    const dir = join(root, String(++count));
    await mkdir(dir);
    return dir;
  };
  const open = async (dir: string, memory?: SealMemory): Promise<AgentStore> => {
    const store = await openAgentStore(dir, { onProblem: () => undefined, ...(memory && { memory }) });
    opened.push(store);
    return store;
  };
  const lets = (store: AgentStore, token: string): boolean => store.find(hashOf(token)) !== undefined;

  it('so that who was revoked stays revoked when an older copy is put back, also by another process and after a restart', async () => {
    const dir = await fresh();
    const file = join(dir, 'agents.json');
    const serving = await open(dir);
    const { token } = await serving.add({ name: 'bot' });
    const before = await readFile(file);
    assert.ok(lets(serving, token));
    // Revoked by another process, and put back before this one looked.
    await (await open(dir)).revoke('bot');
    await writeFile(file, before);
    assert.equal(lets(serving, token), false);
    assert.match(serving.problem?.message ?? '', /older copy/);
    const later = await open(dir);
    assert.equal(lets(later, token), false, 'after a restart');
    await assert.rejects(later.add({ name: 'new' }), VestibuleError, 'nothing is written over what nobody could read');
    await rm(file);
    assert.equal(lets(later, token), false);
    const next = await later.add({ name: 'bot' });
    assert.ok(lets(later, next.token));
    assert.ok(lets(serving, next.token));
    await writeFile(file, before);
    assert.equal(lets(later, token), false, 'older still');
  });

  it('so that nothing but Vestibule widens a grant, and one agent’s text is not another folder’s', async () => {
    const dir = await fresh();
    const file = join(dir, 'agents.json');
    const store = await open(dir);
    const { token } = await store.add({ name: 'bot', grant: { tier: 'read' } });
    const good = await readFile(file, 'utf8');
    await writeFile(file, good.replace('"read"', '"destructive"'));
    assert.equal(lets(store, token), false);
    const other = await fresh();
    await (await open(other)).add({ name: 'else' });
    await writeFile(join(other, 'agents.json'), good);
    assert.equal(lets(await open(other), token), false);
    await writeFile(file, good);
    assert.ok(lets(store, token));
  });

  it('and both of its files put back are noticed by who remembers elsewhere', async () => {
    const dir = await fresh();
    const counts = new Map<string, number>();
    const memory: SealMemory = { get: (id) => Promise.resolve(counts.get(id)), set: (id, at) => Promise.resolve(void counts.set(id, at)) };
    const [file, key] = [join(dir, 'agents.json'), join(dir, 'agents.key')];
    const first = await open(dir, memory);
    const { token } = await first.add({ name: 'bot' });
    const before = [await readFile(file), await readFile(key)] as const;
    await first.revoke('bot');
    await writeFile(file, before[0]);
    await writeFile(key, before[1]);
    assert.equal(lets(first, token), false, 'this process remembers');
    assert.equal(lets(await open(dir, memory), token), false, 'and the memory over a restart');
  });

  it('from the first time a folder of before is opened', async () => {
    const dir = await fresh();
    const file = join(dir, 'agents.json');
    const agent = { name: 'old', tokenHash: hashOf('vst_old').toString('hex'), servers: 'all', tools: 'all', tier: 'read', createdAt: 1 };
    const unsealed = JSON.stringify({ version: 1, state: { agents: [agent] } });
    await writeFile(file, unsealed);
    assert.ok(lets(await open(dir), 'vst_old'));
    assert.match(await readFile(file, 'utf8'), /"mac"/);
    await writeFile(file, unsealed);
    assert.equal(lets(await open(dir), 'vst_old'), false, 'what is not sealed counts no more');
    const empty = await fresh();
    await open(empty);
    await writeFile(join(empty, 'agents.json'), unsealed);
    assert.equal(lets(await open(empty), 'vst_old'), false, 'nor where there was nobody');
  });
});

describe('budgets', { timeout: 60_000 }, () => {
  const bot = (budget?: Budget): Pick<Principal, 'id' | 'kind' | 'budget'> => ({ id: 'bot', kind: 'agent', ...(budget && { budget }) });
  const fresh = async (): Promise<string> => {
    const dir = join(root, String(++count));
    await mkdir(dir);
    return dir;
  };
  const noon = Date.UTC(2026, 0, 31, 12, 0, 0);

  it('of calls and tokens last for their period, whichever is used up first', async () => {
    let now = noon;
    const dir = await fresh();
    const spending = await Spending.open(dir, { onProblem: (problem) => assert.fail(problem.message), general: () => undefined, now: () => now });
    const two = bot({ calls: 2, tokens: 100, per: 'day' });
    assert.equal(spending.take(bot()), undefined, 'no budget');
    assert.deepEqual([spending.take(two), spending.take(two)], [undefined, undefined]);
    assert.deepEqual(spending.take(two), { what: 'calls', most: 2, per: 'day', retryAfterSeconds: 12 * 3_600 });
    assert.deepEqual(spending.snapshot(two), { calls: 2, tokens: 100, per: 'day', usedCalls: 2, usedTokens: 0, resetsAt: Date.UTC(2026, 1, 1) });
    now = Date.UTC(2026, 1, 1);
    assert.equal(spending.take(two), undefined, 'the next day');
    spending.received('bot', 99);
    assert.equal(spending.take(bot({ tokens: 100, per: 'day' })), undefined);
    spending.received('bot', 1);
    assert.equal(spending.take(bot({ tokens: 100, per: 'day' }))?.what, 'tokens');
    spending.received('stranger', 5);
    assert.equal(spending.take({ id: 'me', kind: 'person', budget: { calls: 1, per: 'hour' } }), undefined);
    assert.equal(spending.take({ id: 'me', kind: 'person', budget: { calls: 1, per: 'hour' } }), undefined, 'a person pays for nothing');
    for (const [per, seconds] of [['hour', 3_600], ['month', 28 * 24 * 3_600]] as const) {
      assert.equal(spending.take({ id: per, kind: 'agent', budget: { calls: 1, per } }), undefined);
      assert.equal(spending.take({ id: per, kind: 'agent', budget: { calls: 1, per } })?.retryAfterSeconds, seconds);
    }
    spending.dispose();
  });

  it('hold over restarts and over processes', async () => {
    const dir = await fresh();
    const options = { onProblem: (problem: VestibuleError) => assert.fail(problem.message), general: (): Budget => ({ calls: 3, per: 'month' }), now: () => noon };
    const [one, other] = [await Spending.open(dir, options), await Spending.open(dir, options)];
    assert.equal(one.take(bot()), undefined);
    assert.equal(other.take(bot()), undefined);
    await Promise.all([one.flush(), other.flush()]);
    one.dispose();
    other.dispose();
    const later = await Spending.open(dir, options);
    assert.equal(later.snapshot(bot())?.usedCalls, 2);
    assert.equal(later.take(bot()), undefined);
    assert.equal(later.take(bot())?.what, 'calls');
    later.dispose();
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
