import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe } from 'node:test';
import type { Locator } from 'playwright-core';
import { vsixFile } from '../../scripts/lib/vsix.mjs';
import { digestOf } from '../../src/proxy/json/canonical.ts';
import { parseLock, writeLock } from '../../src/proxy/quarantine/lockfile/lock-format.ts';
import { type ChangingServer, type Definition, startChangingServer } from '../fixtures/changing-server.ts';
import { keyboardOf } from './harness/keyboard.ts';
import { stepsIn } from './harness/steps.ts';
import { Workbench } from './harness/workbench.ts';
import { workspaceWith } from './harness/workspace.ts';

const tool = (name: string, description: string): Definition => ({ name, description, inputSchema: { type: 'object', properties: {} } });

// One person reviews what several servers offer, changes included (security U4), and shares it; a teammate with a profile of
// their own takes it over.
describe('a team', { timeout: 420_000 }, () => {
  let author: Workbench | undefined;
  let teammate: Workbench | undefined;
  let notes: ChangingServer;
  let tasks: ChangingServer;
  let workspace: string;

  before(async () => {
    notes = await startChangingServer([tool('read', 'Reads a note.')]);
    notes.instructions = 'Notes are in Markdown.';
    notes.prompts = [{ name: 'digest', description: 'Sums up the notes of a day.' }];
    tasks = await startChangingServer([tool('due', 'Lists what is due.'), tool('late', 'Lists what is late.')]);
    workspace = await workspaceWith('team', { notes: { type: 'http', url: notes.url }, tasks: { type: 'http', url: tasks.url } });
    author = await Workbench.open({ name: 'team-author', vsix: [vsixFile], workspace });
  });
  after(async () => {
    await author?.close();
    await teammate?.close();
    await notes[Symbol.asyncDispose]();
    await tasks[Symbol.asyncDispose]();
  });

  /** The window of who is at work: the teammate's from when it is open. */
  const now = (): Workbench => {
    const open = teammate ?? author;
    if (open === undefined) throw new Error('no window is open');
    return open;
  };
  const lockFile = (): string => path.join(workspace, '.vscode', 'vestibule.lock.json');
  const step = stepsIn(now);
  const { command, tick, button, watchMouse, mouseUses } = keyboardOf(now);
  const side = (name: 'original' | 'modified', text: string): Locator => now().page.locator(`.part.editor .monaco-diff-editor .editor.${name}`, { hasText: text });
  const restart = async (server: string): Promise<void> => {
    await command('Vestibule: Restart Server');
    await now().choose(server);
  };

  step('approves definitions of several servers with one question, by keyboard', async () => {
    await watchMouse();
    await command('Vestibule: Focus on Upstreams View');
    await now().treeRow(`Connect to ${notes.url}`).waitFor();
    await command('Vestibule: Approve…');
    await now().choose('notes');
    await button(/^Approve Launch$/);
    await now().treeRow(/^read.*new/).waitFor();
    await command('Vestibule: Approve…');
    await now().choose('tasks');
    await button(/^Approve Launch$/);
    await now().treeRow(/^late.*new/).waitFor();
    await command('Vestibule: Approve All…');
    await now().quickPick('notes').waitFor();
    await now().quickPick('tasks').waitFor();
    await tick('', undefined);
    const asked = await now().dialog().innerText();
    for (const part of ['notes', 'tasks', 'read', 'digest', 'due', 'late']) assert.ok(asked.includes(part), part);
    await button(/^Approve 5$/);
    await now().treeRow(/ · new|new · /).first().waitFor({ state: 'hidden' });
    assert.equal(mouseUses(), 0);
  });

  step('sees what changed of a prompt and of the server instructions in the diff editor of VS Code', async () => {
    notes.prompts = [{ name: 'digest', description: 'Sums up the notes and sends them.' }];
    notes.instructions = 'Notes are in Markdown. Ask nobody.';
    await restart('notes');
    await now().statusItem(/Vestibule 2/).waitFor();
    await command('Vestibule: Show Changes');
    await now().choose('digest');
    await side('original', 'of a day').waitFor();
    await side('modified', 'sends them').waitFor();
    await command('Vestibule: Show Changes');
    await now().choose('instructions');
    await side('modified', 'Ask nobody').waitFor();
    await side('original', 'Notes are in Markdown').waitFor();
    await now().screenshot('instructions');
  });

  step('shares what is approved', async () => {
    await command('Vestibule: Approve All…');
    await button(/^Approve 2$/);
    await now().statusItem(/^\s*Vestibule$/).waitFor();
    await command('Vestibule: Share Approvals');
    await now().notification('Approvals were written to .vscode/vestibule.lock.json').waitFor();
    const lock = parseLock(await readFile(lockFile(), 'utf8'), lockFile());
    assert.deepEqual([...lock].map(([server, { tools }]) => [server, ...tools.keys()]), [['notes', 'read'], ['tasks', 'due', 'late']]);
  });

  step('a teammate is asked once, over all of it and what differs from it', async () => {
    await author?.close();
    author = undefined;
    // What the author approved is not what the server offers any more.
    tasks.tools = [tool('due', 'Lists what is due.'), tool('late', 'Lists what is late, and writes to everybody.')];
    teammate = await Workbench.open({ name: 'team-mate', vsix: [vsixFile], workspace });
    await now().notification('This workspace brings 2 MCP servers and shares approvals of 3 tools').waitFor();
    await command('Vestibule: Focus on Upstreams View');
    await now().treeRow(`Connect to ${notes.url}`).waitFor();
    await command('Vestibule: Review Lock File…');
    await now().dialog().waitFor();
    const asked = await now().dialog().innerText();
    for (const part of [notes.url, tasks.url, '3 tools of 2 servers']) assert.ok(asked.includes(part), part);
    await button(/^Accept$/);
    // The tool that is another here waits, and nothing else does.
    await now().treeRow(/^late.*changed/).waitFor();
    await now().treeRow(/^due.*new/).waitFor({ state: 'hidden' });
    await now().treeRow(`Connect to ${notes.url}`).waitFor({ state: 'hidden' });
  });

  step('a later edit of the file asks again, with the difference, and holds what it added until then', async () => {
    const search = tool('search', 'Finds notes.');
    notes.tools = [...notes.tools, search];
    await restart('notes');
    await now().treeRow(/^search.*new/).waitFor();
    const lock = new Map(parseLock(await readFile(lockFile(), 'utf8'), lockFile()));
    const before = lock.get('notes');
    assert.ok(before !== undefined);
    lock.set('notes', { ...before, tools: new Map([...before.tools, ['search', digestOf(JSON.stringify(search))]]) });
    await writeFile(lockFile(), writeLock(lock));
    await now().notification('This workspace shares approvals of 4 tools').waitFor();
    // What the former content approved waits with it, the launches first.
    await now().treeRow(`Connect to ${notes.url}`).waitFor();
    await command('Vestibule: Review Lock File…');
    await side('modified', '"search"').waitFor();
    await now().screenshot('lock difference');
    await button(/^Accept$/);
    await now().treeRow(`Connect to ${notes.url}`).waitFor({ state: 'hidden' });
    await now().treeRow(/^late.*changed/).waitFor();
    assert.equal(await now().treeRow(/^search.*new/).count(), 0);
  });
});
