/* Tasks of the modern era (extension io.modelcontextprotocol/tasks): what conformance and the matrix cannot show with one agent. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { fixtureProgram, startFixture, type RunningFixture } from '../fixtures/conformance/start.ts';
import { ModernAgent, valueOf, type Message } from '../fixtures/relay/agents.ts';
import { startRelayRig, type RelayRig } from '../fixtures/relay/rig.ts';

const EXTENSION = 'io.modelcontextprotocol/tasks';
const USES_TASKS = { capabilities: { elicitation: {}, extensions: { [EXTENSION]: {} } } };
const NEWS = 'notifications/tasks';

const stdio = { command: process.execPath, args: [fixtureProgram('tasks'), 'stdio'] };
const begin = async (agent: ModernAgent, name: string, args: object = {}): Promise<string> => {
  const { result } = await agent.request('tools/call', { name, arguments: args });
  assert.equal(result?.['resultType'], 'task', JSON.stringify(result));
  return String(result['taskId']);
};
const get = (agent: ModernAgent, taskId: string): Promise<Message> => agent.request('tasks/get', { taskId });

/** What a task is once it is over. */
async function ended(agent: ModernAgent, taskId: string): Promise<Readonly<Record<string, unknown>>> {
  for (;;) {
    const { result } = await get(agent, taskId);
    if (result === undefined) assert.fail('the task is not known');
    if (result['status'] !== 'working') return result;
  }
}

