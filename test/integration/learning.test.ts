import assert from 'node:assert/strict';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { toolId } from '../../src/proxy/model.ts';
import { Learning, learnedFileIn, type LearntCall } from '../../src/proxy/search/learning.ts';
import { run } from '../fixtures/cli.ts';

const CALL: LearntCall = { agent: 'local', session: 's', server: 'shop', tool: 'make', outcome: 'ok', route: 'direct' };

describe('what agents called before', { timeout: 120_000 }, () => {
  let dataDir: string;
  let wanted = true;
  const opened: Learning[] = [];

  const open = async (): Promise<Learning> => {
    const learning = await Learning.open({ file: learnedFileIn(dataDir), workspace: { folder: undefined, openFiles: () => [] }, wanted: () => wanted, report: (problem) => assert.equal(problem.message, '') });
    opened.push(learning);
    return learning;
  };
  const share = (learning: Learning, agent = 'local'): number => learning.priors(agent, 'later')[0]?.share(toolId('shop', 'make'), 'shop') ?? 0;

  beforeEach(async () => {
    wanted = true;
    dataDir = await mkdtemp(join(tmpdir(), 'vestibule-learned-'));
  });

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((learning) => learning.close()));
    await rm(dataDir, { recursive: true, force: true });
  });

  it('is known after a restart, each agent its own', async () => {
    const before = await open();
    before.called(CALL);
    await before.close();
    const later = await open();
    assert.ok(share(later) > 0);
    assert.equal(share(later), share(before));
    assert.deepEqual(later.priors('another', 's'), []);
    assert.doesNotMatch(await readFile(learnedFileIn(dataDir), 'utf8'), /later|"s"/);
  });

  it('holds successes of agents alone', async () => {
    const learning = await open();
    for (const odd of [{ outcome: 'tool_error' }, { server: '' }, { route: 'person' }]) learning.called({ ...CALL, ...odd });
    assert.deepEqual(learning.priors('local', 's'), []);
  });

  it('is shown and forgotten by commands, and a running gateway follows', async () => {
    const learning = await open();
    learning.called(CALL);
    learning.called(CALL);
    await learning.close();
    const running = await open();
    assert.deepEqual(JSON.parse((await run(['learned', 'show', '--json', '--data', dataDir])).stdout), [{ agent: 'local', tool: 'shop:make', calls: 2 }]);
    assert.match((await run(['learned', 'reset', '--data', dataDir])).stdout, /Forgotten/);
    while (running.priors('local', 's').length > 0) await setImmediate();
    assert.match((await run(['learned', 'show', '--data', dataDir])).stdout, /Nothing was learnt/);
  });

  it('is forgotten, in memory and on disk, when a person switches learning off', async () => {
    const learning = await open();
    learning.called(CALL);
    await learning.close();
    const running = await open();
    wanted = false;
    running.apply();
    assert.deepEqual(running.priors('local', 's'), []);
    await running.forget();
    wanted = true;
    assert.deepEqual(running.priors('local', 's'), []);
    await assert.rejects(access(learnedFileIn(dataDir)), { code: 'ENOENT' });
  });

  it('is nothing where the file was damaged, and can be learnt anew', async () => {
    for (const text of ['', '{', '[]', '{"version":2}', '{"version":1,"agents":{"local":{"calls":"x","tools":[["shop:make",1e999],[1,2],null]}}}', '{"version":1,"agents":[]}']) {
      await writeFile(learnedFileIn(dataDir), text);
      const learning = await open();
      assert.ok(share(learning) <= 0.18, text);
      learning.called(CALL);
      assert.ok(share(learning) > 0, text);
      await learning.close();
    }
  });
});
