import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { VestibuleError } from '../../src/proxy/errors.ts';
import { identityOf, livenessOf } from '../../src/proxy/storage/process-identity.ts';
import { sweepOrphans } from '../../src/proxy/upstream/orphans.ts';
import { UpstreamCallError } from '../../src/proxy/upstream/types.ts';
import { callTool, rawServer, supervise, toolText } from '../fixtures/upstreams/supervised.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';

const POSIX_ONLY = { skip: process.platform === 'win32' && 'process groups exist on POSIX only' };

/** A zombie counts as gone: it only waits for a slow init to take note. */
function exists(pid: number): boolean {
  return livenessOf(identityOf(pid)) !== 'dead';
}

/** The pid in the line that the clinging fixture writes once its grandchild runs. */
async function grandchildOf(logged: (pattern: RegExp) => Promise<string>): Promise<number> {
  return Number((await logged(/^grandchild \d+$/)).split(' ')[1]);
}

// Security I4.
describe('the launch gate', () => {
  it('spawns nothing while the launch is not approved', async () => {
    const folder = tempFolder();
    const proof = join(folder, 'spawned');
    let approved = false;
    const transport = { type: 'stdio', command: process.execPath, args: ['-e', `require('fs').writeFileSync(${JSON.stringify(proof)}, '')`], env: {}, cwd: undefined } as const;
    const { upstream, states } = supervise(transport, { deps: { launchApproved: () => approved } });
    assert.deepEqual(upstream.state, { kind: 'quarantined' });
    await assert.rejects(upstream.connect(), (error: unknown) => VestibuleError.is(error, 'launch-not-approved'));
    assert.deepEqual(readdirSync(folder), []);
    assert.deepEqual(states.includes('starting'), false);
    approved = true;
    assert.deepEqual(upstream.state, { kind: 'idle' });
    await assert.rejects(upstream.connect(), (error: unknown) => VestibuleError.is(error, 'exited-early'));
    assert.deepEqual(readdirSync(folder), ['spawned']);
  });

  it('asks again right before the spawn, after everything that takes time', async () => {
    const folder = tempFolder();
    let approved = true;
    const transport = { type: 'stdio', command: process.execPath, args: ['-e', `require('fs').writeFileSync(${JSON.stringify(join(folder, 'spawned'))}, '')`], env: {}, cwd: undefined } as const;
    const { upstream } = supervise(transport, {
      deps: {
        launchApproved: () => approved,
        resolve: () => {
          approved = false;
          return Promise.resolve(transport);
        },
      },
    });
    await assert.rejects(upstream.connect(), (error: unknown) => VestibuleError.is(error, 'launch-not-approved'));
    assert.equal(upstream.state.kind, 'quarantined');
    assert.deepEqual(readdirSync(folder), []);
  });

  it('starts nothing that is switched off', async () => {
    const { upstream } = supervise(rawServer(), { config: { enabled: false } });
    assert.deepEqual(upstream.state, { kind: 'disabled' });
    await assert.rejects(upstream.connect(), /switched off/);
  });
});

