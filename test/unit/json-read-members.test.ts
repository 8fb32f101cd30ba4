import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { RawMembers, readMembers as read } from '../../src/proxy/json/read-members.ts';
import { members } from '../../src/proxy/json/slice.ts';

const DEPTH = 64;

function readMembers(text: string, maxDepth: number): unknown {
  const found = read(text, maxDepth);
  if (!(found instanceof RawMembers)) return found;
  assert.equal(found.names.length, found.values.length);
  for (const name of found.names) assert.equal(found.get(name), found.values[found.names.lastIndexOf(name)]);
  assert.equal(found.get('there is no such member'), undefined);
  return new Map(found.names.map((name) => [name, found.get(name)]));
}

/** What the text is by the parser of the engine and by the slices of what it accepts. */
function byTheEngine(text: string): unknown {
  try {
    JSON.parse(text);
  } catch {
    return 'not-json';
  }
  return members(text) ?? 'no-object';
}

/** Pieces that texts near JSON are made of. */
const PIECES = ['{', '}', '[', ']', ',', ':', '"', '"a"', '"\\n"', '"\\u00e9"', '"\\u12"', '"\\x"', '"\u0001"', '"\u2028\ud800"', '\\', '0', '-0', '01', '-', '1.5', '1.', '.5', '1e9', '1E+2', '1e', 'true', 'false', 'null', 'nul', ' ', '\n', '\t', '\r', '\u00a0', '\ufeff', '{}', '[]', '"a":1', '"__proto__":{}'];

describe('reading an object', () => {
  it('accepts what JSON.parse does, and cuts it alike', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }), (pieces) => {
        const text = pieces.join('');
        assert.deepEqual(readMembers(text, DEPTH), byTheEngine(text), JSON.stringify(text));
      }),
      { numRuns: 20_000 },
    );
  });

  it('reads any value, however it is spaced', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), fc.constantFrom(undefined, 1, '\t'), (json, space) => {
        const text = ` ${JSON.stringify(JSON.parse(json), undefined, space)}\r\n`;
        assert.deepEqual(readMembers(text, DEPTH), byTheEngine(text));
      }),
      { numRuns: 2_000 },
    );
  });

  it('finds one wrong character in any text', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 3 }), fc.nat(), fc.constantFrom(...PIECES, ''), (json, at, instead) => {
        const place = at % json.length;
        const text = `${json.slice(0, place)}${instead}${json.slice(place + 1)}`;
        assert.deepEqual(readMembers(text, DEPTH), byTheEngine(text), JSON.stringify(text));
      }),
      { numRuns: 5_000 },
    );
  });

  it('reads strings of any length, with escapes at any place', () => {
    for (const length of [0, 1, 22, 23, 24, 25, 26, 100, 1_001, 5_000]) {
      for (const inside of ['a', '\\n', '\\u00e9', 'a\\"', '\u{1f600}']) {
        const text = `{"t":"${inside.repeat(length)}"}`;
        assert.deepEqual(readMembers(text, DEPTH), byTheEngine(text));
        for (const wrong of ['\\', '\\q', '\\u12', '\u0000', '\n']) assert.equal(readMembers(`{"t":"${inside.repeat(length)}${wrong}"}`, DEPTH), 'not-json');
        assert.equal(readMembers(`{"t":"${inside.repeat(length)}`, DEPTH), 'not-json');
      }
    }
  });

  it('takes as many levels as it may, in arrays and objects alike', () => {
    for (const [open, close] of [['[', ']'], ['{"a":', '}']] as const) {
      const nested = (levels: number): string => `{"a":${open.repeat(levels - 1)}1${close.repeat(levels - 1)}}`;
      assert.deepEqual(readMembers(nested(8), 8), byTheEngine(nested(8)));
      assert.equal(readMembers(nested(9), 8), 'too-deep');
    }
    assert.equal(readMembers('['.repeat(1_000_000), 256), 'too-deep');
  });
});
