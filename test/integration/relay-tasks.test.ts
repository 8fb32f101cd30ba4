/* Tasks that servers make of calls (2025-11-25): what the fidelity matrix cannot show with one server and one agent. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { serve, type Served } from '../fidelity/upstream/serve.ts';
import type { LegacyAgent, Message } from '../fixtures/relay/agents.ts';
import { startRelayRig, stdioPeer, type RelayRig } from '../fixtures/relay/rig.ts';

const taskOf = ({ result }: Message): { readonly taskId: string } => (result?.['task'] ?? assert.fail('no task')) as { taskId: string };
const begin = async (agent: LegacyAgent, server: string, args: object = {}): Promise<string> =>
  taskOf(await agent.request('tools/call', { name: `${server}_echo`, arguments: args, task: { ttl: 60_000 } })).taskId;

function entryOf({ address }: Served): object {
  return 'url' in address ? { url: address.url } : assert.fail('served over HTTP');
}

async function opened(rig: RelayRig): Promise<LegacyAgent> {
  const agent = rig.legacy();
  await agent.open();
  return agent;
}

describe('tasks of several servers', { timeout: 120_000 }, () => {
  it('are listed together, and an id that two servers gave is refused', async () => {
    await using one = await serve('http', 'legacy');
    await using two = await serve('http', 'legacy');
    await using rig = await startRelayRig({ one: entryOf(one), two: entryOf(two) });
    const agent = await opened(rig);
    const first = await begin(agent, 'one');
    assert.equal((await agent.request('tasks/get', { taskId: first })).result?.['status'], 'working');
    assert.equal(await begin(agent, 'two'), first, 'the fixture counts from one');
    for (const method of ['tasks/get', 'tasks/result', 'tasks/cancel']) assert.equal((await agent.request(method, { taskId: first })).error?.code, -32602);
    const second = await begin(agent, 'two');
    assert.equal((await agent.request('tasks/get', { taskId: second })).result?.['taskId'], second);
    const { result } = await agent.request('tasks/list');
    assert.deepEqual((result?.['tasks'] as { taskId: string }[]).map(({ taskId }) => taskId), [first, first, second]);
  });
});

describe('the result of a task', { timeout: 120_000 }, () => {
  it('is looked through and fitted as that of a call is', async () => {
    await using server = await serve('http', 'legacy');
    await using rig = await startRelayRig({ one: { ...entryOf(server), output: { limit: 500 } } });
    const agent = await opened(rig);
    const taskId = await begin(agent, 'one', { ends: true, long: 'x'.repeat(5_000) });
    const { result } = await agent.request('tasks/result', { taskId });
    const text = JSON.stringify(result);
    assert.ok(text.length < 2_000 && text.includes('read_cache'), text);
    assert.deepEqual((result?.['_meta'] as Record<string, unknown>)['io.modelcontextprotocol/related-task'], { taskId });
  });

  it('is not got while the server is paused, nor by an agent of the modern era', async () => {
    await using server = await serve('http', 'legacy');
    await using rig = await startRelayRig({ one: entryOf(server) });
    const agent = await opened(rig);
    const taskId = await begin(agent, 'one', { ends: true });
    assert.equal((await rig.modern().request('tasks/get', { taskId })).error?.code, -32601);
    await rig.gateway.pause({ server: 'one' }, { cancel: false });
    assert.match((await agent.request('tasks/result', { taskId })).error?.message ?? '', /paused/);
  });
});

describe('the capability', { timeout: 120_000 }, () => {
  it('is declared to legacy agents where a server has it, and to nobody else', async () => {
    await using server = await serve('http', 'legacy');
    await using rig = await startRelayRig({ one: entryOf(server) });
    await using without = await startRelayRig({ peer: stdioPeer() });
    const declared = async (from: RelayRig): Promise<unknown> => ((await from.legacy().open()).result?.['capabilities'] as Record<string, unknown>)['tasks'];
    assert.deepEqual(await declared(rig), { list: {}, cancel: {}, requests: { tools: { call: {} } } });
    assert.equal(await declared(without), undefined);
    const modern = await rig.modern().request('server/discover');
    assert.equal((modern.result?.['capabilities'] as Record<string, unknown>)['tasks'], undefined);
  });
});
