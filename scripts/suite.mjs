// Runs one suite of tests with node:test. Usage: node scripts/suite.mjs unit|integration|fidelity|security|patterns|agents|editor|agent [NAME-PATTERN]
import { glob } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { main, root, runForCode, StepError } from './lib/exec.mjs';
import { freshResultFile, readResult } from './lib/results.mjs';

await main('suite', async () => {
  const [suite, pattern] = process.argv.slice(2);
  if (Number.parseInt(process.versions.node) < 24) {
    throw new StepError(`Node ${process.versions.node} cannot run TypeScript; start this through npm: \`npm run test:${suite}\``);
  }
  const files = [];
  for await (const file of glob(`test/${suite}/**/*.test.ts`, { cwd: root })) files.push(path.join(root, file));
  if (files.length === 0) throw new StepError(`no tests in test/${suite}`);
  const code = await runForCode(process.execPath, [
    '--test',
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    '--test-reporter=./scripts/lib/count-reporter.mjs',
    `--test-reporter-destination=${await freshResultFile(suite)}`,
    `--import=${pathToFileURL(path.join(root, 'test/fixtures/property-seed.mjs')).href}`,
    // Far more than any needs: a test that waits for what never comes fails by its name instead of holding up the rest.
    '--test-timeout=600000',
    // Each editor test drives a whole VS Code; two at once only make both slow.
    ...(suite === 'editor' || suite === 'agent' ? ['--test-concurrency=1'] : []),
    ...(pattern === undefined ? [] : [`--test-name-pattern=${pattern}`]),
    ...files.sort(),
  ]);
  const result = await readResult(suite);
  if (result === undefined) throw new StepError(`${suite}: the test runner died with code ${code}`);
  if (code !== 0) process.exitCode = 1;
  else if (result.passed === 0) throw new StepError(`${suite}: no test ran`);
});
