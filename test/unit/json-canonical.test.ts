import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { canonicalJson, digestOf, NotCanonicalError, sha256 } from '../../src/proxy/json/canonical.ts';

/** Any JSON value with strings that are whole Unicode; `-0` left out because JSON has one zero. */
const jsonValue = fc.jsonValue({ maxDepth: 5, stringUnit: 'binary' }).map((value) => JSON.parse(JSON.stringify(value)) as unknown);

/** Writes a value with its members in another order and with white space between all tokens. */
function respell(value: unknown, space: string): string {
  if (Array.isArray(value)) return `[${space}${value.map((item) => respell(item, space)).join(`${space},${space}`)}${space}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).reverse();
    return `{${members.map(([key, item]) => `${space}${JSON.stringify(key)}${space}:${space}${respell(item, space)}`).join(',')}${space}}`;
  }
  return JSON.stringify(value);
}

function deepEqual(a: unknown, b: unknown): boolean {
  try {
    assert.deepStrictEqual(a, b);
    return true;
  } catch {
    return false;
  }
}

describe('canonical JSON', () => {
  it('is the text RFC 8785 gives for its own example', () => {
    const input = String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`;
    assert.equal(
      canonicalJson(input),
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  it('sorts members by UTF-16 code units, as RFC 8785 §3.2.3 asks', () => {
    const input = String.raw`{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}`;
    assert.equal(canonicalJson(input), '{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}');
  });

  it('does not depend on member order or white space, and keeps the value', () => {
    fc.assert(
      fc.property(jsonValue, fc.stringMatching(/^[ \t\r\n]{0,3}$/), (value, space) => {
        const canonical = canonicalJson(JSON.stringify(value));
        assert.equal(canonicalJson(respell(value, space)), canonical);
        assert.deepStrictEqual(JSON.parse(canonical), value);
        assert.equal(canonicalJson(canonical), canonical);
      }),
      { numRuns: 3_000 },
    );
  });

  it('is equal exactly when the values are', () => {
    const small = fc.jsonValue({ maxDepth: 2, stringUnit: fc.constantFrom('a', 'b') });
    fc.assert(
      fc.property(small, small, (a, b) => {
        const [x, y] = [JSON.parse(JSON.stringify(a)) as unknown, JSON.parse(JSON.stringify(b)) as unknown];
        assert.equal(canonicalJson(JSON.stringify(a)) === canonicalJson(JSON.stringify(b)), deepEqual(x, y));
      }),
      { numRuns: 3_000 },
    );
  });

  it('tells apart integers that one double stands for', () => {
    assert.notEqual(digestOf('9007199254740993'), digestOf('9007199254740992'));
    assert.notEqual(digestOf('1e400'), digestOf('1e401'));
    assert.notEqual(digestOf('1e-400'), digestOf('0'));
    assert.equal(digestOf('1e2'), digestOf('100.0'));
    assert.equal(digestOf('-0'), digestOf('0'));
  });

  it('refuses what readers disagree about', () => {
    const refused = [
      String.raw`{"a":1,"\u0061":2}`,
      String.raw`"\ud800"`,
      String.raw`{"\udc00":1}`,
      '{"a":1,}',
      '[1,]',
      '[1 2]',
      '01',
      '+1',
      '1.',
      '.5',
      'NaN',
      'truee',
      '"\n"',
      '"\\x"',
      '"open',
      '{"a" 1}',
      '{a:1}',
      '\u00a01',
      '1\u00a0',
      '',
      '1 1',
      '['.repeat(66) + ']'.repeat(66),
      `[${'0,'.repeat(100_000)}0]`,
    ];
    for (const text of refused) assert.throws(() => canonicalJson(text), NotCanonicalError, text.slice(0, 40));
  });

  it('accepts exactly what JSON.parse accepts, repeated keys, lone surrogates and depth aside', () => {
    const fragment = fc.constantFrom('{', '}', '[', ']', ',', ':', '"a"', '"b"', '1', '-', '0', '1e5', 'true', 'null', ' ', '"');
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 9 }), (fragments) => {
        const text = fragments.join('');
        let parses = true;
        try {
          JSON.parse(text);
        } catch {
          parses = false;
        }
        try {
          canonicalJson(text);
          assert.ok(parses, text);
        } catch (error) {
          assert.ok(error instanceof NotCanonicalError);
          assert.ok(!parses || error.message.includes('twice'), text);
        }
      }),
      { numRuns: 5_000 },
    );
  });

  it('treats __proto__ as any other key', () => {
    assert.equal(canonicalJson('{"__proto__":{"a":1},"constructor":2}'), '{"__proto__":{"a":1},"constructor":2}');
    assert.notEqual(digestOf('{"__proto__":{"a":1}}'), digestOf('{}'));
  });

  it('takes time proportional to the text, also for numbers made to be slow', () => {
    const zeros = '0'.repeat(250_000);
    const hostile = [`1.${zeros}1`, `0.${zeros}1`, `1${zeros}1`, `-${zeros}`, `1e${zeros}1`, `"${'\\\\'.repeat(200_000)}"`, `"${'\\"'.repeat(200_000)}"`];
    const started = performance.now();
    for (const text of hostile) {
      try {
        canonicalJson(text);
      } catch (error) {
        assert.ok(error instanceof NotCanonicalError);
      }
    }
    // The quadratic version needed minutes.
    assert.ok(performance.now() - started < 3_000);
  });
});

describe('digests', () => {
  it('are sha256- and the base64 of the canonical text', () => {
    const expected = createHash('sha256').update('{"a":"é","b":1}').digest('base64');
    assert.equal(digestOf('{ "b": 1.0, "a": "\\u00e9" }'), `sha256-${expected}`);
    assert.equal(sha256('{"a":"é","b":1}'), `sha256-${expected}`);
  });
});
