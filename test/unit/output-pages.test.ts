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
    assert.deepEqual(readLinePage(stream, { kind: 'lines', from: 2, to: 3 }, 100), { ok: true, text: 'two\r\nthree\n', total: 19, next: undefined });
    assert.deepEqual(readLinePage(stream, { kind: 'lines', from: 4, to: 9 }, 100), { ok: true, text: 'four', total: 19, next: undefined });
  });

  it('goes on at the line that did not fit', () => {
    assert.deepEqual(readLinePage(stream, { kind: 'lines', from: 1, to: 3 }, 10), { ok: true, text: 'one\ntwo\r\n', total: 19, next: '{"lines":"3-3"}' });
  });

  it('goes on inside a line that is too long for a page', () => {
    assert.deepEqual(readLinePage(stream, { kind: 'lines', from: 3, to: 3 }, 4), { ok: true, text: 'thre', total: 19, next: '{"lines":"3-3","offset":13}' });
    const on = readLinePage(stream, { kind: 'lines', from: 3, to: 4, offset: 12 }, 3);
    assert.deepEqual(on, { ok: true, text: 'ee\n', total: 19, next: '{"lines":"4-4"}' });
    for (const offset of [8, 15]) assert.equal(readLinePage(stream, { kind: 'lines', from: 3, to: 3, offset }, 9).ok, false, `${offset}`);
  });

  it('says how many lines there are', () => {
    for (const [text, lines] of [['one\ntwo', 2], ['one\ntwo\n', 2], ['\n', 1]] as const) {
      const read = readLinePage(Buffer.from(text), { kind: 'lines', from: 9, to: 9 }, 10);
      assert.ok(!read.ok && read.problem.includes(`${lines} lines`), text);
    }
  });

  it('concatenates to the stream along next', () => {
    fc.assert(
      fc.property(wellFormed, fc.integer({ min: 2, max: 30 }), (text, room) => {
        fc.pre(text !== '');
        const bytes = Buffer.from(text);
        let joined = '';
        for (let lines: Lines | undefined = { kind: 'lines', from: 1, to: 10_000 }; lines !== undefined; ) {
          const page = readLinePage(bytes, lines, room);
          assert.ok(page.ok && page.text !== '' && page.text.length <= room);
          joined += page.text;
          lines = page.next === undefined ? undefined : following(page.next);
        }
        assert.equal(joined, text);
      }),
    );
  });
});

type Lines = Parameters<typeof readLinePage>[1];

function following(next: string): Lines {
  const { lines, offset } = JSON.parse(next) as { readonly lines: string; readonly offset?: number };
  const [from = 0, to = 0] = lines.split('-').map(Number);
  return { kind: 'lines', from, to, ...(offset !== undefined && { offset }) };
}