describe('starting and ending', () => {
  it('starts once for many uses at the same time', async () => {
    const { upstream, listings } = supervise(rawServer());
    const connections = await Promise.all([upstream.connect(), upstream.connect(), upstream.refresh().then(() => upstream.connect())]);
    assert.equal(new Set(connections).size, 1);
    assert.equal(listings.length, 1);
  });

  it('comes back on use after kill -9, and fails what was under way', async () => {
    const { upstream, until } = supervise(rawServer());
    const connection = await upstream.connect();
    const pid = Number(await toolText(connection, 'pid'));
    const hanging = callTool(connection, 'hang');
    process.kill(pid, 'SIGKILL');
    await assert.rejects(hanging, (error: unknown) => error instanceof UpstreamCallError && error.kind === 'connection-lost' && error.sent);
    const state = await until('failed');
    assert.match(state.kind === 'failed' ? state.error.message : '', /ended by signal SIGKILL/);
    assert.ok(state.kind === 'failed' && state.retryAt !== undefined);
    const again = Number(await toolText(await upstream.connect(), 'pid'));
    assert.notEqual(again, pid);
    await assert.rejects(callTool(connection, 'pid'), (error: unknown) => error instanceof UpstreamCallError && !error.sent);
  });

  it('restarts in the background without being used', async () => {
    const { upstream, until } = supervise(rawServer());
    const connection = await upstream.connect();
    process.kill(Number(await toolText(connection, 'pid')), 'SIGKILL');
    await until('failed');
    await until('ready');
    assert.notEqual(await upstream.connect(), connection);
  });

  it('does not start a dying server more than six times a minute, and says why meanwhile', async () => {
    const { upstream, log } = supervise(rawServer());
    for (let n = 0; n < 6; n++) {
      const connection = await upstream.connect();
      await callTool(connection, 'crash').catch(() => undefined);
    }
    await assert.rejects(upstream.connect(), (error: unknown) => VestibuleError.is(error, 'exited-early'));
    assert.equal(log.filter(({ text }) => text.startsWith('Starting ')).length, 6);
    await upstream.restart();
    assert.equal(upstream.state.kind, 'ready');
  });

  it('stops when it is not used, but never under a call', async () => {
    const { upstream, until, log } = supervise(rawServer(), { config: { idleStopMinutes: 1 }, times: { minuteMs: 300 } });
    const connection = await upstream.connect();
    assert.equal(await toolText(connection, 'progress', '{"steps":6,"everyMs":200}'), 'done');
    const pid = Number(await toolText(connection, 'pid'));
    await until('idle');
    await upstream.stop();
    assert.equal(exists(pid), false);
    assert.ok(log.some(({ text }) => text.includes('was not used')));
  });

  it('ends a whole tree that ignores stdin and SIGTERM', POSIX_ONLY, async () => {
    const { upstream, logged, stateDir } = supervise(rawServer({ clings: true }));
    const pid = Number(await toolText(await upstream.connect(), 'pid'));
    const grandchild = await grandchildOf(logged);
    assert.ok(exists(grandchild));
    assert.equal(readdirSync(join(stateDir, 'launched')).length, 1);
    await upstream.stop();
    assert.equal(exists(pid), false);
    assert.equal(exists(grandchild), false);
    assert.deepEqual(readdirSync(join(stateDir, 'launched')), []);
    assert.equal(upstream.state.kind, 'idle');
  });

  it('ends descendants that a crashed server leaves behind', POSIX_ONLY, async () => {
    const { upstream, logged, until } = supervise(rawServer({ clings: true }));
    const pid = Number(await toolText(await upstream.connect(), 'pid'));
    const grandchild = await grandchildOf(logged);
    process.kill(pid, 'SIGKILL');
    await until('failed');
    await upstream.stop();
    assert.equal(exists(grandchild), false);
  });

  for (const [when, manners, sign] of [
    ['shakes hands', { silent: true, noise: ['up'] }, /^up$/],
    ['lists', { hangsOnList: true }, /^listing$/],
  ] as const) {
    it(`can be stopped while it ${when}, and leaves no process`, async () => {
      const { upstream, logged, stateDir } = supervise(rawServer(manners));
      const connecting = assert.rejects(upstream.connect(), /stopped while it was starting/);
      await logged(sign);
      await upstream.stop();
      await connecting;
      assert.equal(upstream.state.kind, 'idle');
      assert.deepEqual(readdirSync(join(stateDir, 'launched')), []);
    });
  }

  it('can be stopped while it waits for a person', async () => {
    const { upstream, until } = supervise(rawServer(), { deps: { resolve: () => new Promise(() => undefined) } });
    const connecting = assert.rejects(upstream.connect(), /stopped while it was starting/);
    await until('starting');
    await upstream.stop();
    await connecting;
    assert.equal(upstream.state.kind, 'idle');
  });

  it('refuses after dispose', async () => {
    const { upstream } = supervise(rawServer());
    upstream.dispose();
    await assert.rejects(upstream.connect(), (error: unknown) => VestibuleError.is(error, 'disposed'));
  });
});

