import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { elements, exceedsDepth, members, objectOf, stringOf, withMembers } from '../../src/proxy/json/slice.ts';

const value = fc.jsonValue({ maxDepth: 4, stringUnit: fc.constantFrom('a', '"', '\\', '{', ']', ',', ':', 'é', '😀', '\n') });
const indent = fc.constantFrom(undefined, 1, '\t');

describe('cutting raw JSON', () => {
  it('cuts an object into the members that JSON.parse sees, each verbatim', () => {
    fc.assert(
      fc.property(value, indent, (inner, space) => {
        const text = JSON.stringify({ a: inner, 'b"\\': [inner], '': inner }, undefined, space);
        const cut = members(text);
        assert.ok(cut !== undefined);
        assert.deepStrictEqual([...cut.keys()], Object.keys(JSON.parse(text) as object));
        for (const raw of cut.values()) {
          assert.ok(text.includes(raw));
          assert.equal(raw, raw.trim());
        }
        assert.deepStrictEqual(JSON.parse(objectOf(cut)), JSON.parse(text));
      }),
      { numRuns: 2_000 },
    );
  });

  it('cuts an array into its elements', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 5 }), indent, (items, space) => {
        const text = JSON.stringify(items, undefined, space);
        assert.deepStrictEqual(elements(text)?.map((raw) => JSON.parse(raw) as unknown), JSON.parse(text));
      }),
      { numRuns: 2_000 },
    );
  });

  it('keeps every byte of a value: big integers, escapes, inner white space', () => {
    const text = '{ "big" : 12345678901234567890 , "e" : "\\u0041\\/" , "o" : { "x" : [ 1.0 ,2 ] } }';
    assert.deepStrictEqual([...(members(text) ?? [])], [
      ['big', '12345678901234567890'],
      ['e', '"\\u0041\\/"'],
      ['o', '{ "x" : [ 1.0 ,2 ] }'],
    ]);
  });

  it('keeps the last of repeated keys, as JSON.parse does, and decodes keys', () => {
    assert.deepStrictEqual([...(members('{"a":1,"\\u0061":2}') ?? [])], [['a', '2']]);
  });

  it('says when the text is not an object or array', () => {
    for (const text of ['[]', '"{}"', '1', '']) assert.equal(members(text), undefined);
    for (const text of ['{}', '"[]"', 'null', '']) assert.equal(elements(text), undefined);
  });

  it('has no opinion on inherited names', () => {
    const cut = members('{"__proto__":{"x":1}}');
    assert.deepStrictEqual([...(cut ?? [])], [['__proto__', '{"x":1}']]);
    assert.equal(members('{}')?.get('constructor'), undefined);
  });
});

describe('changing members', () => {
  it('replaces, adds and removes, and leaves the rest verbatim', () => {
    assert.equal(
      withMembers('{"a": 1.0,"b":"\\u0041","c":3}', { a: '2', c: undefined, d: '[]' }),
      '{"a":2,"b":"\\u0041","d":[]}',
    );
    assert.equal(withMembers(undefined, { a: '1' }), '{"a":1}');
  });
});

describe('depth', () => {
  it('counts nesting, not brackets inside strings', () => {
    assert.equal(exceedsDepth('[[]]', 2), false);
    assert.equal(exceedsDepth('[[]]', 1), true);
    assert.equal(exceedsDepth('{"a":"[[[[\\"[[["}', 1), false);
  });

  it('survives a million levels', () => {
    assert.equal(exceedsDepth('['.repeat(1_000_000), 64), true);
    assert.equal(exceedsDepth('['.repeat(1_000_000), 1_000_000), false);
  });
});

describe('strings', () => {
  it('are decoded, other values are not strings', () => {
    assert.equal(stringOf('"a\\nb"'), 'a\nb');
    assert.equal(stringOf('1'), undefined);
    assert.equal(stringOf(undefined), undefined);
  });
});
