import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe } from 'node:test';
import { vsixFile } from '../../scripts/lib/vsix.mjs';
import { digestOf, sha256 } from '../../src/proxy/json/canonical.ts';
import { writeLock } from '../../src/proxy/quarantine/lockfile/lock-format.ts';
import { type ChangingServer, type Definition, startChangingServer } from '../fixtures/changing-server.ts';
import { keyboardOf } from './harness/keyboard.ts';
import { stepsIn } from './harness/steps.ts';
import { Workbench } from './harness/workbench.ts';
import { workspaceWith } from './harness/workspace.ts';

const tool = (name: string, description: string): Definition => ({ name, description, inputSchema: { type: 'object', properties: {} } });
const LONG = `--payload=${'x'.repeat(300)}END`;

// A person reviews servers with the keyboard alone, changes their mind, and then trusts what the team shares.
describe('review by keyboard', { timeout: 300_000 }, () => {
  let workbench: Workbench;
  let server: ChangingServer;
  let workspace: string;

  before(async () => {
    server = await startChangingServer([tool('read', 'Reads a note.'), tool('write', 'Writes a note.'), tool('list', 'Lists notes.')]);
    workspace = await workspaceWith('review', {
      notes: { type: 'http', url: server.url },
      local: { command: 'no-such-program', args: [LONG], cwd: '${workspaceFolder}/inner', env: { NOTES_TOKEN: 'the-value' } },
    });
    workbench = await Workbench.open({ name: 'review', vsix: [vsixFile], workspace });
    await watchMouse();
    await command('Vestibule: Focus on Upstreams View');
    await workbench.treeRow(`Connect to ${server.url}`).waitFor();
  });
  after(async () => {
    await workbench.close();
    await server[Symbol.asyncDispose]();
  });

  const step = stepsIn(() => workbench);
  const { command, press, tick, button, watchMouse, mouseUses } = keyboardOf(() => workbench);

  step('shows the first start whole: command line, folder and names of variables, no values', async () => {
    await command('Vestibule: Approve…');
    await workbench.choose('local');
    const text = await workbench.dialog().innerText();
    for (const part of ['no-such-program', LONG, '${workspaceFolder}/inner', 'NOTES_TOKEN']) assert.ok(text.includes(part), part);
    assert.ok(!text.includes('the-value'));
    await press('Escape');
    await workbench.dialog().waitFor({ state: 'hidden' });
    await workbench.treeRow(/^Run no-such-program/).waitFor();
  });

  step('approves one definition of several', async () => {
    await command('Vestibule: Approve…');
    await workbench.choose('notes');
    await button(/^Approve Launch$/);
    await workbench.treeRow(/^read.*new/).waitFor();
    await command('Vestibule: Review Quarantine');
    await workbench.choose('notes');
    await workbench.editorText().getByText('Review of notes').waitFor();
    await command('Vestibule: Approve…');
    await tick('read', 'write');
    assert.match(await workbench.dialog().innerText(), /Reads a note\./);
    await button(/^Approve$/);
    await workbench.treeRow(/^read.*new/).waitFor({ state: 'hidden' });
    await workbench.treeRow(/^write.*new/).waitFor();
  });

  step('undoes that, and approves everything instead', async () => {
    await command('Vestibule: Undo Last Decision…');
    await button(/^Undo$/);
    await workbench.treeRow(/^read.*new/).waitFor();
    await command('Vestibule: Approve All…');
    assert.match(await workbench.dialog().innerText(), /read[\s\S]*write/);
    await button(/^Approve 3$/);
    await workbench.treeRow(/^write.*new/).waitFor({ state: 'hidden' });
  });

  step('asks again for a change, and shows it in the diff editor of VS Code', async () => {
    server.tools = [tool('read', 'Reads a note and its history.'), ...server.tools.slice(1)];
    await command('Vestibule: Restart Server');
    await workbench.choose('notes');
    await workbench.treeRow(/^read.*changed/).waitFor();
    await command('Vestibule: Show Changes');
    const diff = workbench.page.locator('.part.editor .monaco-diff-editor');
    await diff.locator('.editor.original', { hasText: 'Reads a note.' }).waitFor();
    await diff.locator('.editor.modified', { hasText: 'history' }).waitFor();
    await workbench.screenshot('diff');
    await command('Vestibule: Block…');
    await workbench.choose('notes');
    await tick('read', 'write');
    await button(/^Block$/);
    await workbench.treeRow(/^read.*changed/).waitFor({ state: 'hidden' });
  });

  step('asks once for the content of a lock file, and takes it over when accepted', async () => {
    const fresh = tool('search', 'Finds notes.');
    server.tools = [...server.tools, fresh];
    await command('Vestibule: Restart Server');
    await workbench.choose('notes');
    await workbench.treeRow(/^search.*new/).waitFor();
    const launch = sha256(JSON.stringify({ headers: [], type: 'http', url: server.url }));
    const lock = new Map([['notes', { fingerprint: launch, instructions: undefined, tools: new Map([['search', digestOf(JSON.stringify(fresh))]]) }]]);
    await writeFile(path.join(workspace, '.vscode', 'vestibule.lock.json'), writeLock(lock));
    await workbench.notification('This workspace shares approvals').waitFor();
    await command('Vestibule: Review Lock File…');
    await workbench.dialog().waitFor();
    assert.match(await workbench.dialog().innerText(), /1 tool of 1 server/);
    await workbench.screenshot('lock file');
    await button(/^Accept$/);
    await workbench.treeRow(/^search.*new/).waitFor({ state: 'hidden' });
  });

  step('says where a lock file is broken, and holds what it approved', async () => {
    await writeFile(path.join(workspace, '.vscode', 'vestibule.lock.json'), '{\n<<<<<<< ours\n');
    await workbench.treeRow(/^search.*new/).waitFor();
    await workbench.treeRow(/merge conflict/).first().waitFor();
  });

  step('needed no mouse for any of it', async () => {
    await workbench.treeRow(/merge conflict/).first().waitFor();
    assert.equal(mouseUses(), 0);
  });
});
