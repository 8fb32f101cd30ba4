// Runs every check in order and stops at the first that fails. The last line is `N passed, N failed`.
import { main, npm } from './lib/exec.mjs';
import { forgetResults, readResult } from './lib/results.mjs';

/** npm scripts in order; `suite` names those that leave counts. */
const steps = [
  { script: 'typecheck' },
  { script: 'lint' },
  { script: 'test:unit', suite: 'unit' },
  { script: 'test:integration', suite: 'integration' },
  { script: 'test:conformance', suite: 'conformance' },
  { script: 'test:fidelity', suite: 'fidelity' },
  { script: 'test:security', suite: 'security' },
  { script: 'test:patterns', suite: 'patterns' },
  { script: 'test:agents', suite: 'agents' },
  { script: 'build' },
  { script: 'package' },
  { script: 'budgets' },
  { script: 'test:editor', suite: 'editor' },
  { script: 'test:agent', suite: 'agent' },
];

await main('test', async () => {
  await forgetResults();
  const total = { passed: 0, failed: 0, skipped: 0 };
  const summary = [];
  let broken = false;
  for (const { script, suite } of steps) {
    if (broken) {
      summary.push(`${script}: not run`);
      continue;
    }
    console.log(`\n=== ${script}`);
    broken = !(await npm(['run', '--silent', script]).then(
      () => true,
      () => false,
    ));
    const counts = suite === undefined ? undefined : await readResult(suite);
    // A step that fails without a failed test (a type error, a runner that died) still shows in the last line.
    const failed = Math.max(counts?.failed ?? 0, broken ? 1 : 0);
    total.passed += counts?.passed ?? 0;
    total.failed += failed;
    total.skipped += counts?.skipped ?? 0;
    const numbers = counts === undefined ? '' : ` (${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped)`;
    summary.push(`${script}: ${broken ? 'FAILED' : 'ok'}${numbers}`);
  }
  console.log(`\n=== summary\n${summary.join('\n')}`);
  console.log(`${total.passed} passed, ${total.failed} failed`);
  if (broken) process.exitCode = 1;
});
