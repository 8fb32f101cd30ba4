import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { VestibuleError } from '../../src/proxy/errors.ts';
import { readTextIfExists, writeFileAtomic } from '../../src/proxy/storage/atomic-file.ts';
import { holdLock, withFileLock } from '../../src/proxy/storage/file-lock.ts';
import { identityOf, livenessOf, ownIdentity } from '../../src/proxy/storage/process-identity.ts';
import { ScriptChild } from '../fixtures/script-child.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';

const linux = process.platform === 'linux';
const processScript = 'storage-process.ts';

/** The pid of a process that has ended. */
async function endedPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
  const pid = child.pid;
  await once(child, 'exit');
  assert.ok(pid !== undefined);
  return pid;
}

function forgeLock(path: string, owner: Readonly<Record<string, unknown>>, ageMs = 0): void {
  writeFileSync(`${path}.lock`, JSON.stringify({ ...ownIdentity(), nonce: 'aaaaaaaaaaaa', ...owner }));
  const then = new Date(Date.now() - ageMs);
  utimesSync(`${path}.lock`, then, then);
}

describe('short locks', () => {
  const folder = tempFolder();

  it('lose no update between processes and callers', { timeout: 60_000 }, async () => {
    const path = join(folder, 'counter');
    const children = Array.from({ length: 3 }, () => new ScriptChild(processScript, ['increment', path, '25']));
    const here = Array.from({ length: 25 }, () =>
      withFileLock(path, async () => writeFileAtomic(path, String(Number((await readTextIfExists(path)) ?? '0') + 1))),
    );
    await Promise.all([...here, ...children.map((child) => child.exited())]);
    assert.equal(readFileSync(path, 'utf8'), '100');
    assert.deepStrictEqual(readdirSync(folder), ['counter']);
  });

  it('are free again after the function failed, and pass its result or error on', async () => {
    const path = join(folder, 'failing');
    await assert.rejects(withFileLock(path, () => Promise.reject(new Error('mine'))), /mine/);
    assert.equal(await withFileLock(path, () => Promise.resolve(7)), 7);
    assert.ok(!existsSync(`${path}.lock`));
  });

  it('are taken over at once when the owner was killed inside', { timeout: 30_000 }, async () => {
    const path = join(folder, 'killed');
    const child = new ScriptChild(processScript, ['stall', path]);
    assert.equal(await child.line(), 'inside');
    await child.kill();
    assert.ok(existsSync(`${path}.lock`));
    const started = performance.now();
    await withFileLock(path, () => Promise.resolve());
    assert.ok(performance.now() - started < 1_000);
  });

  it('give up after 2 s on a living owner, naming it', { timeout: 30_000 }, async () => {
    const path = join(folder, 'busy');
    const child = new ScriptChild(processScript, ['stall', path]);
    await child.line();
    await assert.rejects(
      withFileLock(path, () => Promise.resolve()),
      (error) => VestibuleError.is(error, 'data-folder-locked') && error.message.includes(`pid ${child.pid}`),
    );
    await child.kill();
  });

  it('fall to exactly one of many processes that find the same dead owner', { timeout: 60_000 }, async () => {
    const path = join(folder, 'contended');
    const pid = await endedPid();
    for (let round = 0; round < 3; round++) {
      writeFileSync(path, '0');
      forgeLock(path, { pid, started: 'long ago', nonce: `00000000000${round}` });
      const children = Array.from({ length: 4 }, () => new ScriptChild(processScript, ['increment', path, '5']));
      await Promise.all(children.map((child) => child.exited()));
      assert.equal(readFileSync(path, 'utf8'), '20');
    }
  });

  it('survive a takeover that was itself cut short', async () => {
    const path = join(folder, 'twice');
    const pid = await endedPid();
    forgeLock(path, { pid });
    writeFileSync(`${path}.lock.aaaaaaaaaaaa`, JSON.stringify({ ...ownIdentity(), pid, nonce: 'bbbbbbbbbbbb' }));
    assert.equal(await withFileLock(path, () => Promise.resolve('in')), 'in');
  });

  it('say what to do when the folder cannot be used', async () => {
    const file = join(folder, 'in-the-way');
    writeFileSync(file, '');
    await assert.rejects(withFileLock(join(file, 'x'), () => Promise.resolve()), (error) => VestibuleError.is(error, 'data-folder-unreadable'));
  });
});

