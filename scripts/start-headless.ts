// `npm run start:headless`: the headless gateway, built from this checkout, over the same servers as `npm start`.
import path from 'node:path';
import { createInterface } from 'node:readline';
import { cacheFolder } from './editor/vscode-install.ts';
import { startGroup } from './editor/process-group.ts';
import { main, npm, root, say, StepError } from './lib/exec.mjs';
import { interrupted } from './lib/interrupted.ts';
import { writeSampleWorkspace } from './sample/workspace.ts';

const program = path.join(root, 'dist', 'headless.cjs');
const sample = path.join(cacheFolder, 'sample');
const places = ['--workspace', sample, '--data', path.join(cacheFolder, 'headless')];

await main('start:headless', async () => {
  await npm(['run', '--silent', 'build']);
  await writeSampleWorkspace(sample);
  const stop = interrupted();
  const group = startGroup(process.execPath, [program, 'serve', ...places]);
  const { stdout, stderr } = group.child;
  if (stdout === null || stderr === null) throw new StepError('the gateway has no output');
  stderr.pipe(process.stderr);
  createInterface(stdout).on('line', (line) => {
    const { url, token } = JSON.parse(line) as { url: string; token: string };
    explain(url, token);
  });
  await Promise.race([stop, group.ended]);
  await group.end();
  if (group.child.exitCode !== 0) throw new StepError(`the gateway ended with code ${group.child.exitCode ?? 'none'}`);
});

function explain(url: string, token: string): void {
  const command = (...args: string[]): string => `  node ${[program, ...args, ...places].map(quoted).join(' ')}`;
  say('start:headless', `serving at ${url}, header: Authorization: Bearer ${token}`);
  console.log(
    [
      'The servers in the sample workspace wait for approval. In another terminal:',
      command('upstream', 'list'),
      command('upstream', 'approve', '--name', 'everything'),
      command('upstream', 'approve', '--name', 'filesystem'),
      'Press Ctrl-C to end.',
    ].join('\n'),
  );
}

function quoted(argument: string): string {
  return /^[\w@%+=:,./\\-]+$/.test(argument) ? argument : JSON.stringify(argument);
}
