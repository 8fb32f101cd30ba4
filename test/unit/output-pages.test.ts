import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readBytePage, readLinePage } from '../../src/proxy/output/pages.ts';
import type { CacheRead } from '../../src/proxy/output/types.ts';

const wellFormed = fc.string({ unit: fc.oneof(fc.constantFrom('a', '\n', 'é', '漢', '😀', '\r\n'), fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 })), maxLength: 80 });

function bytesOf(text: string): (offset: number, limit: number, room: number) => Promise<CacheRead> {
  const stream = Buffer.from(text);
  return (offset, limit, room) =>
    readBytePage((position, length) => Promise.resolve(stream.subarray(position, position + length)), stream.length, offset, limit, room);
}

describe('readBytePage', () => {
  it('concatenates to the stream along next, whatever the limit and room', async () => {
    await fc.assert(
      fc.asyncProperty(wellFormed, fc.integer({ min: 1, max: 12 }), fc.integer({ min: 2, max: 20 }), async (text, limit, room) => {
        const read = bytesOf(text);
        let joined = '';
        for (let offset: number | undefined = 0; offset !== undefined; ) {
          const page: CacheRead = await read(offset, limit, room);
          assert.ok(page.ok);
          assert.ok(page.text.length <= room && Buffer.byteLength(page.text) <= limit + 3);
          joined += page.text;
          const next: number | undefined = page.next === undefined ? undefined : (JSON.parse(page.next) as { offset: number }).offset;
          assert.ok(next === undefined || next > offset, 'next goes forward');
          offset = next;
        }
        assert.equal(joined, text);
      }),
    );
  });

  it('concatenates to the stream at a fixed stride too', async () => {
    await fc.assert(
      fc.asyncProperty(wellFormed, fc.integer({ min: 1, max: 12 }), async (text, stride) => {
        const read = bytesOf(text);
        let joined = '';
        for (let offset = 0; offset < Buffer.byteLength(text); offset += stride) {
          const page = await read(offset, stride, 1_000);
          assert.ok(page.ok);
          joined += page.text;
        }
        assert.equal(joined, text);
      }),
    );
  });

  it('ends at the end and says so beyond it', async () => {
    const read = bytesOf('abc');
    assert.deepEqual(await read(3, 10, 10), { ok: true, text: '', total: 3, next: undefined });
    const beyond = await read(4, 10, 10);
    assert.ok(!beyond.ok && beyond.problem.includes('3 bytes'));
  });
});

describe('readLinePage', () => {
  const stream = Buffer.from('one\ntwo\r\nthree\nfour');

  it('gives whole lines with their ends', () => {
    assert.deepEqual(readLinePage(stream, 2, 3, 100), { ok: true, text: 'two\r\nthree\n', total: 19, next: undefined });
    assert.deepEqual(readLinePage(stream, 4, 9, 100), { ok: true, text: 'four', total: 19, next: undefined });
  });

  it('goes on at the line that did not fit', () => {
    assert.deepEqual(readLinePage(stream, 1, 3, 10), { ok: true, text: 'one\ntwo\r\n', total: 19, next: '{"lines":"3-3"}' });
  });

  it('goes on inside a line that is too long for a page', () => {
    assert.deepEqual(readLinePage(stream, 3, 3, 4), { ok: true, text: 'thre', total: 19, next: '{"offset":13}' });
  });

  it('says how many lines there are', () => {
    for (const [text, lines] of [['one\ntwo', 2], ['one\ntwo\n', 2], ['\n', 1]] as const) {
      const read = readLinePage(Buffer.from(text), 9, 9, 10);
      assert.ok(!read.ok && read.problem.includes(`${lines} lines`), text);
    }
  });

  it('concatenates to the stream along next', () => {
    fc.assert(
      fc.property(wellFormed, fc.integer({ min: 2, max: 30 }), (text, room) => {
        fc.pre(text !== '');
        const bytes = Buffer.from(text);
        let joined = '';
        let from = 1;
        for (;;) {
          const page = readLinePage(bytes, from, 10_000, room);
          assert.ok(page.ok && page.text.length <= room);
          joined += page.text;
          if (page.next === undefined) break;
          const next = JSON.parse(page.next) as { lines?: string; offset?: number };
          // A line longer than a page is read on by bytes; the property of those is above.
          if (next.offset !== undefined) return assert.ok(text.startsWith(joined));
          from = Number(next.lines?.split('-')[0]);
        }
        assert.equal(joined, text);
      }),
    );
  });
});
