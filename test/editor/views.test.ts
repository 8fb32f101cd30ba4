import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe } from 'node:test';
import { vsixFile } from '../../scripts/lib/vsix.mjs';
import type { CallRow } from '../../src/views/inspector/messages.ts';
import { stepsIn } from './harness/steps.ts';
import { Workbench } from './harness/workbench.ts';
import { everythingWorkspace, workspaceWith } from './harness/workspace.ts';

const LONG_MS = 60_000;

describe('views', { timeout: 480_000 }, () => {
  let workbench: Workbench;
  let workspace: string;

  before(async () => {
    workspace = await everythingWorkspace('views');
    workbench = await Workbench.open({ name: 'views', vsix: [vsixFile], workspace });
    await workbench.openContainer('Vestibule');
    await workbench.approveEverything('everything', 'get-sum');
    await workbench.treeRow(/^everything.*tools/).first().waitFor({ timeout: LONG_MS });
  });
  after(() => workbench.close());

  const step = stepsIn(() => workbench);
  const toolsFile = async (): Promise<{ servers: { everything: { enabled?: boolean; tools?: { deny?: readonly string[] } } } }> =>
    JSON.parse(await readFile(path.join(workspace, '.vscode', 'vestibule.json'), 'utf8')) as Awaited<ReturnType<typeof toolsFile>>;

  step('narrow to the tools that words find, and show everything again', async () => {
    await workbench.runCommand('Vestibule: Filter Servers and Tools…');
    await workbench.quickInput().fill('get-sum @approved');
    await workbench.treeRow(/^get-sum/).first().waitFor({ timeout: LONG_MS });
    await workbench.treeRow(/^echo/).first().waitFor({ state: 'hidden', timeout: LONG_MS });
    await workbench.quickInput().press('Enter');
    await workbench.quickInput().waitFor({ state: 'hidden' });
    await workbench.screenshot('filtered');
    await workbench.treeRow(/^get-sum/).first().waitFor();
  });

  step('take a tool from agents with its box, and give it back', async () => {
    const box = workbench.treeRow(/^get-sum/).first().locator('[role="checkbox"]').first();
    await workbench.tickUntil(box, false, async () => (await toolsFile()).servers.everything.tools?.deny?.includes('get-sum') === true);
    await workbench.treeRow(/^get-sum.*off · approved/).first().waitFor({ timeout: LONG_MS });
    await workbench.tickUntil(box, true, async () => (await toolsFile()).servers.everything.tools?.deny?.length === 0);
    await workbench.treeRow(/^get-sum.*off/).first().waitFor({ state: 'hidden', timeout: LONG_MS });
    await workbench.runCommand('Vestibule: Clear Filter');
  });

  step('say why tools are found, term by term, and why others are not', async () => {
    await workbench.runCommand('Vestibule: Search Tools');
    await workbench.searchInInspector('add two numbers');
    const row = workbench.webview().getByRole('row', { name: /everything:get-sum/ });
    await row.waitFor({ timeout: LONG_MS });
    assert.match(await row.innerText(), / in (name|description|parameters|title)/);
    await workbench.screenshot('search');
  });

  // The calls are not real; page, protocol, theme and editor are.
  step('hold a hundred thousand calls, of which only those on the screen are drawn', async () => {
    await workbench.runCommand('Vestibule: Open Inspector');
    const page = workbench.webview();
    await page.locator('#calls-status', { hasText: 'No calls yet' }).waitFor({ timeout: LONG_MS });
    await page.locator('body').evaluate(postCalls, 100_000);
    await page.locator('#calls-status', { hasText: '100000 calls, the newest' }).waitFor({ timeout: LONG_MS });
    assert.equal(await page.locator('#calls').getAttribute('aria-rowcount'), '100001');
    assert.ok((await page.locator('#calls-body tr').count()) < 200);
    await page.getByRole('button', { name: 'server:tool-99999', exact: true }).focus();
    await workbench.page.keyboard.press('End');
    await page.getByRole('button', { name: 'server:tool-0', exact: true }).waitFor({ timeout: LONG_MS });
    assert.equal(await page.locator('*:focus').innerText(), 'server:tool-0');
    await workbench.page.keyboard.press('Home');
    await page.getByRole('button', { name: 'server:tool-99999', exact: true }).waitFor({ timeout: LONG_MS });
    await page.getByRole('columnheader', { name: 'Duration' }).getByRole('button').click();
    await page.locator('[aria-sort="ascending"]', { hasText: 'Duration' }).waitFor({ timeout: LONG_MS });
    await page.locator('#calls-body button').first().click();
    // What the host cannot answer is said, not swallowed.
    await page.getByText('There is no record of this call any more.').waitFor({ timeout: LONG_MS });
    await workbench.screenshot('calls');
  });

  step('remember the tab and the filter over a reload of the window', async () => {
    await workbench.webview().getByRole('tab', { name: 'Calls' }).click();
    await workbench.webview().locator('#calls-text input').fill('server:nothing');
    await workbench.webview().locator('#calls-status', { hasText: 'No call matches.' }).waitFor({ timeout: LONG_MS });
    // The calls were not real: after it there are none.
    await workbench.reloadWindow();
    await workbench.webview().locator('#calls-status', { hasText: 'No calls yet' }).waitFor({ timeout: LONG_MS });
    assert.equal(await workbench.webview().locator('#calls-text input').inputValue(), 'server:nothing');
  });
});

/** Runs in the inspector's page: says what the host says when calls end. */
function postCalls(_body: unknown, count: number): void {
  const rows: CallRow[] = [];
  for (let seq = count - 1; seq >= 0; seq--) {
    rows.push({ seq, time: 1_790_000_000_000 + seq * 1000, id: `c${seq}`, agent: `agent-${seq % 5}`, client: 'test', server: 'server', tool: `tool-${seq}`, route: 'call_tool', outcome: seq % 50 === 7 ? 'tool_error' : 'ok', code: undefined, durationMs: (seq * 37) % 900, bytesIn: 10, bytesOut: seq % 5000, tokensOut: seq % 700, truncated: false, bytesWhole: undefined, kept: false, findings: 0 });
  }
  (globalThis as unknown as { postMessage(message: unknown, origin: string): void }).postMessage({ type: 'called', rows }, '*');
}

describe('in German', { timeout: 240_000 }, () => {
  let workbench: Workbench;

  before(async () => {
    workbench = await Workbench.open({ name: 'german', vsix: [vsixFile], workspace: await workspaceWith('german', {}), language: 'de' });
  });
  after(() => workbench.close());

  const step = stepsIn(() => workbench);

  step('the views, the commands and the inspector are', async () => {
    await workbench.runCommand('Vestibule: Focus on Server View');
    await workbench.page.locator('.part.sidebar').getByText('Noch kein MCP-Server').waitFor({ timeout: LONG_MS });
    await workbench.runCommand('Vestibule: Inspektor öffnen');
    await workbench.webview().locator('#calls-status', { hasText: 'Noch keine Aufrufe' }).waitFor({ timeout: LONG_MS });
    assert.equal(await workbench.webview().locator('html').getAttribute('lang'), 'de');
    await workbench.screenshot('german');
  });
});
