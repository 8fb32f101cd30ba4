import { type Browser, chromium } from 'playwright-core';
import { findChromium } from '../../../scripts/editor/find-chromium.ts';

/**
 * Starts a browser without a window and without background traffic.
 * @param more further arguments of the browser
 * @throws Error when the machine has none
 */
export async function launchBrowser(more: readonly string[] = []): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error('no browser: run `npm run ensure:chromium`');
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...more,
    ],
  });
}
