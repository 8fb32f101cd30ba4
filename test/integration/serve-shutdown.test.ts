import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually, makePlace, serve, TestAgent, type Place, type Serving } from '../fixtures/serve.ts';

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

  it('leaves nothing when it is killed: its servers notice', async () => {
    const place = await makePlace();
    const tools = [JSON.stringify({ name: 'pid', inputSchema: { type: 'object' } })];
    await place.servers({ servers: { polite: { command: process.execPath, args: [RAW, JSON.stringify({ tools })] } } });
    const serving = await serve(place, '--approve-all', '--mode', 'direct');
    try {
      const agent = new TestAgent(serving);
      await agent.initialize();
      const server = Number((await agent.call('polite_pid', {})).text);
      serving.process.kill('SIGKILL');
      await groupGone(server);
    } finally {
      serving.process.kill('SIGKILL');
      await place.dispose();
    }
  });
});
