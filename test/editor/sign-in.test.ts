/* A person signs in from VS Code running on another machine than the browser: the answer comes back through the editor's own callback. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe } from 'node:test';
import type { Locator } from 'playwright-core';
import { vsixFile } from '../../scripts/lib/vsix.mjs';
import { startProvider, type Provider } from '../fixtures/oauth/provider.ts';
import { eventually } from '../fixtures/eventually.ts';
import { approveHttpLaunch, clickThrough, openAddress, openSignIn, WHO, type Take } from './harness/sign-in.ts';
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
    const offer = workbench.notification('When you are done in the browser').getByRole('link', { name: 'paste its address' });
    await workbench.clickUntil(() => offer.click(), workbench.page.locator('.quick-input-message', { hasText: 'The whole address that the browser ended at.' }));
    await clickThrough(page, 'Deny', take);
    await workbench.notification(/did not grant access/).first().waitFor(SLOW);
    // What was offered for this sign-in goes with it: the notification, and the field that was open.
    await offer.waitFor({ state: 'detached', ...SLOW });
    await workbench.quickInput().waitFor({ state: 'hidden', ...SLOW });
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
    await workbench.notification('When you are done in the browser').waitFor({ state: 'detached', ...SLOW });
    await page.close();
  });

  step('no token is in any file of the profile, nor on the screen', async () => {
    const shown = await workbench.page.locator('body').innerText();
    const files = await everything(workbench.folder);
    for (const secret of provider.secrets) assert.ok(!shown.includes(secret) && !files.includes(secret), 'a token was written down');
  });

  step('access is renewed without a question', async () => {
    const renewed = provider.counts.refresh;
    provider.expireAccess();
    await workbench.runCommand('Vestibule: Restart Server');
    // Left open, the question would take the focus from whatever comes next.
    await workbench.choose('acme');
    await workbench.quickInput().waitFor({ state: 'hidden', ...SLOW });
    await eventually(() => provider.counts.refresh > renewed);
    await workbench.treeRow(/whoami/).first().waitFor(SLOW);
    assert.equal(provider.counts.authorize, 2);
  });

  const row = (text: string): Locator => workbench.viewRow('Upstreams', new RegExp(`^acme.*${text}`));
  const fromMenu = (command: string, shows: Locator): Promise<void> => workbench.rowMenu(row('').first(), command, shows);
  const OTHER = 'ben@example.com';

  step('a second account is added beside the first; the row of the server names the one in use', async () => {
    await row(WHO).waitFor(SLOW);
    await fromMenu('Sign In', workbench.dialog().getByText(`As ${WHO}.`));
    await workbench.answer('Use another account');
    const page = await openAddress(workbench, host(), take);
    await clickThrough(page, 'Allow', take, OTHER);
    await workbench.notification(new RegExp(`Signed in to .*acme.* as ${OTHER}`)).first().waitFor(SLOW);
    await page.close();
    await row(OTHER).waitFor(SLOW);
    await workbench.screenshot('second account');
  });

  step('the workspace goes back to the first by two clicks, and needs no sign-in for it', async () => {
    const before = provider.counts.authorize;
    await fromMenu('Switch Account', workbench.quickPick(OTHER).getByText('in use'));
    await workbench.clickUntil(() => workbench.quickPick(WHO).click({ timeout: 5_000 }), row(WHO));
    assert.equal(provider.counts.authorize, before);
  });

  step('one of them is signed out, at the authorization server too; the other is used on', async () => {
    await fromMenu('Sign Out', workbench.quickPick(WHO));
    await workbench.choose(WHO);
    await workbench.dialog().getByText(WHO).waitFor(SLOW);
    await workbench.answer('Sign Out');
    await workbench.notification(/Signed out of .*acme/).first().waitFor(SLOW);
    await row(OTHER).waitFor(SLOW);
    assert.ok(provider.counts.revoke > 0);
    await fromMenu('Sign Out', workbench.dialog());
    await workbench.answer('Sign Out');
    await row('sign in needed').waitFor(SLOW);
    await workbench.screenshot('nobody');
  });
});

/** Every text below a folder; pictures and databases as they are. */
async function everything(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.parentPath.includes(`${path.sep}extensions${path.sep}`));
  return (await Promise.all(files.map((entry) => readFile(path.join(entry.parentPath, entry.name), 'latin1').catch(() => '')))).join('\n');
}
