import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { behaving, FIXTURE_ENTRY, inPlace, run, toolNamed, userServers } from '../fixtures/cli.ts';
import { makePlace, type Place, type Run } from '../fixtures/serve.ts';

describe('vestibule quarantine share and verify', { timeout: 120_000 }, () => {
  let place: Place;
  let env = behaving({ tools: [toolNamed('one'), toolNamed('two')] });
  const vestibule = (...args: string[]): Promise<Run> => run(inPlace(place, ['quarantine', ...args]), env);
  const file = (): string => join(place.workspace, '.vscode', 'vestibule.lock.json');

  before(async () => {
    place = await makePlace();
    await place.servers({ servers: { srv: FIXTURE_ENTRY } });
    await userServers(place, { servers: { own: FIXTURE_ENTRY } });
  });
  after(() => place.dispose());

  it('share nothing that is not approved, and verify nothing without a lock', async () => {
    const shared = await vestibule('share');
    assert.deepEqual([shared.code, shared.stdout], [1, '']);
    assert.match((await vestibule('verify')).stderr, /There is no lock file/);
  });

  it("share what is approved of the workspace's servers, which then match", async () => {
    for (const name of ['srv', 'own']) assert.equal((await run(inPlace(place, ['upstream', 'approve', '--name', name]), env)).code, 0);
    await vestibule('block', '--server', 'srv', '--tool', 'two');
    assert.match((await vestibule('share')).stdout, /^"srv": 1 tools\nWritten to .*vestibule\.lock\.json\.\n$/);
    const lock = JSON.parse(await readFile(file(), 'utf8')) as { servers: Record<string, { tools: object }> };
    assert.deepEqual(Object.keys(lock.servers), ['srv']);
    assert.deepEqual(Object.keys(lock.servers['srv']?.tools ?? {}), ['one']);
    const { code, stdout } = await vestibule('verify');
    assert.deepEqual([code, stdout], [0, 'note  srv:two: not in the lock file\nThe servers match the lock file.\n']);
  });

  it('tell what changed and what is gone', async () => {
    env = behaving({ tools: [toolNamed('one', 'Now it does more.')] });
    const changed = await vestibule('verify');
    assert.deepEqual([changed.code, changed.stdout], [1, 'differs  srv:one: changed\nDifferences from the lock file: 1.\n']);
    env = behaving({ tools: [toolNamed('two')] });
    const gone = JSON.parse((await vestibule('verify', '--json')).stdout) as { ok: boolean; findings: { kind: string; tool?: string }[] };
    assert.deepEqual([gone.ok, gone.findings.map(({ kind, tool }) => `${kind} ${tool ?? ''}`)], [false, ['missing one', 'unlocked two']]);
  });

  it('start nothing that the lock does not name', async () => {
    const marker = join(place.workspace, 'started');
    await place.servers({ servers: { srv: { command: process.execPath, args: ['-e', `require('fs').writeFileSync(${JSON.stringify(marker)}, '')`] } } });
    const { code, stdout } = await vestibule('verify');
    assert.deepEqual([code, stdout], [1, 'differs  the launch of srv is another; it was not started\nDifferences from the lock file: 1.\n']);
    await assert.rejects(readFile(marker));
  });

  it('take nothing from a lock that merging left in pieces', async () => {
    await writeFile(file(), `{\n<<<<<<< HEAD\n${await readFile(file(), 'utf8')}`);
    const { code, stderr } = await vestibule('verify');
    assert.equal(code, 3);
    assert.match(stderr, /vestibule\.lock\.json:2:1: A merge conflict is left in the lock file\./);
  });
});
