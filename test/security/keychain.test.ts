/* Secrets without an editor, their key in a real keychain: GNOME's, in a session of its own, on Linux. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { telltale } from '../fixtures/telltale/mark.ts';

const PROCESS = join(import.meta.dirname, '..', 'fixtures', 'keychain-process.ts');
const VALUE = telltale('keychain-secret');
const skip = process.platform === 'linux' ? false : 'the keychain of this system asks its person';

describe('the keychain of the system', { timeout: 120_000, skip }, () => {
  it('keeps the key of the secrets over processes, and nothing of either stands in the data folder', async () => {
    const root = await mkdtemp(join(tmpdir(), 'vestibule-keychain-'));
    try {
      const data = join(root, 'data');
      await chmod(root, 0o700);
      const once = `"${process.execPath}" "${PROCESS}" "${data}"`;
      // A keychain that was never used is made with the password it is opened with first.
      const session = `printf opened | gnome-keyring-daemon --unlock --components=secrets >&2 && ${once} "${VALUE}" && echo && ${once}`;
      const { stdout } = await promisify(execFile)('dbus-run-session', ['--', 'sh', '-c', session], { env: { PATH: process.env['PATH'], HOME: root, XDG_DATA_HOME: join(root, 'share'), XDG_RUNTIME_DIR: root } });
      const [kept, later] = stdout.trim().split('\n').map((line) => JSON.parse(line) as unknown);
      assert.deepEqual(kept, { kept: VALUE, inKeychain: true });
      assert.deepEqual(later, kept, 'another process has the same key');
      assert.deepEqual(await readdir(data), ['secrets.json'], 'no key beside what it encrypts');
      assert.ok(!(await readFile(join(data, 'secrets.json'), 'utf8')).includes(VALUE));
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  });
});
