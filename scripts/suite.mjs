// Runs one suite of tests with node:test. Usage: node scripts/suite.mjs unit|integration|fidelity|security|patterns|agents|editor|agent [NAME-PATTERN]
import { glob, readdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
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
  const startedAt = Date.now();
  const code = await runForCode(process.execPath, [
    '--test',
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    '--test-reporter=./scripts/lib/count-reporter.mjs',
    `--test-reporter-destination=${await freshResultFile(suite)}`,
    ...['property-seed.mjs', 'telltale/watch.ts'].map((file) => `--import=${pathToFileURL(path.join(root, 'test/fixtures', file)).href}`),
    // Far more than any needs: a test that waits for what never comes fails by its name instead of holding up the rest.
    '--test-timeout=600000',
    // Each editor test drives a whole VS Code; two at once only make both slow.
    ...(suite === 'editor' || suite === 'agent' ? ['--test-concurrency=1'] : []),
    // Attacks mostly wait for the program they attack; of its own accord node:test runs one file at a time on two cores.
    ...(suite === 'security' ? ['--test-concurrency=2'] : []),
    ...(pattern === undefined ? [] : [`--test-name-pattern=${pattern}`]),
    ...files.sort(),
  ]);
  const result = await readResult(suite);
  if (result === undefined) throw new StepError(`${suite}: the test runner died with code ${code}`);
  // Secrets of the fixtures are marked: none may be in what was printed, nor in what is left behind (docs/oauth.md).
  const { sweep } = await import('../test/fixtures/telltale/sweep.ts');
  const leaks = [...result.leaking, ...(await leftBehind(startedAt)).flatMap((place) => sweep(place))];
  if (leaks.length > 0) throw new StepError(`${suite}: a secret got out: ${leaks.join(', ')}`);
  if (code !== 0) process.exitCode = 1;
  else if (result.passed === 0) throw new StepError(`${suite}: no test ran`);
});

/** @param {number} since milliseconds since the epoch @returns {Promise<string[]>} folders that tests of this run wrote to and did not remove */
async function leftBehind(since) {
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith('vestibule-'));
  const temporary = await Promise.all(
    names.map(async (name) => {
      const place = path.join(tmpdir(), name);
      const changed = await stat(place).catch(() => undefined);
      return changed !== undefined && changed.mtimeMs >= since ? [place] : [];
    }),
  );
  return [path.join(root, 'out'), ...temporary.flat()];
}