describe('tasks of the modern era', { timeout: 240_000 }, () => {
  let server: RunningFixture;
  let rig: RelayRig;

  before(async () => {
    server = await startFixture('tasks');
    rig = await startRelayRig({ one: { url: server.url, output: { limit: 500 } }, two: stdio }, {}, { gateway: { codeExecution: true } });
  });
  after(async () => {
    await rig[Symbol.asyncDispose]();
    await server.stop();
  });

  it('are of the principal whose calls they were made of, and of nobody else', async () => {
    const taskId = await begin(rig.modern(USES_TASKS), 'one_slow_compute', { seconds: 600 });
    assert.equal((await get(rig.modern({ ...USES_TASKS, clientInfo: { name: 'another window', version: '1' } }), taskId)).result?.['status'], 'working');
    const { token } = await rig.gateway.addAgent({ name: 'stranger', grant: {} });
    const stranger = new ModernAgent({ url: rig.url, token }, USES_TASKS);
    const { token: narrow } = await rig.gateway.addAgent({ name: 'narrow', grant: { servers: ['two'] } });
    for (const agent of [stranger, new ModernAgent({ url: rig.url, token: narrow }, USES_TASKS)]) {
      for (const method of ['tasks/get', 'tasks/cancel', 'tasks/update']) {
        assert.equal((await agent.request(method, { taskId, inputResponses: {} })).error?.code, -32602, method);
      }
      const close = await agent.listen({ taskIds: [taskId], toolsListChanged: true });
      assert.deepEqual(agent.heard.find(({ method }) => method === 'notifications/subscriptions/acknowledged')?.params?.['notifications'], { toolsListChanged: true });
      close();
    }
  });

  it('are not for agents that do not declare them: their calls are done at once', async () => {
    const [modern, legacy] = [rig.modern(), rig.legacy({ capabilities: USES_TASKS.capabilities })];
    await legacy.open();
    for (const agent of [modern, legacy]) {
      assert.equal(await agent.call('one_slow_compute', { seconds: 600, label: 'x' }), 'computed x');
    }
    const { error } = await modern.request('tasks/get', { taskId: 'any' });
    assert.equal(error?.code, -32021);
    assert.deepEqual(error.data, { requiredCapabilities: { extensions: { [EXTENSION]: {} } } });
    assert.equal((await legacy.request('tasks/update', { taskId: 'any' })).error?.code, -32601);
    assert.equal((await legacy.request('tasks/get', { taskId: 'any' })).error?.code, -32602, 'its own era has such a method too');
    const listening = await modern.request('subscriptions/listen', { notifications: { taskIds: ['any'] } });
    assert.equal(listening.error?.code, -32021);
  });

  it('that a server makes unasked are refused to who cannot use them', async () => {
    // This tool of the fixture makes a task whoever calls it.
    assert.equal((await rig.modern().request('tools/call', { name: 'one_protocol_error_job', arguments: {} })).error?.code, -32603);
  });

  it('begin by call_tool too, and never within code', async () => {
    await using retrieving = await startRelayRig({ one: { url: server.url } }, { mode: 'retrieve' }, { gateway: { codeExecution: true } });
    const agent = retrieving.modern(USES_TASKS);
    const { result } = await agent.request('tools/call', { name: 'call_tool', arguments: { tool: 'one:slow_compute', arguments: { seconds: 0, label: 'y' } } });
    assert.equal(result?.['resultType'], 'task');
    assert.equal((await ended(agent, String(result['taskId'])))['status'], 'completed');
    const code = "return await call_tool('one:slow_compute', { seconds: 600, label: 'z' })";
    const ran = await agent.request('tools/call', { name: 'code_execution', arguments: { code } });
    assert.match(JSON.stringify(ran.result), /computed z/);
  });

  it('hold results that are fitted as those of calls are, with what they link to', async () => {
    const agent = rig.modern(USES_TASKS);
    const long = await ended(agent, await begin(agent, 'one_slow_compute', { seconds: 0, label: 'x'.repeat(5_000) }));
    const text = JSON.stringify(long['result']);
    assert.ok(text.length < 2_000 && text.includes('read_cache'), text);
    const linked = await ended(agent, await begin(agent, 'one_slow_compute', { seconds: 0, link: 'fixture://link' }));
    assert.deepEqual((linked['result'] as { content: unknown }).content, [{ type: 'resource_link', uri: 'fixture://link', name: 'link' }]);
  });

  it('are recorded as the calls they were made of', async () => {
    const recorded = rig.recorded(1);
    await begin(rig.modern(USES_TASKS), 'two_slow_compute', { seconds: 0 });
    assert.deepEqual(await recorded, ['slow_compute ok']);
  });

  it('stand still while their server is paused', async () => {
    const agent = rig.modern(USES_TASKS);
    const taskId = await begin(agent, 'two_slow_compute', { seconds: 600 });
    await rig.gateway.pause({ server: 'two' }, { cancel: false });
    try {
      assert.match((await get(agent, taskId)).error?.message ?? '', /paused/);
    } finally {
      await rig.gateway.resume({ server: 'two' });
    }
    assert.equal((await get(agent, taskId)).result?.['status'], 'working');
  });

  for (const name of ['one', 'two'] as const) {
    it(`are told of to who listens, with their questions, once each (${name === 'one' ? 'http' : 'stdio'})`, async () => {
      const [agent, other] = [rig.modern(USES_TASKS), rig.modern({ ...USES_TASKS, clientInfo: { name: `other of ${name}`, version: '1' } })];
      const taskId = await begin(agent, `${name}_multi_input`);
      const [close, closeOther] = [await agent.listen({ taskIds: [taskId, 'of nobody'] }), await other.listen({ toolsListChanged: true })];
      assert.deepEqual(agent.heard[0]?.params?.['notifications'], { taskIds: [taskId] });
      const answer = { action: 'accept', content: { name: 'N' } };
      const update = (key: string): Promise<Message> => agent.request('tasks/update', { taskId, inputResponses: { [key]: answer } });
      assert.equal((await update('first')).result?.['resultType'], 'complete');
      const asking = await agent.hears(({ method, params }) => method === NEWS && params?.['status'] === 'input_required');
      const questions = asking.params?.['inputRequests'] as Readonly<Record<string, { readonly params: { readonly message: string } }>>;
      assert.deepEqual(Object.entries(questions).map(([key, { params }]) => [key, params.message]), [['second', `${name}: Two?`]]);
      await update('second');
      const over = await agent.hears(({ method, params }) => method === NEWS && params?.['status'] === 'completed');
      assert.deepEqual(valueOf({ result: over.params?.['result'] as Record<string, unknown> }), { first: answer, second: answer });
      assert.equal((over.params?.['_meta'] as Record<string, unknown>)['io.modelcontextprotocol/subscriptionId'], over.on);
      assert.equal(agent.heard.filter(({ method }) => method === NEWS).length, 2);
      assert.equal(other.heard.some(({ method }) => method === NEWS), false);
      close();
      closeOther();
    });
  }
});
