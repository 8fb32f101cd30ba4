/*
 * The program behind an unchanged command becomes another one (security W12): a stand-in for npx starts what a file says,
 * as npx starts what a registry says.
 */
import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { DefinitionSnapshot } from '../../src/proxy/api.ts';
import type { Gateway } from '../../src/proxy/gateway.ts';
import type { Message } from '../fixtures/relay/agents.ts';
import { startRelayRig } from '../fixtures/relay/rig.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';

const PEER = fileURLToPath(new URL('../fixtures/relay/stdio-peer.ts', import.meta.url));
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

const versionOf = (gateway: Gateway, server: string): DefinitionSnapshot | undefined =>
  gateway.snapshot().upstreams.find(({ name }) => name === server)?.definitions?.find(({ kind }) => kind === 'version');
const errorOf = (answer: Message): { code: string } | undefined => (answer.result?.['_meta'] as Record<string, { code: string }> | undefined)?.['vestibule/error'];

// The stand-in is a script of a shell; npx itself is a .cmd file on Windows, and what is tested lies behind it.
describe('a package that changes under its command', { timeout: 120_000, skip: process.platform === 'win32' }, () => {
  const folder = tempFolder();
  const published = (version: string): void => writeFileSync(join(folder, 'package.json'), JSON.stringify({ version }));

  it('is shown as changed, and held where the person wants that, until somebody approves it', async () => {
    published('1.0.0');
    const command = join(folder, 'npx');
    writeFileSync(command, `#!/bin/sh\nexec ${quoted(process.execPath)} ${quoted(PEER)} "$(cat ${quoted(join(folder, 'package.json'))})"\n`);
    chmodSync(command, 0o755);
    const unpinned = { command, args: ['-y', 'some-server'], shared: true };
    await using rig = await startRelayRig({ warned: unpinned, held: { ...unpinned, newVersion: 'hold' }, pinned: { ...unpinned, args: ['-y', 'some-server@1.0.0'] } });
    const agent = rig.legacy();
    await agent.open();
    const call = async (server: string): Promise<{ code: string } | undefined> => errorOf(await agent.request('tools/call', { name: `${server}_echo`, arguments: {} }));
    const statuses = (): unknown[] => ['warned', 'held', 'pinned'].map((server) => versionOf(rig.gateway, server)?.status);
    assert.deepEqual(statuses(), ['approved', 'approved', undefined], 'a version in the command is approved with it');
    for (const server of ['warned', 'held', 'pinned']) assert.equal(await call(server), undefined);

    published('1.0.1 zzpoison');
    for (const server of ['warned', 'held', 'pinned']) await rig.gateway.restart(server);
    await rig.until(() => JSON.stringify(statuses()) === JSON.stringify(['changed', 'changed', undefined]));
    const held = versionOf(rig.gateway, 'held') ?? assert.fail('no version');
    assert.deepEqual([held.raw, held.approvedRaw], ['{"version":"1.0.1 zzpoison"}', '{"version":"1.0.0"}']);
    assert.equal(await call('warned'), undefined);
    const answer = await agent.request('tools/call', { name: 'held_echo', arguments: {} });
    assert.equal(errorOf(answer)?.code, 'awaiting_approval');
    assert.match(JSON.stringify(answer), /another version/);
    assert.doesNotMatch(JSON.stringify(answer), /zzpoison/);
    assert.doesNotMatch(JSON.stringify((await agent.request('tools/list')).result), /held_/);

    await rig.gateway.approve([{ server: 'held', kind: 'version', name: '', digest: held.digest }]);
    assert.equal(await call('held'), undefined);
    await rig.gateway.undo();
    assert.equal((await call('held'))?.code, 'awaiting_approval');

    published('');
    await rig.gateway.restart('held');
    await rig.until((gateway) => versionOf(gateway, 'held')?.raw === '{"version":""}');
    assert.equal((await call('held'))?.code, 'awaiting_approval', 'saying nothing is no way around it');
    published('1.0.0');
    await rig.gateway.restart('held');
    await rig.until((gateway) => versionOf(gateway, 'held')?.status === 'approved');
    assert.equal(await call('held'), undefined);
  });
});
