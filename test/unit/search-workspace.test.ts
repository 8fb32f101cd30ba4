import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { toolId } from '../../src/proxy/model.ts';
import { dependenciesOf } from '../../src/proxy/search/workspace/manifests.ts';
import { evidenceOf, evidenceOfFiles } from '../../src/proxy/search/workspace/evidence.ts';
import { WorkspacePrior } from '../../src/proxy/search/workspace/workspace-prior.ts';

describe('what a workspace is about', () => {
  let root: string;

  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'vestibule-evidence-'));
  });

  after(() => rm(root, { recursive: true, force: true }));

  async function workspace(files: Readonly<Record<string, string>>): Promise<string> {
    const folder = await mkdtemp(join(root, 'w-'));
    for (const [name, text] of Object.entries(files)) {
      await mkdir(join(folder, name, '..'), { recursive: true });
      await writeFile(join(folder, name), text);
    }
    return folder;
  }

  it('is told by files, manifests and the host of its repository', async () => {
    const folder = await workspace({
      '.git/config': '[remote "origin"]\n\turl = git@gitlab.com:team/app.git\n',
      'main.tf': '',
      'package.json': JSON.stringify({ dependencies: { '@slack/web-api': '7', pg: '8', 'left-pad': '1' }, devDependencies: { stripe: '1' } }),
    });
    const evidence = await evidenceOf(folder);
    for (const word of ['gitlab', 'terraform', 'slack', 'postgre', 'stripe', 'npm']) assert.ok([...evidence].some((known) => known.startsWith(word)), word);
    for (const word of ['left', 'pad', 'github']) assert.ok(!evidence.has(word), word);
  });

  it('is nothing where there is nothing to read, or something odd', async () => {
    assert.deepEqual(await evidenceOf(join(root, 'missing')), new Set());
    const folder = await workspace({ 'package.json/x': '', 'composer.json': '[', 'pyproject.toml': '\0\0' });
    assert.ok(!(await evidenceOf(folder)).has('x'));
  });

  it('reads dependencies in every form', () => {
    assert.deepEqual(dependenciesOf('{"dependencies":{"a":"1"},"peerDependencies":{"b":"1"},"scripts":{"c":""}}', 'json'), ['a', 'b']);
    for (const text of ['null', '"x"', '[1]', '{"dependencies":null}', '{"dependencies":3}']) assert.deepEqual(dependenciesOf(text, 'json'), [], text);
    const lines = dependenciesOf('boto3==1.2\ngem "pg"\nserde = "1"\n  "stripe>=2",\ndependencies = ["redis", "sentry-sdk"]', 'lines');
    for (const name of ['boto3', 'pg', 'serde', 'stripe', 'redis', 'sentry-sdk']) assert.ok(lines.includes(name), name);
  });

  it('is told by open files too', () => {
    assert.deepEqual(evidenceOfFiles(['main.TF', 'notes.txt', 'Dockerfile', '']), new Set(['terraform', 'docker']));
  });

  it('gives servers named like its products a share, tools so named a smaller one, others none', async () => {
    const prior = new WorkspacePrior({ folder: await workspace({ Dockerfile: '' }), openFiles: () => [] });
    assert.equal(prior.prior(), undefined, 'nothing is known before the first look');
    await prior.look();
    const share = prior.prior();
    const of = (server: string, name: string): number => share?.(toolId(server, name), server) ?? 0;
    assert.ok(of('docker-tools', 'list') > of('ops', 'list_docker_images'));
    assert.ok(of('ops', 'list_docker_images') > 0);
    assert.equal(of('ops', 'list'), 0);
  });

  it('is looked at anew when it was long ago, and follows open files at once', async () => {
    let now = 0;
    let open: string[] = [];
    const folder = await workspace({});
    const prior = new WorkspacePrior({ folder, openFiles: () => open, now: () => now });
    await prior.look();
    assert.equal(prior.prior(), undefined);
    open = ['main.tf'];
    assert.ok((prior.prior()?.(toolId('terraform', 'plan'), 'terraform') ?? 0) > 0);
    open = [];
    await writeFile(join(folder, 'Dockerfile'), '');
    now += 6 * 60_000;
    assert.equal(prior.prior(), undefined, 'a search does not wait for the look it asks for');
    await prior.look();
    assert.ok((prior.prior()?.(toolId('docker', 'run'), 'docker') ?? 0) > 0);
  });
});
