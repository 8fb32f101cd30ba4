import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe } from 'node:test';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { vsixFile } from '../../scripts/lib/vsix.mjs';
import { type ChangingServer, startChangingServer } from '../fixtures/changing-server.ts';
import { type Registry, startRegistry } from '../fixtures/registry.ts';
import { runFolder } from './harness/folders.ts';
import { stepsIn } from './harness/steps.ts';
import { Workbench } from './harness/workbench.ts';

const START_MS = 60_000;
const WEATHER = { name: 'com.example/weather', title: 'Weather', description: 'Forecasts', version: '2.1.0', packages: [{ registryType: 'npm', identifier: '@example/weather-mcp', version: '2.1.0', transport: { type: 'stdio' } }] };
const TICKETS = { name: 'com.example/tickets', title: 'Tickets', description: 'Finds tickets', version: '1.0.0', remotes: [{ type: 'streamable-http', url: 'http://127.0.0.1:9/tickets' }] };

// From an empty folder to an agent that calls a tool, with the walkthrough beside it. Each step goes on where the one before it ended.
describe('the first five minutes', { timeout: 480_000, skip: process.platform === 'win32' && 'the home folder of a running program cannot be moved' }, () => {
  const workspace = `${runFolder('first-minutes')}-workspace`;
  const home = `${runFolder('first-minutes')}-home`;
  const serversFile = path.join(workspace, '.vscode', 'vestibule.json');
  let workbench: Workbench;
  let notes: ChangingServer;
  let registry: Registry;

  before(async () => {
    for (const folder of [workspace, home]) {
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder, { recursive: true });
    }
    notes = await startChangingServer([{ name: 'read', description: 'Reads a note.', inputSchema: { type: 'object', properties: {} }, annotations: { readOnlyHint: true } }]);
    registry = await startRegistry([WEATHER, TICKETS]);
    workbench = await Workbench.open({
      name: 'first-minutes',
      vsix: [vsixFile],
      workspace,
      // Settings of the machine are those of the side that the extension runs on.
      userFiles: { '../Machine/settings.json': JSON.stringify({ 'vestibule.registry': registry.base }) },
      env: { HOME: home, XDG_CONFIG_HOME: undefined },
    });
  });
  after(async () => {
    await workbench.close();
    await notes[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
  });

  const step = stepsIn(() => workbench);

  const written = async (): Promise<Record<string, unknown>> => (JSON.parse(await readFile(serversFile, 'utf8')) as { servers: Record<string, unknown> }).servers;
  const type = (asked: string, text?: string): Promise<void> => workbench.type(asked, text);
  const choose = (text: string): Promise<void> => workbench.choose(text);
  /** Takes what is ticked of a list that has this row. */
  const takeTicked = async (row: string): Promise<void> => {
    await workbench.quickPick(row).first().waitFor();
    await workbench.takeTicked();
  };
  const add = async (text: string): Promise<void> => {
    await workbench.runCommand('Vestibule: Add Server…');
    await type('Paste an address', text);
  };
  const NAME = 'Its name: agents and you know it by this';
  const keepHere = (): Promise<void> => choose('This workspace’s servers');
  /** Whether the walkthrough ticks one of its steps. */
  const mark = (id: string, done: boolean): ReturnType<Workbench['page']['locator']> =>
    workbench.page.locator(`.codicon[data-done-step-id="vestibule.vestibule-mcp#start#${id}"]${done ? '.complete' : ':not(.complete)'}`).first();
  const openWalkthrough = async (): Promise<void> => {
    await workbench.runCommand('Welcome: Open Walkthrough...');
    await choose('Get started with Vestibule');
    await workbench.page.locator('[data-done-step-id^="vestibule.vestibule-mcp#start"]').first().waitFor();
  };

  step('starts with one item in the status bar, and a walkthrough of which nothing is done', async () => {
    await workbench.statusItem('Vestibule').waitFor({ timeout: START_MS });
    assert.equal(await workbench.page.locator('.part.statusbar .statusbar-item[id^="vestibule"]').count(), 1);
    await openWalkthrough();
    for (const id of ['add', 'review', 'ask', 'inspect', 'connect']) await mark(id, false).waitFor({ state: 'attached' });
    await workbench.screenshot('walkthrough');
    assert.equal(existsSync(serversFile), false);
  });

  step('adds a server by its address, after showing what it connects to, into a file made for it', async () => {
    await add(notes.url);
    await type(NAME, 'notes');
    await keepHere();
    await workbench.dialog().waitFor();
    assert.ok((await workbench.dialog().innerText()).includes(notes.url));
    await workbench.answer('Add and Start');
    await workbench.treeRow(/^notes/).first().waitFor();
    assert.deepEqual(await written(), { notes: { type: 'http', url: notes.url } });
    await mark('add', true).waitFor({ state: 'attached' });
  });

  step('adds one by its command line', async () => {
    await add('$ TEAM=blue no-such-program --root "a b"');
    await type(NAME, 'by-command');
    await keepHere();
    assert.match(await workbench.dialog().innerText(), /no-such-program --root "a b"/);
    await workbench.answer('Add and Start');
    await workbench.treeRow(/^by-command/).first().waitFor();
    assert.deepEqual((await written())['by-command'], { type: 'stdio', command: 'no-such-program', args: ['--root', 'a b'], env: { TEAM: 'blue' } });
  });

  step('adds several from JSON of another client, in the grammar of this one', async () => {
    await add('{"mcpServers":{"one":{"serverUrl":"http://127.0.0.1:9/one"},"two":{"command":"no-such-program","disabled":true}}}');
    await takeTicked('one');
    await keepHere();
    await workbench.answer('Add and Start 2');
    await workbench.treeRow(/^two/).first().waitFor();
    const { one, two } = await written();
    assert.deepEqual([one, two], [{ url: 'http://127.0.0.1:9/one' }, { command: 'no-such-program', enabled: false }]);
  });

  step('adds one by a link into the registry', async () => {
    await add(`${registry.base}/v0.1/servers/${encodeURIComponent(TICKETS.name)}/versions/latest`);
    await type(NAME);
    await keepHere();
    await workbench.answer('Add and Start');
    await workbench.treeRow(/^tickets/).first().waitFor();
    assert.deepEqual((await written())['tickets'], { type: 'http', url: 'http://127.0.0.1:9/tickets' });
  });

  step('finds one in the registry, and shows the exact command before it is added', async () => {
    await workbench.runCommand('Vestibule: Browse Registry…');
    await type('Words of a server', 'weather');
    await choose('Weather');
    await type(NAME, 'weather');
    await keepHere();
    assert.match(await workbench.dialog().innerText(), /npx -y @example\/weather-mcp@2\.1\.0/);
    await workbench.screenshot('registry');
    await workbench.answer('Cancel');
    assert.equal((await written())['weather'], undefined);
  });

  step('reviews the tool of the server that answered', async () => {
    await workbench.openReview(workbench.treeRow(/^read.*new/).first(), 'Tool read');
    await workbench.runCommand('Vestibule: Approve All…');
    await workbench.answer(/^Approve/);
    await workbench.treeRow(/^read.*new/).waitFor({ state: 'hidden' });
    await openWalkthrough();
    await mark('review', true).waitFor({ state: 'attached' });
  });

  step('connects another agent after showing the change; it calls, and both are ticked off', async () => {
    const file = path.join(home, '.cursor', 'mcp.json');
    await workbench.runCommand('Vestibule: Connect Agent…');
    await choose('Cursor');
    await choose('Tools that only read');
    await takeTicked('notes');
    await choose('Over HTTP');
    await workbench.dialog().waitFor();
    await workbench.page.locator('.part.editor .monaco-diff-editor').waitFor();
    await workbench.answer('Connect');
    await workbench.notification('Connected Cursor').getByRole('button', { name: 'Undo' }).waitFor();
    const { mcpServers } = JSON.parse(await readFile(file, 'utf8')) as { mcpServers: { vestibule: { url: string; headers: Record<string, string> } } };
    const { headers, url } = mcpServers.vestibule;
    const client = new Client({ name: 'cursor', version: '1' });
    await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
    const { tools } = await client.listTools();
    const direct = tools.find(({ name }) => name.endsWith('read') && !name.startsWith('call_tool'));
    await client.callTool(direct === undefined ? { name: 'call_tool_read', arguments: { tool: 'notes:read', arguments: {} } } : { name: direct.name, arguments: {} });
    await client.close();
    assert.equal(notes.calls.length, 1);
    await openWalkthrough();
    await mark('connect', true).waitFor({ state: 'attached' });
    await mark('ask', true).waitFor({ state: 'attached' });

    await workbench.runCommand('Vestibule: Connect Agent…');
    await workbench.quickPick(/Cursor.*connected as cursor · seen/).first().waitFor();
    await choose('Cursor');
    await choose('Disconnect');
    await workbench.notification('Revoked the token of cursor').waitFor();
    assert.equal(existsSync(file), false);
  });

  step('opens the inspector, the last step', async () => {
    await workbench.runCommand('Vestibule: Open Inspector');
    await workbench.webview().getByRole('button', { name: 'notes:read' }).waitFor();
    await openWalkthrough();
    await mark('inspect', true).waitFor({ state: 'attached' });
  });

  step('comes back to its port, so that what was connected stays so', async () => {
    const address = async (): Promise<string> => {
      await workbench.runCommand('Vestibule: Copy Endpoint Address');
      return /http:\S+\/mcp/.exec(await workbench.notification('Copied http').last().innerText())?.[0] ?? '';
    };
    const before = await address();
    assert.match(before, /^http:\/\/127\.0\.0\.1:\d+\/mcp$/);
    await workbench.reloadWindow();
    await workbench.statusItem('Vestibule').waitFor({ timeout: START_MS });
    assert.equal(await address(), before);
  });
});
