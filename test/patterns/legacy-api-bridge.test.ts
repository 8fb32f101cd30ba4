import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { LegacyAgent, type ModernAgent } from '../fixtures/relay/agents.ts';
import { call, codeOf, listed, Pattern, textOf } from './kit.ts';

describe('pattern: legacy API bridge', { timeout: 240_000 }, () => {
  const bridge = new Pattern('legacy-api-bridge');
  const old = spawn(process.execPath, [join(bridge.folder, 'old-services.mjs'), '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  after(async () => {
    const ended = once(old, 'exit');
    if (old.kill()) await ended;
  });
  const agents: (ModernAgent | LegacyAgent)[] = [];

  before(async () => {
    const [port] = (await once(createInterface({ input: old.stdout }), 'line')) as [string];
    const { args, env } = bridge.command('serve');
    assert.deepEqual(Object.keys(env), ['OLD_PORT']);
    await bridge.startWith({ args, env: { OLD_PORT: port } });
    const oldest = new LegacyAgent(bridge.endpoint(), { protocolVersion: '2024-11-05' });
    await oldest.open();
    agents.push(bridge.modern(), oldest);
  });

  it('brings agents of the newest and the oldest era to a server of 2024 and to a REST API', async () => {
    for (const agent of agents) {
      const names = await listed(agent);
      assert.ok(names.includes('orders_get_order') && names.includes('stock_get_stock'), names.join(' '));
      assert.equal(textOf(await call(agent, 'orders_get_order', { id: '7' })), 'order 7: shipped');
      assert.deepEqual(JSON.parse(textOf(await call(agent, 'stock_get_stock', { item: 'bolt' }))), { item: 'bolt', pieces: 12 });
    }
  });

  it('keeps from the API what its schema forbids', async () => {
    for (const agent of agents) for (const args of [{}, { item: 7 }, { item: '' }]) assert.equal(codeOf(await call(agent, 'stock_get_stock', args)), 'invalid_arguments', JSON.stringify(args));
  });
});
