import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readPath } from '../../src/proxy/output/json-path.ts';

const DOCUMENT = `{"items":[{"id":12345678901234567890,"name":"a\\u00e9"},{"id":2},{"id":3},{"id":4}],"a/b":1,"m~n":2,"":3,"10-20":"key","text":"hello world","__proto__":4}`;

function at(pointer: string, limit = 1_000, text = DOCUMENT): string {
  const read = readPath(text, pointer, limit);
  assert.ok(read.ok, JSON.stringify(read));
  return read.text;
}

function problemAt(pointer: string, text = DOCUMENT): string {
  const read = readPath(text, pointer, 1_000);
  assert.ok(!read.ok);
  return read.problem;
}

describe('readPath', () => {
  it('follows RFC 6901', () => {
    assert.equal(at(''), DOCUMENT);
    assert.equal(at('/items/1'), '{"id":2}');
    assert.equal(at('/a~1b'), '1');
    assert.equal(at('/m~0n'), '2');
    assert.equal(at('/'), '3');
    assert.equal(at('/__proto__'), '4');
  });

  it('keeps every digit and decodes strings', () => {
    assert.equal(at('/items/0/id'), '12345678901234567890');
    assert.equal(at('/items/0/name'), 'aé');
  });

  it('slices arrays and strings, both ends included; a key wins over a slice', () => {
    assert.equal(at('/items/1-2'), '[{"id":2},{"id":3}]');
    assert.equal(at('/items/2-'), '[{"id":3},{"id":4}]');
    assert.equal(at('/text/6-10'), 'world');
    assert.equal(at('/10-20'), 'key');
  });

  it('says what is there instead', () => {
    assert.match(problemAt('/item'), /object with "items", "a\/b"/);
    assert.match(problemAt('/items/4'), /array of 4 elements/);
    assert.match(problemAt('/items/01'), /array of 4/);
    assert.match(problemAt('/items/9-12'), /array of 4/);
    assert.match(problemAt('/text/deeper'), /string/);
    assert.match(problemAt('items'), /JSON Pointer/);
    assert.match(problemAt('/a~2'), /JSON Pointer/);
    assert.match(problemAt('/a', 'not json'), /not JSON/);
    assert.match(problemAt('/a', '['.repeat(600) + ']'.repeat(600)), /not JSON/);
  });

  it('outlines what is too long and cannot be sliced', () => {
    const text = JSON.stringify({ big: { one: 'x'.repeat(500), two: [1, 2, 3], 'a/b': 5 } });
    assert.equal(at('/big', 300, text), 'Too long to show whole; its parts are:\n/big/one: string of 500 characters\n/big/two: array of 3 elements, 7 characters\n/big/a~1b: 5');
  });

  it('pages long arrays and strings without loss', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.integer())), fc.string({ unit: 'grapheme', maxLength: 300 }), fc.integer({ min: 150, max: 400 }), (array, string, limit) => {
        const text = JSON.stringify({ array, string });
        assert.deepEqual(pages(text, '/array', limit).flatMap((page) => JSON.parse(page) as unknown[]), array);
        assert.equal(pages(text, '/string', limit).join(''), string);
      }),
    );
  });
});

function pages(text: string, pointer: string, limit: number): string[] {
  const all: string[] = [];
  for (let path: string | undefined = pointer; path !== undefined; ) {
    const read = readPath(text, path, limit);
    assert.ok(read.ok);
    assert.ok(read.text.length <= limit);
    all.push(read.text);
    path = read.next === undefined ? undefined : (JSON.parse(read.next) as { path: string }).path;
    assert.ok(all.length < 1_000);
  }
  return all;
}
