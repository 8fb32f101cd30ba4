import assert from 'node:assert/strict';
import type { ScenarioResult } from './suite.ts';

/** Scenarios of one job that are known to fail, each with the reason. */
export type Expected = Readonly<Record<string, string>>;

/** Set by `npm run test:conformance -- --all`: nothing is expected to fail, and all that does is shown. */
const ALL = process.env['VESTIBULE_CONFORMANCE_ALL'] === '1';

/**
 * Prints one row for a job, and what failed where that was not expected.
 * @param job short name and what it shows
 * @param expected must name exactly the scenarios that fail: one that has come to pass has to leave the list
 * A warning counts as a failure here: the fixtures have none, so the proxy would have made it.
 * @throws AssertionError when other scenarios fail than those expected
 */
export function report(job: string, results: readonly ScenarioResult[], expected: Expected): void {
  const failed = results.filter(({ failures, warnings }) => failures.length + warnings.length > 0);
  const count = (of: (result: ScenarioResult) => number): number => results.reduce((sum, result) => sum + of(result), 0);
  console.log(
    [
      job.padEnd(60),
      `scenarios ${results.length - failed.length} passed, ${failed.length} failed`.padEnd(34),
      `checks ${count(({ passed }) => passed)} passed, ${count(({ failures }) => failures.length)} failed, ${count(({ warnings }) => warnings.length)} warned`,
    ].join(' '),
  );
  for (const { name, failures, warnings } of results) {
    if (!ALL && name in expected) continue;
    for (const failure of failures) console.log(`  ✗ ${name}: ${failure}`);
    for (const warning of warnings) console.log(`  ! ${name}: ${warning}`);
    if (ALL && name in expected) console.log(`    (${expected[name] ?? ''})`);
  }
  assert.notEqual(results.length, 0, 'the suite ran nothing');
  assert.deepEqual(failed.map(({ name }) => name).sort(), ALL ? [] : Object.keys(expected).sort(), `${job}: other scenarios fail than test/conformance/expected.ts says`);
}
