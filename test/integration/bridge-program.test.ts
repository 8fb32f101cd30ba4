import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, describe, it } from 'node:test';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { build } from 'esbuild';
import type { BridgeHome } from '../../src/views/bridge-home.ts';
import { installBridge, refreshBridge } from '../../src/views/bridge-program.ts';
import { behaving, FIXTURE_ENTRY, inPlace, run, toolNamed, userServers } from '../fixtures/cli.ts';
import { Serve } from '../fixtures/cli-serve.ts';
import { makePlace, type Place } from '../fixtures/serve.ts';

const ENTRY = fileURLToPath(new URL('../../src/proxy/connect/bridge/main.ts', import.meta.url));

describe('the bridge of the extension', { timeout: 240_000 }, () => {
  let place: Place;
  let home: BridgeHome;

  before(async () => {
    place = await makePlace();
    // A folder with a quote and a space in its name, as people have them.
    const dist = join(place.data, "it's dist");
    await mkdir(dist, { recursive: true });
    await build({ entryPoints: [ENTRY], outfile: join(dist, 'bridge.cjs'), bundle: true, minify: true, platform: 'node', format: 'cjs', target: 'node20', mainFields: ['module', 'main'], logLevel: 'error' });
    home = { dist, dataDir: place.data, platform: process.platform, execPath: process.execPath, electron: false };
  });
  after(() => place.dispose());

  it('is left alone where no agent was connected by it', async () => {
    await refreshBridge(home);
    assert.equal(existsSync(join(place.data, 'bin')), false);
  });

  it('brings a client to the gateway from where updates leave it alone', async () => {
    await userServers(place, { servers: { srv: FIXTURE_ENTRY } });
    const added = await run(inPlace(place, ['agent', 'add', '--name', 'bridged', '--tier', 'read', '--json']));
    const tokenFile = join(place.data, 'bridged.token');
    await writeFile(tokenFile, (JSON.parse(added.stdout) as { token: string }).token, { mode: 0o600 });
    const serve = new Serve(inPlace(place, ['serve', '--approve-all']), behaving({ tools: [toolNamed('burn')] }));
    try {
      await serve.ready();
      const { command, args, env } = await installBridge(home);
      assert.ok(!command.startsWith(home.dist) && args.every((word) => !word.startsWith(home.dist)));
      const client = new Client({ name: 'bridged', version: '1.0' });
      await client.connect(new StdioClientTransport({ command, args: [...args, '--data', place.data, '--token-file', tokenFile], cwd: place.workspace, stderr: 'ignore', ...(env && { env }) }));
      assert.ok((await client.listTools()).tools.some(({ name }) => name === 'retrieve_tools'));
      await client.close();
    } finally {
      await serve.stop();
    }
  });

  it('follows the extension and the editor to their next versions', async () => {
    const launcher = await installBridge({ ...home, platform: 'linux' });
    await writeFile(join(home.dist, 'bridge.cjs'), '// the next version\n');
    await refreshBridge({ ...home, platform: 'linux', execPath: '/next/editor', electron: true });
    assert.equal(await readFile(join(place.data, 'bin', 'bridge.cjs'), 'utf8'), '// the next version\n');
    assert.match(await readFile(launcher.command, 'utf8'), /export ELECTRON_RUN_AS_NODE=1\nexec '\/next\/editor' /);
  });

  it('is started by the editor itself on Windows', async () => {
    const launcher = await installBridge({ ...home, platform: 'win32', execPath: 'C:\\Code\\Code.exe', electron: true });
    assert.deepEqual(launcher, { command: 'C:\\Code\\Code.exe', args: [join(place.data, 'bin', 'bridge.cjs')], env: { ELECTRON_RUN_AS_NODE: '1' } });
  });
});
