import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createGateway, type Gateway } from '../../src/proxy/gateway.ts';
import { startChangingServer } from '../fixtures/changing-server.ts';
import { LegacyAgent, ModernAgent } from '../fixtures/relay/agents.ts';

const TOKEN = 'a-token-of-these-tests-0123456789';

function open(dataDir: string, approveAll: boolean): Promise<Gateway> {
  return createGateway({
    dataDir,
    secrets: { get: () => Promise.resolve(undefined), set: () => Promise.resolve(), delete: () => Promise.resolve() } as never,
    token: TOKEN,
    owner: 'local',
    approveAll,
    version: '0.0.0',
    log: () => undefined,
  });
}

/** Resolves when the gateway finds the tool. */
async function found(gateway: Gateway): Promise<void> {
  const finds = (): boolean => gateway.search('forecast', 5).some(({ id }) => id === 'weather:get_forecast');
  while (!finds()) {
    await new Promise<void>((resolve) => {
      const subscription = gateway.onDidChange(() => {
        subscription.dispose();
        resolve();
      });
    });
  }
}

describe('the search index over a restart', { timeout: 120_000 }, () => {
  it('answers at once, with the server gone, from what it kept', async () => {
    const dataDir = join(await mkdtemp(join(tmpdir(), 'vestibule-restart-')), 'data');
    await mkdir(dataDir);
    const upstream = await startChangingServer([{ name: 'get_forecast', description: 'Weather forecast for a place', inputSchema: { type: 'object' } }]);
    await writeFile(join(dataDir, 'servers.json'), JSON.stringify({ servers: { weather: { url: upstream.url } } }));
    const before = await open(dataDir, true);
    await found(before);
    await before.dispose();
    await upstream[Symbol.asyncDispose]();

    const file = join(dataDir, 'search-index.json');
    const kept = await readFile(file, 'utf8');
    // A word that is only in the kept index shows that it is what answers.
    assert.match(kept, /"forecast"/);
    await writeFile(file, kept.replace('"forecast"', '"zeppelin"'));
    const after = await open(dataDir, false);
    assert.deepEqual(after.search('zeppelin', 5).map(({ id }) => id), ['weather:get_forecast']);
    await after.dispose();

    await writeFile(file, 'no index');
    const without = await open(dataDir, false);
    assert.deepEqual(without.search('forecast', 5).map(({ id }) => id), ['weather:get_forecast']);
    await without.dispose();
    await rm(join(dataDir, '..'), { recursive: true, force: true });
  });

  it('answers what agents ask first with the tools of servers that were approved and are listed for the first time', async () => {
    const dataDir = join(await mkdtemp(join(tmpdir(), 'vestibule-restart-')), 'data');
    await mkdir(dataDir);
    await using upstream = await startChangingServer([{ name: 'get_forecast', description: 'Weather forecast for a place', inputSchema: { type: 'object' } }]);
    await writeFile(join(dataDir, 'servers.json'), JSON.stringify({ gateway: { mode: 'direct' }, servers: { weather: { url: upstream.url } } }));
    const before = await open(dataDir, true);
    await found(before);
    await before.dispose();

    await rm(join(dataDir, 'catalog'), { recursive: true });
    let list = (): void => undefined;
    upstream.listsAfter = new Promise<void>((resolve) => {
      list = resolve;
    });
    const after = await open(dataDir, false);
    const endpoint = { ...(await after.listen()), token: TOKEN };
    const listed = new ModernAgent(endpoint).request('tools/list');
    // Whoever asks for nothing but to come in is answered meanwhile.
    await new LegacyAgent(endpoint).open();
    list();
    const { result } = await listed;
    assert.ok((result?.['tools'] as readonly { readonly name: string }[]).some(({ name }) => name === 'weather_get_forecast'));
    await after.dispose();
    await rm(join(dataDir, '..'), { recursive: true, force: true });
  });
});
