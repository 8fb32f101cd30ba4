// First step of `npm test` and `npm start`; runs on any Node ≥ 20 in a fresh clone, without node_modules.
// Usage: node scripts/bootstrap.mjs [--editor] SCRIPT [ARGS…]
// Installs what is missing, with --editor also a real VS Code, a browser and the packaged extension, then hands over
// to `npm run SCRIPT`: npm puts node_modules/.bin first on PATH, so SCRIPT runs on the Node of the devDependencies
// (docs/decisions/0003-toolchain.md).
import { main, npm, npmCommand, runForCode, say, StepError } from './lib/exec.mjs';
import { isInstalled } from './lib/install-stamp.mjs';

await main('bootstrap', async () => {
  const args = process.argv.slice(2);
  const editor = args[0] === '--editor';
  const [script, ...rest] = editor ? args.slice(1) : args;
  if (script === undefined) throw new StepError('usage: node scripts/bootstrap.mjs [--editor] SCRIPT [ARGS…]');

  if (isInstalled()) {
    say('bootstrap', 'node_modules fits package-lock.json');
  } else {
    say('bootstrap', 'installing dependencies: npm ci');
    await npm(['ci', '--no-audit', '--no-fund']);
  }
  if (editor) {
    await npm(['run', '--silent', 'ensure:vscode']);
    await npm(['run', '--silent', 'ensure:chromium']);
    await npm(['run', '--silent', 'package']);
  }
  // SCRIPT says itself what went wrong.
  const [command, all] = npmCommand(['run', '--silent', script, ...(rest.length > 0 ? ['--', ...rest] : [])]);
  process.exitCode = await runForCode(command, all);
});