describe('long locks', () => {
  const folder = tempFolder();

  it('exclude others until disposed', { timeout: 30_000 }, async () => {
    const path = join(folder, 'serve');
    const lock = await holdLock(path);
    const other = new ScriptChild(processScript, ['hold', path]);
    assert.match((await other.line()) ?? '', new RegExp(`refused .*pid ${process.pid}\\b`));
    lock.dispose();
    lock.dispose();
    const next = new ScriptChild(processScript, ['hold', path]);
    assert.equal(await next.line(), 'held');
    await next.kill();
  });

  it('are taken over at once after SIGKILL', { timeout: 30_000 }, async () => {
    const path = join(folder, 'killed');
    const child = new ScriptChild(processScript, ['hold', path]);
    assert.equal(await child.line(), 'held');
    await assert.rejects(holdLock(path), (error) => VestibuleError.is(error, 'data-folder-locked') && error.message.includes(String(child.pid)));
    await child.kill();
    (await holdLock(path)).dispose();
    assert.ok(!existsSync(`${path}.lock`));
  });

  it('fall to one of several that start at once over a dead owner, and the others name it', { timeout: 30_000 }, async () => {
    const path = join(folder, 'contest');
    forgeLock(path, { pid: await endedPid() });
    const children = Array.from({ length: 4 }, () => new ScriptChild(processScript, ['hold', path]));
    const answers = await Promise.all(children.map(async (child) => ({ child, answer: (await child.line()) ?? '' })));
    const holders = answers.filter(({ answer }) => answer === 'held');
    assert.equal(holders.length, 1);
    for (const { answer } of answers) if (answer !== 'held') assert.ok(answer.includes(`pid ${holders[0]?.child.pid} `), answer);
    await holders[0]?.child.kill();
  });

  it('leave a lock alone that another took meanwhile', async () => {
    const path = join(folder, 'stolen');
    const lock = await holdLock(path);
    forgeLock(path, { nonce: 'cccccccccccc' });
    lock.dispose();
    assert.ok(existsSync(`${path}.lock`));
  });

  it('count a reused pid as another process', { skip: !linux }, async () => {
    const path = join(folder, 'reused');
    forgeLock(path, { started: '1' });
    (await holdLock(path)).dispose();
  });

  it('of another host count while they are touched, and not when silent', async () => {
    const path = join(folder, 'foreign');
    forgeLock(path, { space: 'another host' });
    await assert.rejects(holdLock(path), (error) => VestibuleError.is(error, 'data-folder-locked'));
    forgeLock(path, { space: 'another host' }, 60_000);
    (await holdLock(path)).dispose();
  });

  it('fall back to age when the owner cannot be read or the system tells no start time', async () => {
    const path = join(folder, 'odd');
    for (const owner of ['', 'null', '{"pid":-1}', '{"pid":0,"space":"x","nonce":"aaaaaaaaaaaa"}']) {
      writeFileSync(`${path}.lock`, owner);
      await assert.rejects(holdLock(path), (error) => VestibuleError.is(error, 'data-folder-locked'));
      const then = new Date(Date.now() - 60_000);
      utimesSync(`${path}.lock`, then, then);
      (await holdLock(path)).dispose();
    }
    forgeLock(path, { started: undefined });
    await assert.rejects(holdLock(path), (error) => VestibuleError.is(error, 'data-folder-locked'));
  });
});

describe('process identity', () => {
  it('knows the living from the dead', async () => {
    const self = ownIdentity();
    assert.equal(livenessOf(self), linux ? 'alive' : 'unknown');
    assert.equal(livenessOf({ ...self, pid: await endedPid() }), 'dead');
    assert.equal(livenessOf({ ...self, space: 'elsewhere' }), 'unknown');
  });

  it('counts a zombie as dead', { skip: !linux, timeout: 20_000 }, async () => {
    // The shell becomes another program, which never waits for the shell's child.
    const parent = spawn('/bin/sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const [chunk] = (await once(parent.stdout, 'data')) as [Buffer];
    const child = identityOf(Number(chunk.toString()));
    assert.equal(livenessOf(child), 'alive');
    while (!readFileSync(`/proc/${parent.pid}/stat`, 'latin1').includes('(sleep)')) await new Promise(setImmediate);
    process.kill(child.pid, 'SIGKILL');
    const state = (): string | undefined => /\) (\w) /.exec(readFileSync(`/proc/${child.pid}/stat`, 'latin1'))?.[1];
    while (state() !== 'Z') await new Promise(setImmediate);
    assert.equal(livenessOf(child), 'dead');
    parent.kill('SIGKILL');
    await once(parent, 'exit');
  });
});
