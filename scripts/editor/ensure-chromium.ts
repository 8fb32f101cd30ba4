// Makes sure that a Chromium-based browser is on this machine; the editor suites drive VS Code's workbench in it.
import { aptInstall } from '../lib/apt.ts';
import { main, say, StepError } from '../lib/exec.mjs';
import { findChromium } from './find-chromium.ts';

await main('ensure-chromium', async () => {
  let browser = findChromium();
  if (browser === undefined && process.env['CHROMIUM_PATH']) {
    throw new StepError(`CHROMIUM_PATH names ${process.env['CHROMIUM_PATH']}, which does not exist`);
  }
  if (browser === undefined) {
    await aptInstall('ensure-chromium', 'chromium');
    browser = findChromium();
  }
  if (browser === undefined) {
    throw new StepError(
      'no browser found. Install Chromium, Google Chrome or Microsoft Edge (Debian, Ubuntu: `sudo apt install chromium`), or set CHROMIUM_PATH to its executable',
    );
  }
  say('ensure-chromium', browser);
});
