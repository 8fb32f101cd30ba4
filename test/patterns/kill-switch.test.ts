import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { eventually } from '../fixtures/eventually.ts';
import { call, codeOf, listed, Pattern, said } from './kit.ts';

describe('pattern: kill switch', { timeout: 240_000 }, () => {
  const plant = new Pattern('kill-switch');
  before(() => plant.start());
  const code = async (tool: string): Promise<string | undefined> => codeOf(await call(plant.modern(), tool, { build: '1', environment: 'x', query: 'x' }));

  it('refuses the very next call of a server, while others answer', async () => {
    assert.equal(await code('deploy_deploy'), undefined);
    assert.equal((await plant.run(plant.command('pause', '--config'))).code, 0);
    assert.equal(await code('deploy_deploy'), 'paused');
    assert.equal(said(await call(plant.modern(), 'wiki_search', { query: 'x' })).server, 'wiki');
    assert.ok((await listed(plant.modern())).includes('deploy_deploy'), 'it stays listed');
  });

  it('ends calls under way, and refuses everything from then on', async () => {
    const agent = plant.modern();
    const endless = call(agent, 'slow_wait');
    // It is under way once the server runs.
    await eventually(async () => ((await plant.vestibule('upstream', 'logs', '--name', 'slow', '--config', 'servers.json')).stdout === '' ? undefined : true));
    assert.equal((await plant.run(plant.command('pause', '--cancel'))).code, 0);
    assert.equal(await code('wiki_search'), 'paused');
    assert.ok((await endless).result?.['isError'] === true || (await endless).error !== undefined);
    assert.equal((await plant.run(plant.command('resume'))).code, 0);
    assert.equal(await code('deploy_deploy'), undefined);
  });

  it('is a file that any script can write', async () => {
    const file = join(plant.data, 'paused.json');
    await rm(file, { force: true });
    assert.equal(await code('wiki_search'), undefined);
    await writeFile(file, '');
    assert.equal(await code('wiki_search'), 'paused');
    await rm(file);
    assert.equal(await code('wiki_search'), undefined);
  });
});
