/* A person signs in from VS Code running on another machine than the browser: the answer comes back through the editor's own callback. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe } from 'node:test';
import { vsixFile } from '../../scripts/lib/vsix.mjs';
import { startProvider, type Provider } from '../fixtures/oauth/provider.ts';
import { approveHttpLaunch, clickThrough, openSignIn, WHO, type Take } from './harness/sign-in.ts';
import { stepsIn } from './harness/steps.ts';
import { Workbench } from './harness/workbench.ts';
import { workspaceWith } from './harness/workspace.ts';

const SLOW = { timeout: 60_000 };

/** An address that VS Code does not take for a port to forward, as it does with 127.0.0.1; macOS has no other one. */
const ELSEWHERE = '127.0.0.2';

describe('signing in from the editor', { timeout: 300_000, skip: process.platform === 'darwin' && 'macOS has one loopback address' }, () => {
  let provider: Provider;
  let workbench: Workbench;

  before(async () => {
    provider = await startProvider({ pages: true }, ELSEWHERE);
    workbench = await Workbench.open({ name: 'sign-in', vsix: [vsixFile], workspace: await workspaceWith('sign-in', { acme: { type: 'http', url: provider.url } }) });
  });
  after(async () => {
    await workbench.close();
    await provider.close();
  });

  const step = stepsIn(() => workbench);
  const take: Take = async (name) => {
    await workbench.screenshot(name);
  };
  const host = (): string => new URL(provider.origin).host;

  step('who refuses on the page is told so, and nothing is kept', async () => {
    await approveHttpLaunch(workbench, 'acme');
    const page = await openSignIn(workbench, 'acme', host(), take);
    await clickThrough(page, 'Deny', take);
    await workbench.notification(/did not grant access/).first().waitFor(SLOW);
    await page.close();
    assert.equal(provider.counts.code, 0);
  });

  step('the address is shown before it opens; the answer comes back through the callback of the editor', async () => {
    const page = await openSignIn(workbench, 'acme', host(), take);
    const redirect = provider.seen.authorize.get('redirect_uri') ?? '';
    assert.match(redirect, /^http:\/\/127\.0\.0\.1:\d+\/.*callback\?vscode-reqid=\d+&/);
    assert.equal(provider.seen.token.get('redirect_uri') ?? redirect, redirect);
    await clickThrough(page, 'Allow', take);
    await workbench.notification(new RegExp(`Signed in to .*acme.* as ${WHO}`)).first().waitFor(SLOW);
    await workbench.treeRow(/whoami/).first().waitFor(SLOW);
    await page.close();
  });

  step('no token is in any file of the profile, nor on the screen', async () => {
    const shown = await workbench.page.locator('body').innerText();
    const files = await everything(workbench.folder);
    for (const secret of provider.secrets) assert.ok(!shown.includes(secret) && !files.includes(secret), 'a token was written down');
  });

  step('access is renewed without a question', async () => {
    provider.expireAccess();
    await workbench.runCommand('Vestibule: Restart Server');
    await workbench.treeRow(/whoami/).first().waitFor(SLOW);
    assert.equal(provider.counts.authorize, 2);
  });
});

/** Every text below a folder; pictures and databases as they are. */
async function everything(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.parentPath.includes(`${path.sep}extensions${path.sep}`));
  return (await Promise.all(files.map((entry) => readFile(path.join(entry.parentPath, entry.name), 'latin1').catch(() => '')))).join('\n');
}
