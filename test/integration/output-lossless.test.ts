/*
 * One statement about results: whatever a tool answers, whatever the budget and however large the pages, an agent gets
 * either the answer itself, or a shorter one and every byte of the whole behind its key.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { openResultStore } from '../../src/proxy/output/store.ts';
import type { CacheSelector } from '../../src/proxy/output/types.ts';

/** An agent's smallest page of a path, in characters. */
const SMALLEST_ROOM = 500;

/** Any text: several bytes a character, line ends of every kind, and halves of surrogate pairs that UTF-8 cannot carry. */
const anyText = fc.oneof(
  { weight: 6, arbitrary: fc.string({ unit: fc.constantFrom('a', 'word ', '\n', '\r\n', '"', '\\', ',', '{', ']', 'é', '漢', '😀', '\u0000', '\u2028'), maxLength: 1_200 }) },
  { weight: 3, arbitrary: fc.string({ unit: 'binary', maxLength: 800 }) },
  { weight: 1, arbitrary: fc.array(fc.integer({ min: 0xd7f0, max: 0xe00f }), { maxLength: 400 }).map((units) => String.fromCharCode(...units)) },
);
/** JSON of any value, as a server may write it: digits that no double holds, and white space. */
const anyRaw = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(fc.jsonValue({ maxDepth: 4 }), fc.constantFrom(undefined, 1)).map(([value, indent]) => JSON.stringify(value, null, indent)) },
  { weight: 2, arbitrary: fc.constantFrom('12345678901234567890123', '0.10', '-0', '1e400') },
  { weight: 3, arbitrary: anyText.map((text) => JSON.stringify(text)) },
);
const anyKey = fc.oneof(fc.constantFrom('a/b', 'm~n', '0', '0-5', '', 'é'), fc.string({ maxLength: 12 }));
const anyStructured = fc.array(fc.tuple(anyKey, fc.oneof(anyRaw, fc.array(anyRaw, { maxLength: 60 }).map((items) => `[${items.join(', ')}]`))), { maxLength: 8 }).map((members) => {
  const byKey = new Map(members.filter(([key]) => key !== '__proto__'));
  return `{${[...byKey].map(([key, raw]) => `${JSON.stringify(key)}: ${raw}`).join(',')}}`;
});

interface Block {
  readonly raw: string;
  /** What counts of it. */
  readonly text: string | undefined;
  /** Where its text stands, from the block on. */
  readonly path: string;
}

const anyBlock: fc.Arbitrary<Block> = fc.oneof(
  { weight: 5, arbitrary: anyText.map((text) => ({ raw: JSON.stringify({ type: 'text', text }), text, path: '/text' })) },
  { weight: 3, arbitrary: anyText.map((text) => ({ raw: JSON.stringify({ type: 'resource', resource: { uri: 'file:///a', text, x: 1 } }), text, path: '/resource/text' })) },
  { weight: 1, arbitrary: fc.base64String({ maxLength: 600 }).map((data) => ({ raw: JSON.stringify({ type: 'image', data, mimeType: 'image/png' }), text: undefined, path: '' })) },
  { weight: 1, arbitrary: fc.base64String({ maxLength: 200 }).map((blob) => ({ raw: JSON.stringify({ type: 'resource', resource: { uri: 'a:b', blob } }), text: undefined, path: '' })) },
  { weight: 1, arbitrary: fc.constant({ raw: '{"type":"resource_link","uri":"a:b","name":"n"}', text: undefined, path: '' }) },
);

const anyResult = fc.record({
  blocks: fc.array(anyBlock, { maxLength: 4 }),
  structured: fc.option(anyStructured, { nil: undefined }),
  /** Servers repeat structuredContent as text for older clients. */
  mirrored: fc.boolean(),
  budget: fc.oneof(fc.integer({ min: 0, max: 600 }), fc.integer({ min: 0, max: 3_000 })),
  page: fc.integer({ min: 1, max: 900 }),
  lines: fc.integer({ min: 1, max: 40 }),
  small: fc.integer({ min: 4, max: 1_200 }),
});

