/* What a person reads under Show Log: a real process behind a real gateway; only the window around it is not there. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createGateway } from '../../src/proxy/gateway.ts';
import { GatewayHost } from '../../src/views/gateway-host.ts';
import { LogChannels } from '../../src/views/log-channels.ts';
import { RIG_GATEWAY } from '../fixtures/relay/rig.ts';
import { eventually } from '../fixtures/eventually.ts';

/** Looks like a key of a well-known kind and is none. */
const KEY = `ghp_${'A1b2C3d4'.repeat(4)}E5f6`;

describe('channels of logs', { timeout: 120_000 }, () => {
  it('have stderr, noise and lifecycle of one server, from before and from now on, without secrets', async () => {
    const dataDir = join(await mkdtemp(join(tmpdir(), 'vestibule-logs-')), 'data');
    await mkdir(dataDir);
    const ends = (says: string): object => ({ command: process.execPath, args: ['-e', `${says}; setTimeout(() => process.exit(3), 20)`] });
    const servers = {
      loud: ends(`console.error('reading settings\\u001b[31m'); console.error('using key ${KEY}'); console.log('Welcome!')`),
      other: ends(`console.error('nothing of yours')`),
    };
    await writeFile(join(dataDir, 'servers.json'), JSON.stringify({ servers }));
    const host = new GatewayHost(() => createGateway({ ...RIG_GATEWAY, dataDir }));
    const lines: string[] = [];
    const shown: string[] = [];
    const logs = new LogChannels(host, (name) => ({
      info: (line) => void lines.push(`${name} info ${line}`),
      warn: (line) => void lines.push(`${name} warn ${line}`),
      show: () => void shown.push(name),
      dispose: () => void shown.push(`no more ${name}`),
    }));
    const gateway = await host.start();
    await gateway.refresh('loud').catch(() => undefined);
    await eventually(() => Promise.resolve(gateway.logs('loud').some(({ text }) => text.startsWith('Failed')) || undefined));
    const before = gateway.logs('loud').length;
    logs.show('loud');
    const kept = [...lines];
    assert.ok(kept.length >= before);
    for (const wanted of [/^Vestibule: loud info \S+Z \[lifecycle\] Starting /, /info \S+Z \[stderr\] reading settings/, /info \S+Z \[stderr\] using key /, /warn \S+Z \[stdout-noise\] Welcome!/, /info \S+Z \[lifecycle\] Failed: /]) {
      assert.ok(kept.some((line) => wanted.test(line)), `${String(wanted)}\n${kept.join('\n')}`);
    }

    await gateway.restart('loud').catch(() => undefined);
    await eventually(() => Promise.resolve(lines.slice(kept.length).some((line) => /info \[stderr\] using key/.test(line)) || undefined));
    logs.show('loud');
    assert.deepEqual(shown, ['Vestibule: loud', 'Vestibule: loud'], 'one channel, shown again');
    for (const hidden of [KEY, 'nothing of yours', '\u001b']) assert.ok(!lines.join('\n').includes(hidden), hidden);
    logs.dispose();
    assert.ok(shown.includes('no more Vestibule: loud'));
    await host.dispose();
    await rm(join(dataDir, '..'), { recursive: true, force: true });
  });
});
