// Makes sure that there is a bubblewrap on Linux: the tests run a server behind it.
import { aptInstall, isOnPath } from './lib/apt.ts';
import { main, say, StepError } from './lib/exec.mjs';

await main('ensure-bubblewrap', async () => {
  if (process.platform !== 'linux') return say('ensure-bubblewrap', 'not needed: it is of Linux');
  if (!isOnPath('bwrap')) await aptInstall('ensure-bubblewrap', 'bubblewrap');
  if (!isOnPath('bwrap')) throw new StepError('bwrap is not installed (Debian, Ubuntu: `sudo apt install bubblewrap`)');
  say('ensure-bubblewrap', 'bwrap');
});
