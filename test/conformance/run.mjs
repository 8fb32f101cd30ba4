// Runs the official conformance suite. Usage: npm run test:conformance [-- [--all] [JOB]]
// With --all every job has to pass whole, and what fails is shown with the suite's own words; JOB is a name such as s2.
import { main, root, runForCode } from '../../scripts/lib/exec.mjs';

await main('conformance', async () => {
  const args = process.argv.slice(2);
  const all = args.includes('--all');
  const job = args.find((argument) => !argument.startsWith('-'));
  process.exitCode = await runForCode(process.execPath, ['scripts/suite.mjs', 'conformance', ...(job === undefined ? [] : [`^${job}:`])], {
    cwd: root,
    env: all ? { VESTIBULE_CONFORMANCE_ALL: '1' } : {},
  });
});
