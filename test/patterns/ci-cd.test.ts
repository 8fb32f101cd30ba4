import assert from 'node:assert/strict';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { run } from '../fixtures/cli.ts';
import { eventually } from '../fixtures/eventually.ts';
import { call, codeOf, listed, Pattern, said } from './kit.ts';

describe('pattern: CI/CD', { timeout: 240_000 }, () => {
  const pipeline = new Pattern('ci-cd', { EDITION: '1' });
  const verify = pipeline.command('quarantine', 'verify');

  it('fails the pipeline when a server is not what was approved', async () => {
    assert.equal((await pipeline.run(verify)).code, 0);
    const next = await pipeline.run(verify, { EDITION: '2' });
    assert.equal(next.code, 1);
    assert.match(next.stdout, /deploy:list_builds: changed/);
  });

  it('fails it with line and column when the lock file cannot be read', async () => {
    const copy = await mkdtemp(join(tmpdir(), 'vestibule-ci-'));
    try {
      await cp(join(pipeline.folder, '.vscode'), join(copy, '.vscode'), { recursive: true });
      await writeFile(join(copy, '.vscode', 'vestibule.lock.json'), '{\n<<<<<<< ours\n}');
      const { code, stdout, stderr } = await run([...verify.args, '--data', join(copy, 'data')], { EDITION: '1' }, copy);
      assert.equal(code, 3);
      assert.match(`${stdout}${stderr}`, /vestibule\.lock\.json:2:1/);
    } finally {
      await rm(copy, { recursive: true, force: true });
    }
  });

  it('fails it for a tool that says what no tool must say', async () => {
    const clean = await pipeline.run(pipeline.command('scan', '--'));
    assert.equal(clean.code, 0, `${clean.stdout}${clean.stderr}`);
    const { code, stdout } = await pipeline.run(pipeline.command('scan', '--sarif'));
    assert.equal(code, 1);
    const [sarif] = (JSON.parse(stdout) as { runs: readonly { results: readonly unknown[] }[] }).runs;
    assert.ok((sarif?.results.length ?? 0) > 0);
  });

  describe('with an agent in it', () => {
    const withAgent = new Pattern('ci-cd', { EDITION: '1' });
    before(() => withAgent.startWith(withAgent.command('serve')));

    it('lets it read, for a while, and no more', async () => {
      const { code, stdout } = await withAgent.run(withAgent.command('agent', 'add'));
      assert.equal(code, 0);
      assert.match(stdout, /It expires \d{4}-/);
      withAgent.tokens.set('ci', /^vst_\S+$/m.exec(stdout)?.[0] ?? assert.fail(stdout));
      const agent = withAgent.modern('ci');
      await eventually(async () => ((await listed(agent)).includes('deploy_list_builds') ? true : undefined));
      assert.ok(!(await listed(agent)).includes('deploy_deploy'));
      assert.equal(said(await call(agent, 'deploy_list_builds')).tool, 'list_builds');
      assert.notEqual(codeOf(await call(agent, 'deploy_deploy', { build: '1', environment: 'x' })), undefined);
    });
  });
});