describe('a result over its budget', { timeout: 180_000 }, () => {
  let dir: string;
  let store: Awaited<ReturnType<typeof openResultStore>>;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'vestibule-lossless-'));
    store = await openResultStore({ dir });
  });
  after(async () => {
    store.dispose();
    await rm(dir, { recursive: true });
  });

  /** Reads on as the answers say, from a first page to the last. @returns the pages */
  async function pages(key: string, first: CacheSelector, room: number, limit = room): Promise<readonly string[]> {
    const texts: string[] = [];
    for (let selector: CacheSelector | undefined = first; selector !== undefined; ) {
      const read = await store.read(key, 'anna', selector, room);
      assert.ok(read.ok, JSON.stringify([selector, read]));
      assert.ok(read.text.length <= room, `${read.text.length} > ${room}`);
      texts.push(read.text);
      assert.ok(texts.length < 2_000, 'it comes to an end');
      selector = read.next === undefined ? undefined : following(JSON.parse(read.next) as Next, limit);
    }
    return texts;
  }

  /** Reads a value by its pointer, and by those of its parts where it is too long: what an agent puts together of it. */
  async function valueAt(key: string, pointer: string, expected: unknown, room: number): Promise<unknown> {
    const texts = await pages(key, { kind: 'path', pointer }, room);
    if (typeof expected === 'string') return texts.join('');
    if (!texts.some((text) => text.startsWith('Too long to show whole'))) {
      const parsed = texts.map((text) => JSON.parse(text) as unknown);
      return Array.isArray(expected) ? parsed.flat(1) : parsed[0];
    }
    if (Array.isArray(expected)) {
      const items: unknown[] = [];
      for (const [i, item] of expected.entries()) items.push(await valueAt(key, `${pointer}/${i}`, item, room));
      return items;
    }
    const members = new Map<string, unknown>();
    for (const [name, member] of Object.entries(expected as object)) {
      members.set(name, await valueAt(key, `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`, member, room));
    }
    return Object.fromEntries(members);
  }

  it('is given back whole, whatever it holds, whatever the budget, however large the pages', async () => {
    let shortened = 0;
    await fc.assert(
      fc.asyncProperty(anyResult, async ({ blocks: given, budget, lines, mirrored, page, small, structured }) => {
        const mirror: Block[] = mirrored && structured !== undefined ? [{ raw: JSON.stringify({ type: 'text', text: structured }), text: structured, path: '/text' }] : [];
        const blocks = [...mirror, ...given];
        const raw = `{"content":[${blocks.map((block) => block.raw).join(',')}]${structured === undefined ? '' : `,"structuredContent":${structured}`},"_meta":{"x/y":1}}`;
        const size = blocks.reduce((sum, { text }) => sum + (text?.length ?? 0), 0) + (structured?.length ?? 0);
        const { key, result, truncated, wholeBytes } = await store.shape(raw, { principal: 'anna', limit: budget });
        if (size <= budget) return assert.deepEqual([result, truncated, key], [raw, false, undefined]);
        shortened++;
        assert.ok(truncated && key !== undefined);
        for (const block of blocks) if (block.text === undefined) assert.ok(result.includes(block.raw), 'what does not count passes');

        const whole = await store.whole(key, 'anna');
        assert.ok(whole !== undefined && Buffer.byteLength(whole) === wholeBytes);
        // By bytes, of any number, and by lines, of any number, in pages of any room: the whole, byte for byte.
        const limit = enough(page, whole.length);
        const room = enough(small, whole.length);
        const byBytes = await pages(key, { kind: 'bytes', offset: 0, limit }, room, limit);
        assert.equal(byBytes.join(''), whole);
        let byLines = '';
        for (let from = 1, count = whole.split('\n').length - (whole.endsWith('\n') ? 1 : 0), step = enough(lines, count); from <= count; from += step) {
          byLines += (await pages(key, { kind: 'lines', from, to: from + step - 1 }, room)).join('');
        }
        assert.equal(byLines, whole);

        // The whole is everything that counts: the result itself, or its only part.
        const texts = blocks.flatMap(({ text }) => text ?? []);
        if (whole !== raw) {
          assert.ok(texts.length <= 1, 'one part alone stands for the whole');
          if (texts.length === 0) assert.equal(whole, structured);
          else assert.equal(whole, texts[0]);
          if (texts.length > 0 && structured !== undefined) assert.deepEqual(JSON.parse(whole), JSON.parse(structured), 'it says both');
          return;
        }
        const pathRoom = Math.max(SMALLEST_ROOM, room);
        for (const [i, { path, text }] of blocks.entries()) {
          if (text !== undefined) assert.equal(await valueAt(key, `/content/${i}${path}`, text, pathRoom), text);
        }
        if (structured !== undefined) {
          const expected: unknown = JSON.parse(structured);
          assert.deepEqual(await valueAt(key, '/structuredContent', expected, pathRoom), expected);
        }
      }),
      { numRuns: 100, endOnFailure: true },
    );
    assert.ok(shortened > 40, `${shortened} results were over their budgets`);
  });
});

/** A size of page with which no more than some hundred are read: each opens a file. */
function enough(size: number, total: number): number {
  return Math.max(size, Math.ceil(total / 200));
}

interface Next {
  readonly offset?: number;
  readonly lines?: string;
  readonly path?: string;
}

/** The next page, as an agent that follows the directions asks for it. */
function following({ lines, offset, path }: Next, limit: number): CacheSelector {
  if (path !== undefined) return { kind: 'path', pointer: path };
  if (lines === undefined) return { kind: 'bytes', offset: offset ?? assert.fail('no direction'), limit };
  const [from = 0, to = 0] = lines.split('-').map(Number);
  return { kind: 'lines', from, to, ...(offset !== undefined && { offset }) };
}