describe('changes of the list', () => {
  it('lists once for a burst of announcements, and at most once a second', async () => {
    const { upstream, listings, listed } = supervise(rawServer());
    const connection = await upstream.connect();
    const start = performance.now();
    await toolText(connection, 'announce', '{"times":500}');
    await listed(2);
    assert.ok(performance.now() - start >= 140);
    await toolText(connection, 'announce', '{"times":500}');
    await listed(3);
    assert.ok(performance.now() - start >= 1_000);
    assert.equal(await toolText(connection, 'lists'), '3');
    assert.equal(listings.length, 3);
  });

  it('lists anew on refresh', async () => {
    const { upstream, listings } = supervise(rawServer());
    await upstream.refresh();
    assert.equal(listings.length, 1);
    await upstream.refresh();
    assert.equal(listings.length, 2);
  });
});

describe('orphans', () => {
  const host = fileURLToPath(new URL('../fixtures/upstreams/host-process.ts', import.meta.url));

  it('are ended at the next start after the host was killed', POSIX_ONLY, async () => {
    const stateDir = tempFolder();
    const owner = spawn(process.execPath, [host, stateDir], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(owner.stdout.setEncoding('utf8'), 'data')) as [string];
    const { server, grandchild } = JSON.parse(line) as { readonly server: number; readonly grandchild: number };
    assert.deepEqual(await sweepOrphans(stateDir), [], 'the owner still runs');
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    assert.ok(exists(server));
    assert.deepEqual(await sweepOrphans(stateDir), [server]);
    while (exists(server) || exists(grandchild)) await delay(10);
    assert.deepEqual(readdirSync(join(stateDir, 'launched')), []);
    assert.deepEqual(await sweepOrphans(stateDir), []);
  });

  it('are ended too where only a child of the server is left, unless it is a stranger', { skip: process.platform !== 'linux' }, async () => {
    const stateDir = tempFolder();
    const owner = spawn(process.execPath, [host, stateDir], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(owner.stdout.setEncoding('utf8'), 'data')) as [string];
    const { server, grandchild } = JSON.parse(line) as { readonly server: number; readonly grandchild: number };
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    process.kill(server, 'SIGKILL');
    while (exists(server)) await delay(10);
    const [name = ''] = readdirSync(join(stateDir, 'launched'));
    const record = JSON.parse(readFileSync(join(stateDir, 'launched', name), 'utf8')) as object;
    const forged = tempFolder();
    mkdirSync(join(forged, 'launched'));
    writeFileSync(join(forged, 'launched', name), JSON.stringify({ ...record, mark: randomUUID() }));
    assert.deepEqual(await sweepOrphans(forged), [], 'a group of another launch');
    assert.ok(exists(grandchild));
    assert.deepEqual(await sweepOrphans(stateDir), [server]);
    while (exists(grandchild)) await delay(10);
    assert.deepEqual(readdirSync(join(stateDir, 'launched')), []);
  });

  it('are never somebody else: another start time, a living owner, or a broken record', async () => {
    const stateDir = tempFolder();
    const { upstream } = supervise(rawServer(), { deps: { stateDir } });
    const pid = Number(await toolText(await upstream.connect(), 'pid'));
    const [name] = readdirSync(join(stateDir, 'launched'));
    const record = JSON.parse(readFileSync(join(stateDir, 'launched', name ?? ''), 'utf8')) as { owner: { pid: number; started: string }; child: { started: string } };
    const forged = tempFolder();
    mkdirSync(join(forged, 'launched'));
    const write = (file: string, value: unknown): void => writeFileSync(join(forged, 'launched', file), typeof value === 'string' ? value : JSON.stringify(value));
    const deadOwner = { ...record.owner, started: '1' };
    write('other-start.json', { ...record, owner: deadOwner, child: { ...record.child, started: '1' } });
    write('everybody.json', { ...record, owner: deadOwner, child: { ...record.child, pid: 1 } });
    write('broken.json', '{"owner":');
    assert.deepEqual(await sweepOrphans(forged), []);
    assert.deepEqual(readdirSync(join(forged, 'launched')), []);
    assert.ok(exists(pid));
    assert.deepEqual(await sweepOrphans(stateDir), []);
    assert.ok(exists(pid));
  });
});
