import assert from 'node:assert/strict';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { inPlace, run } from '../fixtures/cli.ts';
import { makePlace, type Place, type Run } from '../fixtures/serve.ts';

interface Finding {
  readonly code: string;
  readonly level: string;
  readonly server?: string;
  readonly message: string;
  readonly fix: string;
}

describe('vestibule doctor', { timeout: 60_000 }, () => {
  let place: Place;
  before(async () => {
    place = await makePlace();
  });
  after(() => place.dispose());

  const vestibule = (...args: string[]): Promise<Run> => run(inPlace(place, args));
  const findings = async (...more: readonly string[]): Promise<{ code: number | null; found: readonly Finding[] }> => {
    const { code, stdout, stderr } = await vestibule('doctor', '--json', ...more);
    assert.equal(stderr, '');
    const found = JSON.parse(stdout) as Finding[];
    assert.ok(found.every(({ message, fix }) => message !== '' && fix !== ''));
    return { code, found };
  };

  it('finds nothing where there is nothing', async () => {
    const { code, stdout } = await vestibule('doctor');
    assert.deepEqual([code, stdout], [0, 'Nothing is wrong.\n']);
  });

  it('tells of launches that wait, and of entries that cannot be used', async () => {
    await place.servers({ servers: { waits: { command: 'x' }, bad: { command: 5 }, off: { command: 'y', enabled: false } } });
    const { code, found } = await findings();
    assert.equal(code, 1);
    assert.deepEqual(found.map(({ code, level, server }) => `${level} ${code} ${server ?? ''}`), ['error bad-config bad', 'warning launch-not-approved waits']);
    assert.match(found[0]?.message ?? '', /vestibule\.json:7:18: "command" must be a text/);
    await place.servers('');
  });

  it('tells what keeps an approved server from starting; asked not to start it, it does not', async () => {
    const marker = join(place.workspace, 'started');
    for (const [name, args] of Object.entries({
      fine: [process.execPath, '-e', `require('fs').writeFileSync(${JSON.stringify(marker)}, '')`],
      missing: ['no-such-program-anywhere'],
      unset: [process.execPath, '${env:NO_SUCH_VARIABLE}'],
      secret: [process.execPath, '${secret:nope}'],
    })) {
      assert.equal((await vestibule('upstream', 'add', '--name', name, '--', ...args)).code, 0);
    }
    const { code, found } = await findings('--no-connect');
    assert.equal(code, 1);
    assert.deepEqual(found.map(({ code, server }) => `${code} ${server ?? ''}`), ['command-not-found missing', 'unknown-variable unset', 'missing-input secret']);
    await assert.rejects(readFile(marker), { code: 'ENOENT' });
  });

  it('tells of a journal that was changed, and of a folder that others can read', { skip: process.platform === 'win32' }, async () => {
    await chmod(place.data, 0o755);
    const file = join(place.data, 'journal', 'calls-000000000000001.jsonl');
    await writeFile(file, (await readFile(file, 'utf8')).replace('"by":"cli"', '"by":"me!"'));
    const { code, found } = await findings('--no-connect');
    assert.equal(code, 1);
    assert.deepEqual(found.slice(0, 2).map(({ code, level }) => `${level} ${code}`), ['warning data-folder-open', 'error journal-broken']);
    assert.match(found[1]?.message ?? '', /^calls-000000000000001\.jsonl:1: /);
  });
});
