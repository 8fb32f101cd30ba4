import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe } from 'node:test';
import type { Locator } from 'playwright-core';
import { vsixFile } from '../../scripts/lib/vsix.mjs';
import { type ChangingServer, startChangingServer } from '../fixtures/changing-server.ts';
import { stepsIn } from './harness/steps.ts';
import { Workbench } from './harness/workbench.ts';
import { workspaceWith } from './harness/workspace.ts';

const SLOW = { timeout: 60_000 };
/** Settings are opened in an ordinary tab, beside the views. */
const TAB = { 'workbench.editor.useModal': 'off' };
/** One more than VS Code sends in a request. */
const TOOLS = 129;

/*
 * What an organisation enforces reaches extensions as the value of a setting. Each is set in the settings of a running
 * VS Code; a file of policies is read by desktop editors alone.
 */
describe('what the editor’s settings keep from working', { timeout: 300_000 }, () => {
  let workbench: Workbench;
  let server: ChangingServer;
  let quiet: Readonly<Record<string, unknown>>;

  before(async () => {
    server = await startChangingServer(Array.from({ length: TOOLS }, (_, index) => ({ name: `tool-${index}`, description: 'Does a thing.', inputSchema: { type: 'object', properties: {} } })));
    const workspace = await workspaceWith('editor-policy', { many: { type: 'http', url: server.url } }, { mode: 'direct' });
    workbench = await Workbench.open({ name: 'editor-policy', vsix: [vsixFile], workspace, settings: { ...TAB, 'chat.mcp.access': 'none' } });
    const settingsFile = path.join(workbench.folder, 'profile', 'data', 'User', 'settings.json');
    quiet = { ...(JSON.parse(await readFile(settingsFile, 'utf8')) as Readonly<Record<string, unknown>>), 'chat.mcp.access': undefined };
    await workbench.openContainer('Vestibule');
  });
  after(async () => {
    await workbench.close();
    await server[Symbol.asyncDispose]();
  });

  const step = stepsIn(() => workbench);
  const notice = (text: string | RegExp): Locator => workbench.view('Upstreams').getByText(text);
  const set = (settings: Readonly<Record<string, unknown>>): Promise<void> => workbench.writeSettings('Preferences: Open User Settings (JSON)', { ...quiet, ...settings });

  step('no MCP servers at all: said from the start, with whom to ask, until it is lifted', async () => {
    const said = notice('The editor offers no MCP servers to its agents. Set chat.mcp.access to "all"; where your organisation enforces it, ask its administrators.');
    await said.waitFor(SLOW);
    await workbench.screenshot('access');
    await set({ 'chat.mcp.access': 'registry' });
    await notice(/only MCP servers of a registry.*ask its administrators/).waitFor(SLOW);
    await set({});
    await notice('ask its administrators').waitFor({ state: 'hidden', ...SLOW });
  });

  const barriers: readonly (readonly [title: string, forbids: Readonly<Record<string, unknown>>, allows: Readonly<Record<string, unknown>>, says: RegExp])[] = [
    ['a list of denied servers', { 'chat.mcp.deniedServers': [{ serverUrl: 'http://127.0.0.1:*' }] }, { 'chat.mcp.deniedServers': [{ serverName: 'another' }] }, /a rule of chat\.mcp\.deniedServers covers it\. Ask the administrators to allow the server "Vestibule" or the address http:\/\/127\.0\.0\.1:\*/],
    ['a list of allowed servers', { 'chat.mcp.allowedServers': [{ serverName: 'another' }] }, { 'chat.mcp.allowedServers': [{ serverName: 'Vestibule' }] }, /no rule of chat\.mcp\.allowedServers covers it\. Ask the administrators to allow/],
    ['managed servers only', { 'chat.mcp.allowManagedServersOnly': true }, { 'chat.mcp.allowManagedServersOnly': false }, /only servers that the organisation manages are allowed\. Ask the administrators/],
    ['plugins only', { 'chat.customizations.strictPluginOnlyCustomization': true }, {}, /servers of extensions are shut out\. Ask the administrators/],
  ];
  for (const [title, forbids, allows, says] of barriers) {
    step(`${title}: said, and no longer once this server is let in`, async () => {
      await set(forbids);
      await notice(says).waitFor(SLOW);
      await set(allows);
      await notice(/Ask the administrators/).waitFor({ state: 'hidden', ...SLOW });
    });
  }

  step('more tools than the editor sends: said with the setting that helps, and no longer once agents search', async () => {
    await workbench.runCommand('Vestibule: Approve…');
    await workbench.answer('Approve Launch');
    await workbench.viewRow('Upstreams', `${TOOLS} to review`).waitFor(SLOW);
    await workbench.runCommand('Vestibule: Approve All…');
    await workbench.answer(/^Approve \d+$/);
    await notice(`${TOOLS} tools are listed one by one; the editor refuses more than 128 in one request. Let agents search instead`).waitFor(SLOW);
    await workbench.screenshot('too many');
    await workbench.runCommand('Vestibule: Run Doctor');
    await workbench.quickPick(/too-many-tools/).waitFor(SLOW);
    await workbench.quickInput().press('Escape');
    await workbench.quickInput().waitFor({ state: 'hidden', ...SLOW });
    await workbench.writeSettings('Preferences: Open Workspace Settings (JSON)', { 'vestibule.mode': 'retrieve' });
    await notice('tools are listed one by one').waitFor({ state: 'hidden', ...SLOW });
    await workbench.viewRow('Upstreams', `${TOOLS} tools`).waitFor(SLOW);
  });
});
