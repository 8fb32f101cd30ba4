import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe } from 'node:test';
import { vsixFile } from '../../scripts/lib/vsix.mjs';
import { type ChangingServer, startChangingServer } from '../fixtures/changing-server.ts';
import { stepsIn } from './harness/steps.ts';
import { Workbench } from './harness/workbench.ts';
import { workspaceWith } from './harness/workspace.ts';

const START_MS = 60_000;

// What a person decided for a while, and what they share, in a window that comes and goes.
describe('pausing and sharing', { timeout: 300_000 }, () => {
  let workbench: Workbench;
  let server: ChangingServer;
  let workspace: string;

  before(async () => {
    server = await startChangingServer([{ name: 'read', description: 'Reads a note.', inputSchema: { type: 'object', properties: {} } }]);
    workspace = await workspaceWith('pausing', { notes: { type: 'http', url: server.url } });
    workbench = await Workbench.open({ name: 'pausing', vsix: [vsixFile], workspace });
    await workbench.openContainer('Vestibule');
  });
  after(async () => {
    await workbench.close();
    await server[Symbol.asyncDispose]();
  });

  const step = stepsIn(() => workbench);

  step('a person approves the server and its tool', async () => {
    await workbench.openReview(workbench.treeRow(`Connect to ${server.url}`), 'Review of notes');
    await workbench.runCommand('Vestibule: Approve…');
    await workbench.answer('Approve Launch');
    await workbench.treeRow(/^read.*new/).waitFor();
    await workbench.runCommand('Vestibule: Approve All…');
    await workbench.answer(/^Approve/);
    await workbench.treeRow(/^read.*new/).waitFor({ state: 'hidden' });
  });

  step('writes what is approved into the lock file of the workspace', async () => {
    const file = path.join(workspace, '.vscode', 'vestibule.lock.json');
    assert.ok(!existsSync(file));
    await workbench.runCommand('Vestibule: Share Approvals');
    await workbench.notification(/vestibule\.lock\.json/).waitFor();
    const { lockfileVersion, servers } = JSON.parse(await readFile(file, 'utf8')) as { lockfileVersion: number; servers: Record<string, { fingerprint: string; tools: Record<string, string> }> };
    assert.equal(lockfileVersion, 1);
    assert.deepEqual(Object.keys(servers), ['notes']);
    assert.deepEqual(Object.keys(servers['notes']?.tools ?? {}), ['read']);
    for (const digest of [servers['notes']?.fingerprint, servers['notes']?.tools['read']]) assert.match(digest ?? '', /^sha256-[A-Za-z0-9+/]{43}=$/);
  });

  step('pauses everything, shows it in the status bar, and does so still after a reload', async () => {
    await workbench.runCommand('Vestibule: Pause All');
    await workbench.statusItem(/Vestibule paused/).waitFor();
    await workbench.screenshot('paused');
    await workbench.page.reload();
    await workbench.statusItem(/Vestibule paused/).waitFor({ timeout: START_MS });
  });

  step('resumes when asked to, and only then', async () => {
    await workbench.runCommand('Vestibule: Resume All');
    await workbench.answer(/^Resume/);
    await workbench.statusItem(/Vestibule paused/).waitFor({ state: 'hidden' });
  });
});
