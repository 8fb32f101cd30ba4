// Makes sure that there is a bubblewrap on Linux: the tests run a server behind it.
import { aptInstall } from './lib/apt.ts';
import { main, say, StepError } from './lib/exec.mjs';
import { findOnPath } from './lib/on-path.ts';

await main('ensure-bubblewrap', async () => {
  if (process.platform !== 'linux') return say('ensure-bubblewrap', 'not needed: it is of Linux');
  if (findOnPath('bwrap') === undefined) await aptInstall('ensure-bubblewrap', 'bubblewrap');
  const bwrap = findOnPath('bwrap');
  if (bwrap === undefined) throw new StepError('bwrap is not installed (Debian, Ubuntu: `sudo apt install bubblewrap`)');
  say('ensure-bubblewrap', bwrap);
});
