/* `gateway.cache`: answers that outlive a gateway and are shared by several, in SQLite and in Redis. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { openCacheStore } from '../../src/headless/cache/open-store.ts';
import { openRedis } from '../../src/headless/cache/redis.ts';
import { sealedStore } from '../../src/headless/cache/sealed-store.ts';
import { openSqlite } from '../../src/headless/cache/sqlite.ts';
import type { KeyValue } from '../../src/headless/cache/key-value.ts';
import { VestibuleError } from '../../src/proxy/errors.ts';
import type { GatewayOptions } from '../../src/proxy/options.ts';
import { SharedAnswers, type CacheStore } from '../../src/proxy/policy/flow/shared-answers.ts';
import type { LegacyAgent } from '../fixtures/relay/agents.ts';
import { startRelayRig, stdioPeer, type RelayRig } from '../fixtures/relay/rig.ts';
import { startRedis } from '../fixtures/redis.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';

// The types of Node are those of the oldest that is supported, which has none of it.
const { DatabaseSync } = createRequire(import.meta.url)('node:sqlite') as { readonly DatabaseSync: new (path: string) => { exec(sql: string): void; prepare(sql: string): { get(): unknown }; close(): void } };
const KEY = randomBytes(32);
const ENV = { VESTIBULE_CACHE_KEY: KEY.toString('base64url') };
const SERVERS = { ops: { ...stdioPeer({ resources: [{ uri: 'one://kept', name: 'kept' }] }), cache: { seconds: 3_600, tools: ['pid'], resources: ['*'] }, tools: { overrides: { pid: { tier: 'read' } } } } };

function rigOver(dataDir: string, settings: object, more: Partial<GatewayOptions> = {}): Promise<RelayRig> {
  return startRelayRig(SERVERS, { openCacheStore: (wanted) => openCacheStore(dataDir, wanted, ENV), ...more }, { gateway: { cache: settings } });
}

async function opened(rig: RelayRig): Promise<LegacyAgent> {
  const agent = rig.legacy();
  await agent.open();
  return agent;
}

/** Which process answers: another one each time, unless an answer is kept. */
const pid = async (agent: LegacyAgent): Promise<unknown> => agent.call('ops_pid');
const kept = (rig: RelayRig) => rig.gateway.snapshot().upstreams[0]?.flow?.cache;

