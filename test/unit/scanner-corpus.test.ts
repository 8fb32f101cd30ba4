import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isKeptApart, labelledTools, measureChanges, measureTools, tallyOf, unseenTools, type Tally } from '../fixtures/scanner/corpus.ts';

/** The share of a tally at a grade, in percent. */
function percent(tally: Tally, grade: 'block' | 'review'): number {
  assert.ok(tally.n > 0, 'nothing was measured');
  return (100 * tally[grade]) / tally.n;
}

const tools = labelledTools();
const parts = [
  ['looked at', measureTools(tools.filter((tool) => !isKeptApart(tool)))],
  ['kept apart', measureTools(tools.filter(isKeptApart))],
] as const;

describe('the scanner on labelled definitions', { timeout: 120_000 }, () => {
  for (const [part, tallies] of parts) {
    it(`finds attacks a reader could find (${part})`, (t) => {
      for (const [name, { n, block, review }] of [...tallies].sort()) t.diagnostic(`${name}: ${n}, block ${block}, review ${review}`);
      assert.ok(percent(tallyOf(tallies, 'core'), 'block') >= 70);
      assert.ok(percent(tallyOf(tallies, 'core'), 'review') >= 92);
      assert.ok(percent(tallyOf(tallies, 'core, third-party'), 'block') >= 65);
    });

    it(`does not alarm about real tools (${part})`, () => {
      for (const kind of ['benign_real', 'benign_cisco', 'benign_small', 'benign_twin', 'hard_negative']) assert.equal(tallyOf(tallies, kind).block, 0, kind);
      assert.ok(percent(tallyOf(tallies, 'benign_real'), 'review') <= 2);
      assert.ok(percent(tallyOf(tallies, 'hard_negative'), 'review') <= 10);
    });
  }
});

// No rule was or may be written with these in sight: they tell what the scanner does with attacks nobody showed it.
describe('the scanner on definitions written unseen', { timeout: 120_000 }, () => {
  const tallies = measureTools(unseenTools());

  it('finds attacks a reader could find', (t) => {
    for (const [name, { n, block, review }] of [...tallies].sort()) t.diagnostic(`${name}: ${n}, block ${block}, review ${review}`);
    assert.ok(percent(tallyOf(tallies, 'core'), 'block') >= 70);
    assert.ok(percent(tallyOf(tallies, 'core'), 'review') >= 92);
  });

  it('does not alarm about usual tools, and seldom about those that look like attacks', () => {
    assert.equal(tallyOf(tallies, 'benign_usual').review, 0);
    assert.ok(tallyOf(tallies, 'benign_usual').n >= 30);
    assert.ok(tallyOf(tallies, 'benign_hard').block <= 1);
    assert.ok(percent(tallyOf(tallies, 'benign_hard'), 'review') <= 10);
  });
});

describe('the scanner on labelled changes', { timeout: 120_000 }, () => {
  const tallies = measureChanges();

  it('tells what a change brought', (t) => {
    for (const [name, { n, block, review }] of [...tallies].sort()) t.diagnostic(`${name}: ${n}, block ${block}, review ${review}`);
    assert.ok(percent(tallyOf(tallies, 'malicious_change'), 'block') >= 45);
    assert.ok(percent(tallyOf(tallies, 'malicious_change'), 'review') >= 67);
  });

  it('says nothing about honest changes and none at all', () => {
    assert.equal(tallyOf(tallies, 'benign_change').review, 0);
    assert.equal(tallyOf(tallies, 'noop').review, 0);
    assert.ok(tallyOf(tallies, 'benign_change').n > 50 && tallyOf(tallies, 'noop').n > 0);
  });
});
