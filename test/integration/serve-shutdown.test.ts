import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { eventually } from '../fixtures/eventually.ts';
import { makePlace, serve, TestAgent, type Place, type Serving } from '../fixtures/serve.ts';
import type { StdioManners } from '../fixtures/upstreams/stdio-server.ts';

const RAW = new URL('../fixtures/upstreams/stdio-server.ts', import.meta.url).pathname;

/** Serves one server that ignores SIGTERM and the end of its stdin, with a call of it under way. */
async function withClingingServer(run: (serving: Serving, server: number) => Promise<void>): Promise<void> {
  const place: Place = await makePlace();
  const tools = ['pid', 'hang'].map((name) => JSON.stringify({ name, inputSchema: { type: 'object' } }));
  await place.servers({ servers: { cling: { command: process.execPath, args: [RAW, JSON.stringify({ clings: true, tools })] } } });
  const serving = await serve(place, '--approve-all', '--mode', 'direct');
  try {
    const agent = new TestAgent(serving);
    await agent.initialize();
    const server = Number((await agent.call('cling_pid', {})).text);
    agent.call('cling_hang', {}).catch(() => undefined);
    await run(serving, server);
  } finally {
    serving.process.kill('SIGKILL');
    await place.dispose();
  }
}

/** Resolves once no process of the group is left. */
async function groupGone(leader: number): Promise<void> {
  await eventually(() => {
    try {
      process.kill(-leader, 0);
      return Promise.resolve(undefined);
    } catch {
      return Promise.resolve(true);
    }
  });
}

describe('the end of serve', { skip: process.platform === 'win32' }, () => {
  it('leaves nothing of a server that clings, and comes within five seconds', async () => {
    await withClingingServer(async (serving, server) => {
      const from = performance.now();
      assert.equal(await serving.stop(), 0);
      const took = performance.now() - from;
      await groupGone(server);
      // The bound of the contract, with room for a slow machine to notice the exit.
      assert.ok(took < 6_500, `${took} ms`);
    });
  });

  it('leaves nothing when a second signal ends it at once', async () => {
    await withClingingServer(async (serving, server) => {
      serving.process.kill('SIGTERM');
      await eventually(() => Promise.resolve(serving.stderr().includes('"ending"') ? true : undefined));
      assert.equal(await serving.stop(), 143);
      await groupGone(server);
    });
  });
});

describe('serve that is killed', { skip: process.platform === 'win32', timeout: 240_000 }, () => {
  /** Moments of a conversation with a server, each with what keeps the server there. */
  const moments: readonly (readonly [string, string, StdioManners])[] = [
    ['while a server starts', 'start', { silent: true }],
    ['while it is asked who it is', 'initialize', { silent: true }],
    ['while it lists', 'tools/list', { hangsOnList: true }],
    ['under a call', 'tools/call', {}],
  ];
  for (const [when, at, manners] of moments) {
    it(`leaves nothing ${when}: its servers notice`, async () => {
      const place = await makePlace();
      const file = join(place.workspace, 'server.pid');
      const tools = [JSON.stringify({ name: 'hang', inputSchema: { type: 'object' } })];
      await place.servers({ servers: { polite: { command: process.execPath, args: [RAW, JSON.stringify({ ...manners, tools, signs: { at, file } })] } } });
      const serving = await serve(place, '--approve-all', '--mode', 'direct');
      try {
        const agent = new TestAgent(serving);
        await agent.initialize();
        // Wakes the server, and holds there.
        agent.call('polite_hang', {}).catch(() => undefined);
        const server = await eventually(async () => Number(await readFile(file, 'utf8').catch(() => '')) || undefined);
        serving.process.kill('SIGKILL');
        await groupGone(server);
      } finally {
        serving.process.kill('SIGKILL');
        await place.dispose();
      }
    });
  }

  it('leaves nothing while it is ending', async () => {
    const place = await makePlace();
    const tools = [JSON.stringify({ name: 'pid', inputSchema: { type: 'object' } })];
    await place.servers({ servers: { polite: { command: process.execPath, args: [RAW, JSON.stringify({ tools })] } } });
    const serving = await serve(place, '--approve-all', '--mode', 'direct');
    try {
      const agent = new TestAgent(serving);
      await agent.initialize();
      const server = Number((await agent.call('polite_pid', {})).text);
      serving.process.kill('SIGTERM');
      serving.process.kill('SIGKILL');
      await groupGone(server);
    } finally {
      serving.process.kill('SIGKILL');
      await place.dispose();
    }
  });
});
