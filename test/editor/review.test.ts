import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe } from 'node:test';
import type { Locator } from 'playwright-core';
import { vsixFile } from '../../scripts/lib/vsix.mjs';
import { digestOf, sha256 } from '../../src/proxy/json/canonical.ts';
import { writeLock } from '../../src/proxy/quarantine/lockfile/lock-format.ts';
import { type ChangingServer, type Definition, startChangingServer } from '../fixtures/changing-server.ts';
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
    await workbench.openContainer('Vestibule');
    await workbench.treeRow(`Connect to ${server.url}`).waitFor();
  });
  after(async () => {
    await workbench.close();
    await server[Symbol.asyncDispose]();
  });

  const step = stepsIn(() => workbench);
  const press = (...keys: readonly string[]): Promise<void> => keys.reduce((done, key) => done.then(() => workbench.page.keyboard.press(key)), Promise.resolve());
  /** Chooses the entry of the open quick pick that contains this text. */
  const choose = async (text: string): Promise<void> => {
    // The palette that led here may still be open: its field is not the one to type into.
    await workbench.quickPick(text).first().waitFor();
    await workbench.quickInput().fill(text);
    // The filter has been applied only once the row that Enter takes is this one.
    await workbench.page.locator('.quick-input-list .monaco-list-row.focused', { hasText: text }).waitFor();
    await press('Enter');
  };
  /** Ticks what the filter leaves of a list of several, and takes it. */
  const tick = async (text: string, gone: string): Promise<void> => {
    await workbench.quickPick(gone).first().waitFor();
    await workbench.quickInput().fill(text);
    await workbench.quickPick(gone).waitFor({ state: 'hidden' });
    // The box in front of the field ticks all that is left.
    await press('Shift+Tab', 'Space', 'Tab', 'Enter');
    await workbench.dialog().waitFor();
  };
  const isFocused = async (wanted: Locator): Promise<boolean> => (await wanted.and(workbench.page.locator(':focus')).count()) > 0;
  /** Presses a button of the modal dialog by moving to it. */
  const button = async (name: RegExp): Promise<void> => {
    const wanted = workbench.dialog().getByRole('button', { name });
    await wanted.waitFor();
    for (let i = 0; i < 6 && !(await isFocused(wanted)); i++) await press('Tab');
    // A slow dialog may have taken the focus back meanwhile.
    await wanted.press('Enter');
    await workbench.dialog().waitFor({ state: 'hidden' });
  };

  step('shows the first start whole: command line, folder and names of variables, no values', async () => {
    await workbench.runCommand('Vestibule: Approve…');
    await choose('local');
    const text = await workbench.dialog().innerText();
    for (const part of ['no-such-program', LONG, '${workspaceFolder}/inner', 'NOTES_TOKEN']) assert.ok(text.includes(part), part);
    assert.ok(!text.includes('the-value'));
    await press('Escape');
    await workbench.dialog().waitFor({ state: 'hidden' });
    await workbench.treeRow(/^Run no-such-program/).waitFor();
  });

  step('approves one definition of several', async () => {
    await workbench.runCommand('Vestibule: Approve…');
    await choose('notes');
    await button(/^Approve Launch$/);
    await workbench.treeRow(/^read.*new/).waitFor();
    await workbench.runCommand('Vestibule: Review Quarantine');
    await choose('notes');
    await workbench.editorText().getByText('Review of notes').waitFor();
    await workbench.runCommand('Vestibule: Approve…');
    await tick('read', 'write');
    assert.match(await workbench.dialog().innerText(), /Reads a note\./);
    await button(/^Approve$/);
    await workbench.treeRow(/^read.*new/).waitFor({ state: 'hidden' });
    await workbench.treeRow(/^write.*new/).waitFor();
  });

  step('undoes that, and approves everything instead', async () => {
    await workbench.runCommand('Vestibule: Undo Last Decision…');
    await button(/^Undo$/);
    await workbench.treeRow(/^read.*new/).waitFor();
    await workbench.runCommand('Vestibule: Approve All…');
    assert.match(await workbench.dialog().innerText(), /read[\s\S]*write/);
    await button(/^Approve 3$/);
    await workbench.treeRow(/^write.*new/).waitFor({ state: 'hidden' });
  });

  step('asks again for a change, and shows it in the diff editor of VS Code', async () => {
    server.tools = [tool('read', 'Reads a note and its history.'), ...server.tools.slice(1)];
    await workbench.runCommand('Vestibule: Restart Server');
    await choose('notes');
    await workbench.treeRow(/^read.*changed/).waitFor();
    await workbench.runCommand('Vestibule: Show Changes');
    const diff = workbench.page.locator('.part.editor .monaco-diff-editor');
    await diff.locator('.editor.original', { hasText: 'Reads a note.' }).waitFor();
    await diff.locator('.editor.modified', { hasText: 'history' }).waitFor();
    await workbench.screenshot('diff');
    await workbench.runCommand('Vestibule: Block…');
    await choose('notes');
    await tick('read', 'write');
    await button(/^Block$/);
    await workbench.treeRow(/^read.*changed/).waitFor({ state: 'hidden' });
  });

  step('asks once for the content of a lock file, and takes it over when accepted', async () => {
    const fresh = tool('search', 'Finds notes.');
    server.tools = [...server.tools, fresh];
    await workbench.runCommand('Vestibule: Restart Server');
    await choose('notes');
    await workbench.treeRow(/^search.*new/).waitFor();
    const launch = sha256(JSON.stringify({ headers: [], type: 'http', url: server.url }));
    const lock = new Map([['notes', { fingerprint: launch, instructions: undefined, tools: new Map([['search', digestOf(JSON.stringify(fresh))]]) }]]);
    await writeFile(path.join(workspace, '.vscode', 'vestibule.lock.json'), writeLock(lock));
    await workbench.notification('This workspace shares approvals').waitFor();
    await workbench.runCommand('Vestibule: Review Lock File…');
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
});
