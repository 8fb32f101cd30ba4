import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import fc from 'fast-check';
import { openResultStore, type ResultStoreOptions } from '../../src/proxy/output/store.ts';
import type { CacheSelector, ResultStore } from '../../src/proxy/output/types.ts';

const HOUR = 3_600_000;
const textResult = (text: string): string => JSON.stringify({ content: [{ type: 'text', text }] });

describe('the store of results', () => {
  let root: string;
  let dir: string;
  let count = 0;
  const opened: { dispose(): void }[] = [];

  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'vestibule-results-'));
  });
  beforeEach(() => {
    dir = join(root, String(count++), 'results');
  });
  after(async () => {
    for (const store of opened) store.dispose();
    await rm(root, { recursive: true });
  });

  async function open(options: Partial<ResultStoreOptions> = {}): Promise<ResultStore> {
    const store = await openResultStore({ dir, ...options });
    opened.push(store);
    return store;
  }

  async function keep(store: ResultStore, text: string, principal = 'anna'): Promise<string> {
    const { key } = await store.shape(textResult(text), { principal, limit: 1_000 });
    assert.ok(key);
    return key;
  }

  async function readable(store: ResultStore, key: string, principal = 'anna'): Promise<boolean> {
    return (await store.read(key, principal, { kind: 'bytes', offset: 0, limit: 10 })).ok;
  }

  it('returns what fits as the same string and writes nothing', async () => {
    const store = await open();
    const result = textResult('short');
    assert.deepEqual(await store.shape(result, { principal: 'anna', limit: 1_000 }), { result, truncated: false, key: undefined, wholeBytes: 0 });
    assert.deepEqual(await readdir(dir), []);
  });

  it('gives back the whole text by pages, for any text and page size', async () => {
    const store = await open();
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 400, maxLength: 2_000 }), fc.integer({ min: 1, max: 700 }), fc.integer({ min: 50, max: 900 }), async (text, limit, room) => {
        const { key, truncated, result } = await store.shape(textResult(text), { principal: 'anna', limit: 300 });
        assert.ok(truncated && key !== undefined);
        assert.ok(result.includes(key));
        let joined = '';
        for (let offset: number | undefined = 0; offset !== undefined; ) {
          const page = await store.read(key, 'anna', { kind: 'bytes', offset, limit }, room);
          assert.ok(page.ok && page.text.length <= room && page.total === Buffer.byteLength(text));
          joined += page.text;
          offset = page.next === undefined ? undefined : (JSON.parse(page.next) as { offset: number }).offset;
        }
        assert.equal(joined, text);
      }),
      { numRuns: 25 },
    );
  });

  it('reads by line, path and grep', async () => {
    const store = await open();
    const key = await keep(store, JSON.stringify({ items: Array.from({ length: 300 }, (_, id) => ({ id })) }, null, 1));
    const read = async (selector: CacheSelector): Promise<string> => {
      const page = await store.read(key, 'anna', selector);
      assert.ok(page.ok, JSON.stringify(page));
      return page.text;
    };
    assert.equal(await read({ kind: 'lines', from: 1, to: 2 }), '{\n "items": [\n');
    assert.equal((await read({ kind: 'path', pointer: '/items/7-8' })).replaceAll(/\s/g, ''), '[{"id":7},{"id":8}]');
    assert.match(await read({ kind: 'grep', pattern: '"id": 123' }), /\d+: {3}"id": 123/);
  });

  it('answers another principal as if there were no such key', async () => {
    const store = await open();
    const key = await keep(store, 'x'.repeat(2_000));
    const selector = { kind: 'bytes', offset: 0, limit: 10 } as const;
    const unknown = await store.read('aaaaaaaaaaaaaaaa', 'anna', selector);
    assert.ok(!unknown.ok);
    assert.deepEqual(await store.read(key, 'ben', selector), unknown);
    assert.deepEqual(await store.read('../../etc/passwd', 'anna', selector), unknown);
    assert.ok(await readable(store, key));
  });

  it('survives a restart within its time, and not beyond', async () => {
    let now = Date.now();
    const first = await open({ now: () => now });
    const key = await keep(first, 'x'.repeat(2_000));
    now += 2 * HOUR - 60_000;
    assert.ok(await readable(await open({ now: () => now }), key));
    now += 120_000;
    assert.ok(!(await readable(first, key)));
    const [name = ''] = await readdir(dir);
    await open({ now: () => now });
    assert.ok(!(await readdir(dir)).includes(name), 'expired files are removed');
  });

  it('stays under its cap, the oldest going first', async () => {
    const store = await open({ capBytes: 10_000 });
    const keys: string[] = [];
    for (let i = 0; i < 6; i++) keys.push(await keep(store, String(i).repeat(3_000)));
    const files = await readdir(dir);
    const sizes = await Promise.all(files.map(async (name) => (await stat(join(dir, name))).size));
    assert.ok(sizes.reduce((sum, size) => sum + size, 0) <= 10_000);
    assert.deepEqual(await Promise.all(keys.map((key) => readable(store, key))), [false, false, false, true, true, true]);
  });

  it('holds the cap also when many results come at once', async () => {
    const store = await open({ capBytes: 10_000 });
    const all = await Promise.all(Array.from({ length: 20 }, (_, i) => keep(store, String(i % 10).repeat(2_500))));
    const left = await Promise.all(all.map((key) => readable(store, key)));
    assert.equal(left.filter(Boolean).length, 4);
  });

  it('says so when one result is larger than the cap', async () => {
    const store = await open({ capBytes: 5_000 });
    const { key, truncated, result } = await store.shape(textResult('x'.repeat(6_000)), { principal: 'anna', limit: 1_000 });
    assert.equal(key, undefined);
    assert.ok(truncated && result.includes('The rest was not kept'));
  });

  it('still answers when the folder is gone and cannot be made', async () => {
    const store = await open();
    await rm(dir, { recursive: true });
    await writeFile(dir, 'in the way');
    const { key, result } = await store.shape(textResult('x'.repeat(6_000)), { principal: 'anna', limit: 1_000 });
    assert.equal(key, undefined);
    assert.ok(result.includes('could not be written'));
  });

  it('removes at the start what a crash left half-written, and keeps off files it does not know', async () => {
    const store = await open();
    const key = await keep(store, 'x'.repeat(2_000));
    const [name = ''] = await readdir(dir);
    const half = join(dir, `.${name}.0123456789ab.tmp`);
    await writeFile(half, 'half');
    await utimes(half, 0, 0);
    await writeFile(join(dir, 'notes.txt'), 'mine');
    const again = await open();
    assert.deepEqual((await readdir(dir)).sort(), [name, 'notes.txt'].sort());
    assert.ok(await readable(again, key));
    assert.equal(await readFile(join(dir, 'notes.txt'), 'utf8'), 'mine');
  });

  it('shows a result to another process that shares the folder', async () => {
    const [one, two] = [await open(), await open()];
    assert.ok(await readable(two, await keep(one, 'x'.repeat(2_000))));
  });

  it('names files by hash and keeps them private', { skip: process.platform === 'win32' }, async () => {
    const store = await open();
    await keep(store, 'x'.repeat(2_000), '../../anna');
    const [name = '', ...others] = await readdir(dir);
    assert.deepEqual(others, []);
    assert.match(name, /^[0-9a-f]{32}$/);
    assert.equal((await stat(join(dir, name))).mode & 0o777, 0o600);
    assert.equal((await stat(dir)).mode & 0o777, 0o700);
  });
});
