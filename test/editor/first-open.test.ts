import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe } from 'node:test';
import { vsixFile } from '../../scripts/lib/vsix.mjs';
import { parseServersFile } from '../../src/proxy/config/servers-file.ts';
import { digestOf } from '../../src/proxy/json/canonical.ts';
import { fingerprintOf } from '../../src/proxy/quarantine/launch.ts';
import { writeLock } from '../../src/proxy/quarantine/lockfile/lock-format.ts';
import { type ChangingServer, startChangingServer } from '../fixtures/changing-server.ts';
import { stepsIn } from './harness/steps.ts';
import { Workbench } from './harness/workbench.ts';
import { workspaceWith } from './harness/workspace.ts';

const tool = { name: 'read', description: 'Reads a note.', inputSchema: { type: 'object', properties: {} } };

// A teammate opens a folder that somebody else set up: servers, approvals and a key that everybody has their own of.
describe('the first open of a shared folder', { timeout: 300_000 }, () => {
  let workbench: Workbench;
  let server: ChangingServer;
  let serversFile: string;

  before(async () => {
    server = await startChangingServer([tool]);
    const workspace = await workspaceWith('first-open', {});
    serversFile = path.join(workspace, '.vscode', 'vestibule.json');
    const text = JSON.stringify({
      servers: { notes: { type: 'http', url: server.url, headers: { Authorization: 'Bearer ${input:notes-key}' } } },
      inputs: [{ id: 'notes-key', type: 'promptString', description: 'Your key of the notes', password: true }],
    });
    await writeFile(serversFile, text);
    const [config] = parseServersFile(text, serversFile, 'workspace').servers;
    assert.ok(config);
    const lock = new Map([['notes', { fingerprint: fingerprintOf(config), instructions: undefined, tools: new Map([['read', digestOf(JSON.stringify(tool))]]) }]]);
    await writeFile(path.join(workspace, '.vscode', 'vestibule.lock.json'), writeLock(lock));
    workbench = await Workbench.open({
      name: 'first-open',
      vsix: [vsixFile],
      workspace,
      trusted: false,
      settings: { 'security.workspace.trust.startupPrompt': 'never', 'security.workspace.trust.emptyWindow': false },
    });
  });
  after(async () => {
    await workbench.close();
    await server[Symbol.asyncDispose]();
  });

  const step = stepsIn(() => workbench);
  const row = (text: RegExp): ReturnType<Workbench['quickPick']> => workbench.quickPick(text).first();

  step('explains itself: what the folder brings, that nothing runs, and one way on', async () => {
    const notice = workbench.notification('This workspace brings 1 MCP server').getByRole('button', { name: 'Set Up…' });
    await notice.waitFor({ timeout: 60_000 });
    await workbench.clickUntil(() => notice.click(), row(/Trust this folder.*to do/));
    assert.equal(await workbench.quickPick(/Let|Review|Give/).count(), 0);
    await workbench.screenshot('trust');
  });

  step('asks for trust, and goes on by itself once it is given', async () => {
    await workbench.choose('Trust this folder');
    await workbench.trust();
    await row(/Give “notes” its value: notes-key.*to do/).waitFor({ timeout: 60_000 });
    await row(/Trust this folder.*done/).waitFor();
    await row(/Review what your team approved.*to do/).waitFor();
    await workbench.screenshot('steps');
  });

  step('asks for the value, which no file gets', async () => {
    await workbench.choose('Give “notes” its value');
    await workbench.page.locator('.quick-input-message', { hasText: 'Your key of the notes' }).waitFor();
    assert.equal(await workbench.quickInput().getAttribute('type'), 'password');
    await workbench.type('Your key of the notes', 'the-key-itself');
    await row(/Give “notes” its value: notes-key.*done/).waitFor();
    assert.ok(!(await readFile(serversFile, 'utf8')).includes('the-key-itself'));
  });

  step('shows what the team approved, takes it over, and has nothing left to ask', async () => {
    await workbench.choose('Review what your team approved');
    await workbench.dialog().waitFor();
    assert.match(await workbench.dialog().innerText(), /1 tool of 1 server/);
    await workbench.answer('Accept');
    await workbench.notification('Everything this workspace brings is set up.').waitFor();
    await workbench.openContainer('Vestibule');
    await workbench.treeRow(/notes.*1 tool/).first().waitFor();
    await workbench.screenshot('done');
  });
});
