import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { VestibuleError } from '../../src/proxy/errors.ts';
import { prepareFolder, readTextIfExists, writeFileAtomic } from '../../src/proxy/storage/atomic-file.ts';
import { ScriptChild } from '../fixtures/script-child.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';

const posix = process.platform !== 'win32';

describe('atomic files', () => {
  const folder = tempFolder();

  it('are made with their folders, private to the user', async () => {
    const path = join(folder, 'a', 'b', 'state.json');
    await writeFileAtomic(path, 'héllo');
    assert.equal(await readTextIfExists(path), 'héllo');
    await writeFileAtomic(path, 'again');
    assert.equal(readFileSync(path, 'utf8'), 'again');
    assert.deepStrictEqual(readdirSync(join(folder, 'a', 'b')), ['state.json']);
    if (posix) {
      assert.equal(statSync(path).mode & 0o777, 0o600);
      assert.equal(statSync(join(folder, 'a')).mode & 0o777, 0o700);
    }
  });

  it('follow a link, so that a linked file stays linked', { skip: !posix }, async () => {
    const target = join(folder, 'target.json');
    const linked = join(folder, 'linked.json');
    writeFileSync(target, 'old');
    symlinkSync(target, linked);
    await writeFileAtomic(linked, 'new');
    assert.equal(readFileSync(target, 'utf8'), 'new');
    assert.ok(existsSync(linked));
  });

  it('do not exist until written', async () => {
    assert.equal(await readTextIfExists(join(folder, 'none')), undefined);
    assert.equal(await readTextIfExists(join(folder, 'no', 'folder')), undefined);
  });

  it('are refused unread when larger than the bound', async () => {
    const path = join(folder, 'large');
    writeFileSync(path, 'x'.repeat(101));
    await assert.rejects(readTextIfExists(path, 100), (error) => VestibuleError.is(error, 'too-large'));
    assert.equal((await readTextIfExists(path, 101))?.length, 101);
  });

  it('say what to do when the folder cannot be used', async () => {
    const file = join(folder, 'in-the-way');
    writeFileSync(file, '');
    const unreadable = (error: unknown): boolean => VestibuleError.is(error, 'data-folder-unreadable') && error.action !== '' && error.message.includes(file);
    await assert.rejects(writeFileAtomic(join(file, 'x'), ''), unreadable);
    await assert.rejects(readTextIfExists(join(file, 'x')), unreadable);
    await assert.rejects(prepareFolder(file), unreadable);
  });

  it('leave no temporary file behind when the write fails', async () => {
    const path = join(folder, 'occupied', 'dir');
    mkdirSync(join(path, 'sub'), { recursive: true });
    await assert.rejects(writeFileAtomic(path, 'x'), (error) => VestibuleError.is(error, 'data-folder-unreadable'));
    assert.deepStrictEqual(readdirSync(join(folder, 'occupied')), ['dir']);
  });

  it('are whole whenever their writer is killed', { timeout: 60_000 }, async () => {
    const path = join(folder, 'killed', 'state.json');
    for (let round = 0; round < 8; round++) {
      const child = new ScriptChild('storage-process.ts', ['write', path]);
      // Killed after a varying number of writes, at whatever point of the next one it is.
      for (let i = 0; i <= round * 3; i++) await child.line();
      const reader = JSON.parse(readFileSync(path, 'utf8')) as { n: number; end: number };
      assert.equal(reader.n, reader.end);
      await child.kill();
      const { n, filler, end } = JSON.parse(readFileSync(path, 'utf8')) as { n: number; filler: string; end: number };
      assert.deepStrictEqual([end, filler], [n, String(n % 10).repeat(20_000 + (n % 7) * 10_000)]);
    }
  });
});

describe('preparing a folder', () => {
  it('sweeps what crashes left, and nothing else', async () => {
    const folder = join(tempFolder(), 'data');
    await prepareFolder(folder);
    if (posix) assert.equal(statSync(folder).mode & 0o777, 0o700);
    const old = new Date(Date.now() - 2 * 60 * 60_000);
    for (const name of ['.state.json.0123456789ab.tmp', '.fresh.json.0123456789ab.tmp', 'mine.tmp', 'state.json']) {
      writeFileSync(join(folder, name), '');
      if (!name.startsWith('.fresh')) utimesSync(join(folder, name), old, old);
    }
    await prepareFolder(folder);
    assert.deepStrictEqual(readdirSync(folder).sort(), ['.fresh.json.0123456789ab.tmp', 'mine.tmp', 'state.json']);
  });
});
