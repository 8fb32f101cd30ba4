import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compileGlobs, matchesGlob } from '../../src/proxy/policy/glob.ts';

/** The same question put to a regular expression, which is right but can be slow. */
function byRegExp(pattern: string, text: string): boolean {
  const source = Array.from(pattern).map((c) => (c === '*' ? '.*' : c === '?' ? '.' : c.replace(/[\\^$.|+()[\]{}]/, '\\$&'))).join('');
  return new RegExp(`^${source}$`, 'su').test(text);
}

describe('globs', () => {
  it('match as a regular expression would', () => {
    const pattern = fc.string({ unit: fc.constantFrom('*', '?', 'a', 'b', '😀', '.', '['), maxLength: 8 });
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '😀', '.', '[', '\n'), maxLength: 10 });
    fc.assert(
      fc.property(pattern, text, (p, t) => assert.equal(matchesGlob(p, t), byRegExp(p, t))),
      { numRuns: 5_000 },
    );
  });

  it('compile to: any of them matches', () => {
    const test = compileGlobs(['get_*', 'list', 'github:delete_?']);
    assert.deepStrictEqual(['get_', 'list', 'lists', 'github:delete_x', 'github:delete_xy', 'GET_a'].map(test), [true, true, false, true, false, false]);
    assert.equal(compileGlobs([])('anything'), false);
    assert.equal(compileGlobs(['*'])(''), true);
  });

  it('take no time that patterns or names can blow up', () => {
    const started = performance.now();
    assert.equal(matchesGlob(`${'*a'.repeat(100)}b`, 'a'.repeat(1_024)), false);
    assert.equal(matchesGlob(`*${'a'.repeat(500)}b`, 'a'.repeat(1_024)), false);
    assert.ok(performance.now() - started < 500);
  });
});
