import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe } from 'node:test';
import type { Locator } from 'playwright-core';
import { vsixFile } from '../../scripts/lib/vsix.mjs';
import { runFolder } from './harness/folders.ts';
import { stepsIn } from './harness/steps.ts';
import { Workbench } from './harness/workbench.ts';
import { workspaceWith } from './harness/workspace.ts';

const SLOW = { timeout: 60_000 };
/** Where the extension keeps what is the person's. */
const DATA = 'globalStorage/vestibule.vestibule-mcp';

// What there is to see and to press when there is nothing: after a start that failed, and before the first server.
describe('empty views', { timeout: 300_000, skip: process.platform === 'win32' && 'the home folder of a running program cannot be moved' }, () => {
  const home = `${runFolder('empty-views')}-home`;
  let workbench: Workbench;

  before(async () => {
    await rm(home, { recursive: true, force: true });
    await mkdir(path.join(home, '.cursor'), { recursive: true });
    await writeFile(path.join(home, '.cursor', 'mcp.json'), JSON.stringify({ mcpServers: { 'of-another-client': { command: 'no-such-program' } } }));
    workbench = await Workbench.open({
      name: 'empty-views',
      vsix: [vsixFile],
      workspace: await workspaceWith('empty-views', {}),
      // A file is in the way of the folder.
      userFiles: { [DATA]: 'in the way' },
      env: { HOME: home, XDG_CONFIG_HOME: undefined },
    });
    await workbench.openContainer('Vestibule');
  });
  after(() => workbench.close());

  const step = stepsIn(() => workbench);
  const link = (view: string, text: string): Locator => workbench.view(view).locator('.welcome-view-content').getByRole('button', { name: text, exact: true });
  const why = (): Locator => workbench.viewRow('Upstreams', 'Vestibule could not start');
  /** Presses a link until that shows. */
  const follow = (view: string, text: string, shows: Locator): Promise<void> => workbench.clickUntil(() => link(view, text).click(), shows);
  /** Presses a link that asks this, and closes what asks. */
  const askAndDismiss = async (text: string, asked: string): Promise<void> => {
    await follow('Upstreams', text, workbench.page.locator('.quick-input-widget', { hasText: asked }));
    await workbench.quickInput().press('Escape');
    await workbench.quickInput().waitFor({ state: 'hidden' });
  };

  step('say why nothing started, and what to do, in the view and in the status bar', async () => {
    await why().waitFor(SLOW);
    await workbench.viewRow('Upstreams', 'Check that this path is on a working disk').waitFor(SLOW);
    await workbench.tooltip(why(), 'Cannot prepare');
    await workbench.page.locator('.part.statusbar .statusbar-item.error-kind', { hasText: 'Vestibule' }).waitFor(SLOW);
    for (const text of ['Restart Gateway', 'Show Log']) await link('Quarantine', text).waitFor(SLOW);
    await workbench.screenshot('failed');
    await workbench.rowAction(why(), 'Show Log', workbench.page.locator('.part.panel', { hasText: 'Output' }));
  });

  step('start again by their button once the cause is gone', async () => {
    await rm(path.join(workbench.folder, 'profile', 'data', 'User', DATA));
    await workbench.rowAction(why(), 'Restart Gateway', workbench.view('Upstreams').getByText('No MCP server is set up yet.'));
    await why().waitFor({ state: 'hidden', ...SLOW });
    await workbench.view('Quarantine').getByText('Nothing waits for your review.').waitFor(SLOW);
    await workbench.screenshot('empty');
  });

  step('lead to each way of getting a first server', async () => {
    await askAndDismiss('Add Server…', 'Paste an address');
    await askAndDismiss('Browse Registry…', 'Words of a server');
    await askAndDismiss('Import Servers…', 'of-another-client');
    await follow('Upstreams', 'Open Servers File', workbench.quickPick('This workspace’s servers'));
    await workbench.choose('This workspace’s servers');
    await workbench.editorText().getByText('servers').first().waitFor(SLOW);
  });

  step('say that only the editor’s own agents can connect, and how others do', async () => {
    await workbench.runCommand('Vestibule: Focus on Agents View');
    await workbench.view('Agents').getByText('Only agents of this editor can connect.').waitFor(SLOW);
    await workbench.viewRow('Agents', 'Agents of this editor').waitFor(SLOW);
  });
});
