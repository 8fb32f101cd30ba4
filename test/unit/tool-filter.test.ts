import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { globOf } from '../../src/proxy/config/edit.ts';
import { compileGlobs } from '../../src/proxy/policy/glob.ts';
import { compileFilter, patternIn, problemOfPattern } from '../../src/proxy/policy/tool-filter.ts';

const names = fc.string({ unit: fc.constantFrom('a', 'b', 'A', '_', '1', '/'), maxLength: 12 });
const atom = fc.constantFrom('a', 'b', '_', '.', '[ab]', '[^a]', '\\d', '\\w', '(?:a|b_)', '(ab)');
const patterns = fc.tuple(fc.constantFrom('', '^'), fc.array(fc.tuple(atom, fc.constantFrom('', '*', '+', '?', '{1,2}')).map(([one, times]) => one + times), { minLength: 1, maxLength: 4 }), fc.constantFrom('', '$')).map(([start, middle, end]) => start + middle.join('') + end);

describe('filters of tools', () => {
  it('match as globs, or as the regular expressions they are', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a*', '?b', 'ab', '*'), { maxLength: 2 }), fc.array(fc.tuple(patterns, fc.boolean()), { maxLength: 3 }), fc.array(names, { maxLength: 8 }), fc.boolean(), (globs, expressions, all, undecided) => {
        const matches = compileFilter([...globs, ...expressions.map(([pattern, ignoreCase]) => `/${pattern}/${ignoreCase ? 'i' : ''}`)], undecided);
        const [byGlob, native] = [compileGlobs(globs), expressions.map(([pattern, ignoreCase]) => new RegExp(pattern, ignoreCase ? 'i' : ''))];
        for (const name of all) assert.equal(matches(name), byGlob(name) || native.some((one) => one.test(name)), name);
      }),
      { numRuns: 500 },
    );
  });

  it('take no longer than the name allows, and decide safely where one would', () => {
    // The engine of JavaScript would not come back from this.
    const evil = '/^(a|a|a|a|a|a|a|a|a|a)*(a|a|a|a|a|a|a|a|a|a)*(a|a|a|a|a|a|a|a|a|a)*(a|a|a|a|a|a|a|a|a|a)*$/';
    assert.equal(problemOfPattern(evil), undefined);
    const long = `${'a'.repeat(127)}b`;
    for (const undecided of [true, false]) assert.equal(compileFilter([evil], undecided)(long), undecided);
    for (const undecided of [true, false]) assert.equal(compileFilter(['/^(a+)+$/'], undecided)(long), false, 'decided in time');
  });

  it('are told apart from globs, and a tool is named by no expression', () => {
    assert.deepEqual([patternIn('/a/'), patternIn('/a/i'), patternIn('a/b'), patternIn('//'), patternIn('/a')], [{ pattern: 'a', ignoreCase: false }, { pattern: 'a', ignoreCase: true }, undefined, undefined, undefined]);
    assert.equal(globOf('/a/'), '?a/');
    assert.equal(compileFilter([globOf('/a/')], true)('/a/'), true);
    assert.match(problemOfPattern(`/${'a'.repeat(201)}/`) ?? '', /longer than 200/);
  });
});