async function until(fits: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await fits())) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe('answers kept outside of the process', { timeout: 180_000 }, () => {
  it('in SQLite outlive the gateway, and what one writes is void for all; nothing in the file can be read', async () => {
    const folder = tempFolder();
    let first: unknown;
    {
      await using rig = await rigOver(folder, { store: 'sqlite' });
      const agent = await opened(rig);
      first = await pid(agent);
      await agent.request('resources/read', { uri: 'one://kept' });
      // Kept behind the call.
      await until(async () => (await pid(agent)) === first && (kept(rig)?.hits ?? 0) > 0);
      assert.equal(kept(rig)?.entries, undefined);
    }
    const file = await readFile(join(folder, 'cache.sqlite'));
    const log = await readFile(join(folder, 'cache.sqlite-wal')).catch(() => Buffer.alloc(0));
    for (const bytes of [file, log]) assert.ok(!bytes.includes('one://kept') && !bytes.includes('"content"') && !bytes.includes('local'));

    await using rig = await rigOver(folder, { store: 'sqlite' });
    const agent = await opened(rig);
    // Another gateway, another process of the server, the same answer. A store that is slow once has none.
    await until(async () => (await pid(agent)) === first);
    await until(async () => {
      assert.match(JSON.stringify((await agent.request('resources/read', { uri: 'one://kept' })).result), /one:\/\/kept/);
      return (rig.gateway.snapshot().upstreams[0]?.flow?.resources?.hits ?? 0) > 0;
    });

    await using other = await rigOver(folder, { store: 'sqlite' });
    const elsewhere = await opened(other);
    await until(async () => (await pid(elsewhere)) === first);
    await elsewhere.call('ops_echo');
    await until(async () => (await pid(agent)) !== first);
    await rig.configure({ gateway: {} });
    await rig.until(() => kept(rig)?.entries !== undefined);
  });

  it('in Redis are shared; while it is away calls go to their servers, and a person hears of it', async () => {
    await using redis = await startRedis();
    const folder = tempFolder();
    const warned: string[] = [];
    const log: GatewayOptions['log'] = (level, message) => {
      if (level === 'warn' && message.includes('gateway.cache')) warned.push(message);
    };
    await using rig = await rigOver(folder, { store: 'redis', url: redis.url }, { log });
    const agent = await opened(rig);
    const mine = await pid(agent);
    await until(async () => (await pid(agent)) === mine && (kept(rig)?.hits ?? 0) > 0);
    await using other = await rigOver(folder, { store: 'redis', url: redis.url });
    const elsewhere = await opened(other);
    await until(async () => (await pid(elsewhere)) === mine);
    for (const [name, value] of redis.values) assert.ok(/^vestibule:[ae]:[\w-]{43}$/.test(name) && !value.includes('content'));

    await redis.stop();
    const hits = kept(rig)?.hits;
    assert.equal(await pid(agent), mine, 'answered by its own server');
    assert.equal(kept(rig)?.hits, hits);
    await until(() => kept(rig)?.storeFails === true);
    for (let i = 0; i < 3; i++) await pid(agent);
    // What is written meanwhile has to be void for all once it is back.
    await agent.call('ops_echo');
    assert.ok(warned.some((message) => message.includes('does not work')));
    await redis.start();
    await until(async () => {
      await pid(agent);
      return kept(rig)?.storeFails === false && (kept(rig)?.hits ?? 0) > (hits ?? 0);
    });
  });

  it('are in memory where the store cannot be had, which is said with the next step', async () => {
    const folder = tempFolder();
    const isProblem = (about: RegExp, action: RegExp) => (error: unknown): boolean => VestibuleError.is(error, 'bad-config') && about.test(error.message) && action.test(error.action);
    await assert.rejects(openCacheStore(folder, { store: 'redis' }, ENV), isProblem(/does not say where/, /VESTIBULE_REDIS_URL/));
    await assert.rejects(openCacheStore(folder, { store: 'sqlite' }, { VESTIBULE_CACHE_KEY: 'short' }), isProblem(/no key of 32 bytes/, /openssl rand/));
    const absent = (): never => {
      throw new Error('No such module');
    };
    await assert.rejects(openSqlite(join(folder, 'x'), absent), isProblem(/needs Node 22\.13/, /newer Node/));
    await assert.rejects(openRedis('redis://127.0.0.1:1', absent), isProblem(/@redis\/client/, /npm install @redis\/client/));

    const said: string[] = [];
    await using rig = await rigOver(folder, { store: 'sqlite' }, { openCacheStore: () => openSqlite(join(folder, 'x'), absent).then((store) => sealedStore(store, KEY)), log: (_, message) => said.push(message) });
    const agent = await opened(rig);
    const first = await pid(agent);
    assert.equal(await pid(agent), first);
    assert.deepEqual([kept(rig)?.entries, said.filter((message) => message.includes('22.13')).length], [1, 1]);
  });

  it('in a file that is broken are begun anew, and none of another key counts', async () => {
    const folder = tempFolder();
    const path = join(folder, 'cache.sqlite');
    await writeFile(path, 'this is no database, but is longer than its header would be: '.repeat(50));
    const file = await openSqlite(path);
    const [mine, theirs] = [sealedStore(file, KEY), sealedStore(file, randomBytes(32))];
    await mine.put('k', { result: '{"a":"ü"}', epoch: 0, until: Date.now() + 60_000 });
    assert.deepEqual((await mine.get('k', 'area')).kept?.result, '{"a":"ü"}');
    assert.equal((await theirs.get('k', 'area')).kept, undefined);
    await mine.advance('area');
    assert.deepEqual([(await mine.get('k', 'area')).epoch, (await mine.get('k', 'other')).epoch, (await theirs.get('k', 'area')).epoch], [1, 0, 0]);
    await mine.put('late', { result: '{}', epoch: 0, until: Date.now() - 1 });
    await file.set('raw', Buffer.from('x'), 60_000);
    await mine.close();
  });

  it('in a file that another process has to itself for a moment wait for it, and leave it in place', async () => {
    const path = join(tempFolder(), 'cache.sqlite');
    const other = new DatabaseSync(path);
    other.exec('CREATE TABLE theirs (a); BEGIN EXCLUSIVE; INSERT INTO theirs VALUES (1)');
    const opening = openSqlite(path);
    await delay(200);
    other.exec('COMMIT');
    await (await opening).close();
    other.close();
    const left = new DatabaseSync(path);
    assert.equal(JSON.stringify(left.prepare('SELECT a FROM theirs').get()), '{"a":1}');
    left.close();
  });

  it('in SQLite take no more than their room, however large each is; the first to run out leave first', async () => {
    const path = join(tempFolder(), 'cache.sqlite');
    const MIB = 1024 * 1024;
    const value = new Uint8Array(2 * MIB);
    const store = await openSqlite(path);
    const other = new DatabaseSync(path);
    let most = 0;
    for (let i = 0; i < 40; i++) {
      await store.set(`answer ${i}`, value, 60_000 + i);
      most = Math.max(most, (other.prepare('SELECT sum(length(value)) AS bytes FROM kept').get() as { readonly bytes: number }).bytes);
    }
    const [first, last] = await store.get(['answer 0', 'answer 39']);
    other.close();
    await store.close();
    assert.ok(most > 60 * MIB && most <= 68 * MIB, `${most / MIB} MiB`);
    assert.deepEqual([first, last?.byteLength], [undefined, value.byteLength]);
  });

  it('under one name cannot be passed off as those of another', async () => {
    const values = new Map<string, Uint8Array>();
    const memory: KeyValue = {
      get: (names) => Promise.resolve(names.map((name) => values.get(name))),
      set: (name, value) => Promise.resolve(void values.set(name, value)),
      increment: () => Promise.resolve(),
      close: () => Promise.resolve(),
    };
    const store = sealedStore(memory, KEY);
    const answer = { epoch: 0, until: Date.now() + 60_000 };
    await store.put('a', { ...answer, result: '"of a"' });
    await store.put('b', { ...answer, result: '"of b"' });
    const [[, ofA] = [], [nameOfB] = []] = [...values];
    values.set(nameOfB ?? '', ofA ?? new Uint8Array());
    assert.equal((await store.get('b', '')).kept, undefined);
    values.set(nameOfB ?? '', Buffer.from('short'));
    assert.equal((await store.get('b', '')).kept, undefined);
  });

  it('are missed, never waited for, where a store is slow or fails; what was written stays void until the store knows', async () => {
    let works = true;
    let epoch = 0;
    const answers = new Map<string, Parameters<CacheStore['put']>[1]>();
    const store: CacheStore = {
      get: (key) => (works ? Promise.resolve({ epoch, kept: answers.get(key) }) : new Promise(() => undefined)),
      put(key, answer) {
        answers.set(key, answer);
        return Promise.resolve();
      },
      advance() {
        if (!works) return Promise.reject(new Error('gone'));
        epoch++;
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    };
    const warned: string[] = [];
    const shared = new SharedAnswers(Promise.resolve(store), (message) => warned.push(message));
    const found = await shared.find('tool', 'k', 's');
    shared.put('tool', 'k', 's', '"x"', 60_000, found.epoch);
    await until(async () => (await shared.find('tool', 'k', 's')).kept !== undefined);
    assert.equal((await shared.find('resource', 'k', 's')).kept, undefined);
    works = false;
    assert.deepEqual(await shared.find('tool', 'k', 's'), { kept: undefined, epoch: undefined });
    shared.forget('tool', 's');
    assert.deepEqual(await shared.find('tool', 'k', 's'), { kept: undefined, epoch: undefined });
    works = true;
    await until(async () => (await shared.find('tool', 'k', 's')).epoch === 1);
    assert.equal((await shared.find('tool', 'k', 's')).kept, undefined, 'of before');
    assert.deepEqual([warned.length, shared.fails], [1, false]);
  });
});
