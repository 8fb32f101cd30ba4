import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { measureSlices, regressions } from '../../bench/retrieval/baseline.ts';
import { readQueries, readTools } from '../../bench/retrieval/corpus.ts';
import { measureStuffing } from '../../bench/retrieval/stuffing.ts';

describe('how well tools are found', () => {
  it('is within a point of the stored baseline', () => {
    assert.deepEqual(regressions(measureSlices()), []);
  });

  it('does not reward stuffing definitions with keywords', () => {
    for (const { attack, first, inFirstFive } of measureStuffing(readTools(), readQueries())) {
      assert.ok(first <= 0.005, `${attack}: first in ${100 * first} % of searches`);
      assert.ok(inFirstFive <= 0.08, `${attack}: among the first five in ${100 * inFirstFive} %`);
    }
  });
});
