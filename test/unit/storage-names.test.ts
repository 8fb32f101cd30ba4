import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fileNameFor } from '../../src/proxy/storage/names.ts';
import { RingBuffer } from '../../src/proxy/storage/ring-buffer.ts';

describe('file names', () => {
  it('are safe on every platform whatever the name holds', () => {
    for (const name of ['../../etc/passwd', 'CON', 'a'.repeat(10_000), '', '\u0000', 'é😀', '\ud800', 'C:\\x']) {
      assert.match(fileNameFor(name), /^[0-9a-f]{32}$/);
    }
  });

  it('differ when the names do, also by a lone surrogate, and stay the same over time', () => {
    assert.notEqual(fileNameFor('\ud800'), fileNameFor('\ud801'));
    assert.notEqual(fileNameFor('a'), fileNameFor('A'));
    assert.equal(fileNameFor('github'), 'aea85016c1ec0c25487f5fc1a3aad9e5');
  });
});

describe('ring buffer', () => {
  it('keeps the last items in order and counts the others', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.array(fc.integer(), { maxLength: 30 }), (capacity, items) => {
        const ring = new RingBuffer<number>(capacity);
        for (const item of items) ring.push(item);
        assert.deepStrictEqual(ring.toArray(), items.slice(-capacity));
        assert.equal(ring.size, Math.min(capacity, items.length));
        assert.equal(ring.dropped, Math.max(0, items.length - capacity));
      }),
    );
  });

  it('starts anew after clear', () => {
    const ring = new RingBuffer<number>(2);
    [1, 2, 3].forEach((n) => ring.push(n));
    ring.clear();
    ring.push(4);
    assert.deepStrictEqual([ring.toArray(), ring.dropped], [[4], 0]);
  });

  it('refuses a capacity that is no bound', () => {
    for (const capacity of [0, -1, 1.5, Number.POSITIVE_INFINITY]) assert.throws(() => new RingBuffer(capacity), RangeError);
  });
});
