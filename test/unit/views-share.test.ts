import assert from 'node:assert/strict';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { sha256 } from '../../src/proxy/json/canonical.ts';
import { parseLock } from '../../src/proxy/quarantine/lockfile/lock-format.ts';
import { shareApprovals } from '../../src/views/share-approvals.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';
import { FakeGateway, ScriptedDialogs, snapshot, tool, upstream } from './views-fixtures.ts';

const path = join(tempFolder(), '.vscode', 'vestibule.lock.json');

async function share(gateway: FakeGateway, file: string | undefined): Promise<ScriptedDialogs> {
  const dialogs = new ScriptedDialogs();
  await shareApprovals({ gateway: () => Promise.resolve(gateway), dialogs, file: () => file, openFile: () => Promise.resolve() });
  return dialogs;
}

describe('sharing approvals', () => {
  const workspace = { config: { origin: 'workspace' as const } };
  const tools = [tool('yes', { status: 'approved' }), tool('no', { status: 'blocked' }), tool('new'), tool('other', { status: 'changed' })];
  const instructions = { text: 'Use it well.', digest: sha256('instructions'), status: 'pending' as const };

  it('writes what is approved of approved servers of the workspace, and nothing else', async () => {
    const gateway = new FakeGateway(
      snapshot([upstream({ ...workspace, name: 'team', tools, instructions }), upstream({ ...workspace, name: 'waits', tools, launch: { approved: false } }), upstream({ name: 'own', tools })]),
    );
    assert.equal((await share(gateway, path)).informed.length, 1);
    assert.deepEqual(
      parseLock(readFileSync(path, 'utf8'), path),
      new Map([['team', { fingerprint: sha256('launch'), instructions: undefined, tools: new Map([['yes', tools[0]?.digest]]) }]]),
    );
  });

  it('follows no link that the folder brought', { skip: process.platform === 'win32' }, async () => {
    const elsewhere = join(tempFolder(), 'mine');
    writeFileSync(elsewhere, 'untouched');
    const linked = join(tempFolder(), 'vestibule.lock.json');
    symlinkSync(elsewhere, linked);
    await assert.rejects(share(new FakeGateway(snapshot([upstream({ ...workspace, tools })])), linked), /is a link/);
    assert.equal(readFileSync(elsewhere, 'utf8'), 'untouched');
  });

  it('writes nothing without anything to share, or without a trusted folder', async () => {
    assert.equal((await share(new FakeGateway(snapshot([upstream({ tools })])), path)).failed.length, 1);
    assert.equal((await share(new FakeGateway(snapshot([upstream({ ...workspace, tools })])), undefined)).failed.length, 1);
  });
});
