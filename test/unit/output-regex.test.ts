import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compileLinearRegex, PatternError } from '../../src/proxy/linear-regex.ts';

function holds(pattern: string, text: string, ignoreCase = false): boolean {
  const end = compileLinearRegex(pattern, ignoreCase).search(text, 0).advance({ steps: Infinity });
  return end !== undefined && end >= 0;
}

const atom = fc.oneof(
  fc.constantFrom('a', 'b', 'c', '.', '\\d', '\\w', '\\s', '[ab]', '[^a]', '[a-c0-3]', '\\b', '^', '$', '\\.', '1', ' ', '\\S', '-', '[\\d_]'),
);
const { pattern: anyPattern } = fc.letrec<{ pattern: string; sequence: string; repeated: string }>((tie) => ({
  repeated: fc
    .tuple(fc.oneof({ weight: 4, arbitrary: atom }, { weight: 1, arbitrary: tie('pattern').map((inner) => `(${inner})`) }), fc.constantFrom('', '', '', '*', '+', '?', '{2}', '{1,3}', '{0,}', '*?'))
    // A repeated assertion is taken by one engine and refused by the other; neither is of use.
    .map(([item, times]) => (['\\b', '^', '$'].includes(item) ? item : item + times)),
  sequence: fc.array(tie('repeated'), { minLength: 1, maxLength: 4 }).map((items) => items.join('')),
  pattern: fc.array(tie('sequence'), { minLength: 1, maxLength: 3 }).map((items) => items.join('|')),
}));

describe('compileLinearRegex', () => {
  it('matches what JavaScript matches', () => {
    fc.assert(
      fc.property(anyPattern, fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'A', '1', '3', ' ', '.', '-', '_', 'é'), maxLength: 12 }), fc.boolean(), (pattern, text, ignoreCase) => {
        fc.pre(pattern.length <= 200);
        let holdsHere: boolean;
        try {
          holdsHere = holds(pattern, text, ignoreCase);
        } catch (error) {
          // Nested repetitions can be too large; that is said, not guessed.
          assert.ok(error instanceof PatternError);
          return;
        }
        assert.equal(holdsHere, new RegExp(pattern, ignoreCase ? 'i' : '').test(text));
      }),
      { numRuns: 3_000 },
    );
  });

  it('finds the match that ends first', () => {
    assert.equal(compileLinearRegex('b+', false).search('aabbb', 0).advance({ steps: 100 }), 3);
  });

  it('takes steps in proportion to the text where backtracking takes for ever', () => {
    const text = `${'a'.repeat(20_000)}!`;
    for (const pattern of ['(a+)+$', '^(a|a)*$', '(a|aa)+$', '(.*)*x', 'a*a*a*a*a*b']) {
      const budget = { steps: text.length * 60 };
      assert.equal(compileLinearRegex(pattern, false).search(text, 0).advance(budget), -1, pattern);
      assert.ok(budget.steps > 0, pattern);
    }
  });

  it('stops when the budget is used up and goes on later', () => {
    const search = compileLinearRegex('x', false).search(`${'a'.repeat(100)}x`, 0);
    assert.equal(search.advance({ steps: 50 }), undefined);
    assert.equal(search.advance({ steps: 1_000 }), 101);
  });

  for (const [pattern, why] of [
    ['(?=a)', /lookahead/],
    ['(?<name>a)', /named groups/],
    ['(a)\\1', /back references/],
    ['a**', /repetition/],
    ['*a', /nothing to repeat/],
    ['(a', /not closed/],
    ['a)', /no "\("/],
    ['[a', /ends too early/],
    ['[b-a]', /wrong way round/],
    ['a{3,2}', /wrong way round/],
    ['a{101}', /above 100/],
    ['((a{100}){100}){100}', /too large/],
    ['\\p', /not supported/],
    ['('.repeat(60), /nested deeper/],
    ['a'.repeat(501), /longer than/],
  ] as const) {
    it(`refuses ${pattern.slice(0, 20)} and says why`, () => {
      assert.throws(() => compileLinearRegex(pattern, false), (error) => error instanceof PatternError && why.test(error.message));
    });
  }
});
