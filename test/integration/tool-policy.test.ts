/* `tools` and `profiles` of a servers file, in force on every way to a tool. Real servers, real HTTP. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LegacyAgent, Message } from '../fixtures/relay/agents.ts';
import { startRelayRig, stdioPeer, type RelayRig } from '../fixtures/relay/rig.ts';

const SCHEMA = { type: 'object', properties: { env: { type: 'string' }, target: { type: 'string' }, count: { type: 'integer' } }, required: ['env', 'target'] };
const PEER = stdioPeer({
  tools: [
    { name: 'deploy', description: 'Ships a build.', inputSchema: SCHEMA },
    { name: 'wipe', description: 'Wipes everything.', inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } },
    { name: 'peek', description: 'Looks at a build.', inputSchema: { type: 'object' } },
  ],
});
const TOOLS = {
  allow: ['deploy', 'wi*', '/^(peek|ask)$/'],
  deny: ['/^WI/i'],
  alias: { deploy: 'ship' },
  overrides: { deploy: { description: 'Ships a build to staging.', pin: { env: 'staging' }, rename: { target: 'host' }, defaults: { count: 2 } }, peek: { tier: 'read' } },
};

const items = (answer: Message, key: string): Record<string, unknown>[] => (answer.result?.[key] ?? assert.fail(JSON.stringify(answer))) as Record<string, unknown>[];
const textOf = (answer: Message): string => items(answer, 'content').map(({ text }) => String(text)).join('\n');
const codeOf = (answer: Message): string | undefined => (answer.result?.['_meta'] as Record<string, { code: string }> | undefined)?.['vestibule/error']?.code;
const namesOf = async (agent: LegacyAgent): Promise<unknown[]> => items(await agent.request('tools/list'), 'tools').map(({ name }) => name);

/** A configuration is noticed within a second; nothing tells an agent's test when. */
async function until(probe: () => Promise<boolean>): Promise<void> {
  while (!(await probe())) await new Promise((resolve) => setTimeout(resolve, 25));
}

async function opened(rig: RelayRig, path = ''): Promise<LegacyAgent> {
  const agent = rig.legacyAt(path);
  await agent.open();
  return agent;
}

describe('tools of a servers file', { timeout: 180_000 }, () => {
  it('hold for lists, searches, descriptions, calls by every name, and code', async () => {
    await using rig = await startRelayRig({ ops: { ...PEER, tools: TOOLS } }, {}, { gateway: { codeExecution: true } });
    const agent = await opened(rig);
    const call = (name: string, args: object): Promise<Message> => agent.request('tools/call', { name, arguments: args });
    const tools = items(await agent.request('tools/list'), 'tools');
    assert.deepEqual(tools.map(({ name }) => name), ['read_cache', 'ops_ask', 'ops_ship', 'ops_peek']);
    const ship = tools.find(({ name }) => name === 'ops_ship');
    assert.deepEqual([ship?.['title'], ship?.['description']], ['ops: ship', 'Ships a build to staging.']);
    assert.deepEqual(ship?.['inputSchema'], { type: 'object', properties: { host: { type: 'string' }, count: { type: 'integer', default: 2 } }, required: ['host'] });
    assert.deepEqual(tools.find(({ name }) => name === 'ops_peek')?.['annotations'], { readOnlyHint: true, destructiveHint: false });

    const found = textOf(await call('retrieve_tools', { query: 'ship a build', limit: 50 }));
    assert.match(found, /^ops:ship\(host\*: string, count: integer = 2\) — Ships a build to staging/m);
    assert.doesNotMatch(found, /deploy|wipe|env|target/);
    assert.match(textOf(await call('retrieve_tools', { query: 'look at a build', limit: 50 })), /ops:peek\(\).*\[call_tool_read\]/);
    const described = textOf(await call('describe_tool', { tools: ['ops:ship'] }));
    assert.doesNotMatch(described, /deploy|env|target/);
    assert.match(textOf(await call('describe_tool', { tools: ['ops:deploy'] })), /no such tool/);

    const sent = { name: 'deploy', arguments: { target: 'a', count: 2, env: 'staging' } };
    const received = (answer: Message): unknown => {
      const { name, arguments: args } = JSON.parse(textOf(answer)) as { name: string; arguments: unknown };
      return { name, arguments: args };
    };
    for (const answer of [await call('ops_ship', { host: 'a' }), await call('call_tool', { tool: 'ops:ship', arguments: { host: 'a' } }), await call('call_tool', { tool: 'ops_ship', arguments: { host: 'a' } }), await call('code_execution', { code: "return await call_tool('ops:ship', { host: 'a' })" })]) {
      assert.deepEqual(received(answer), sent);
    }
    assert.equal(codeOf(await call('ops_ship', { host: 'a', env: 'production' })), 'invalid_arguments');
    assert.equal(codeOf(await call('ops_ship', { target: 'a' })), 'invalid_arguments');
    for (const name of ['ops_deploy', 'ops:deploy']) assert.equal(codeOf(await call('call_tool', { tool: name, arguments: { env: 'production', target: 'a' } })), 'unknown_tool');
    assert.equal(codeOf(await call('ops_wipe', {})), 'not_permitted');
    assert.equal(codeOf(await call('call_tool_read', { tool: 'ops:peek', arguments: {} })), undefined, 'the tier of a person counts');
    assert.equal(codeOf(await call('call_tool_read', { tool: 'ops:ship', arguments: { host: 'a' } })), 'not_permitted');

    // The record and the approvals are about what the upstream has.
    const [record] = await rig.gateway.calls({ tool: 'deploy', outcome: 'ok', limit: 1 });
    assert.deepEqual(record?.arguments, sent.arguments);
    const shown = rig.gateway.snapshot().upstreams[0]?.tools.find(({ name }) => name === 'deploy');
    assert.deepEqual([shown?.status, shown?.description, shown?.id], ['approved', 'Ships a build.', 'ops:ship']);
    assert.deepEqual(rig.gateway.snapshot().problems, []);
  });

  it('follow the file: calls under way end as they began, the next see the new rules, and a broken file changes nothing', async () => {
    const entry = { ops: { ...PEER, tools: TOOLS } };
    await using rig = await startRelayRig(entry);
    const agent = rig.legacy({ capabilities: { roots: {} } });
    await agent.open();
    // A call under way: its server asks the agent something, and waits.
    let answer: (roots: object) => void = () => undefined;
    agent.answering = () => new Promise<object>((resolve) => (answer = resolve));
    const underWay = agent.request('tools/call', { name: 'ops_ask', arguments: { method: 'roots/list' } });
    await agent.hears(({ method }) => method === 'roots/list');
    await rig.configure({ servers: { ops: { ...PEER, timeoutSeconds: 50, tools: { allow: ['deploy'], overrides: { deploy: { pin: { env: 'test' } } } } } } });
    await until(async () => (await namesOf(agent)).includes('ops_deploy'));
    assert.deepEqual(await namesOf(agent), ['read_cache', 'ops_deploy']);
    assert.equal(codeOf(await agent.request('tools/call', { name: 'ops_ask', arguments: { method: 'roots/list' } })), 'not_permitted');
    assert.match(textOf(await agent.request('tools/call', { name: 'ops_deploy', arguments: { target: 't' } })), /"env":"test"/);
    // Even a server whose launch changed, or that is gone, ends what it began.
    await rig.configure({ servers: {} });
    await until(async () => !(await namesOf(agent)).includes('ops_deploy'));
    answer({ roots: [] });
    assert.equal(textOf(await underWay), '{"result":{"roots":[]}}');
    await rig.configure({ servers: { ops: { ...PEER, tools: { allow: ['deploy'] } } } });
    await until(async () => (await namesOf(agent)).includes('ops_deploy'));

    await rig.configureText('{ "servers": { "ops": {');
    await rig.until((gateway) => gateway.snapshot().problems.some(({ severity }) => severity === 'error'));
    assert.deepEqual(await namesOf(agent), ['read_cache', 'ops_deploy']);
    await rig.configure({ servers: { ops: { ...PEER, tools: { allow: ['/^pe+k$/'] } } } });
    await until(async () => (await namesOf(agent)).includes('ops_peek'));
    assert.deepEqual(rig.gateway.snapshot().problems, []);
  });

  it('that came with a folder nobody trusts rewrite nothing', async () => {
    for (const workspaceTrusted of [true, false]) {
      await using rig = await startRelayRig({}, { workspaceTrusted }, {}, { servers: { ops: { ...PEER, tools: TOOLS } } });
      const [ops] = rig.gateway.snapshot().upstreams;
      assert.equal(ops?.config.origin, 'workspace');
      assert.deepEqual(ops.tools.map(({ id }) => id).includes('ops:ship'), workspaceTrusted);
    }
  });

  it('that say something in vain are told of', async () => {
    await using rig = await startRelayRig({ ops: { ...PEER, tools: { alias: { deplyo: 'x' }, overrides: { deploy: { hide: ['env'] } } } } });
    assert.deepEqual(rig.gateway.snapshot().problems.map(({ message }) => message), ['"tools" names "deplyo", and the server has no such tool.', 'The override of "deploy" hides "env", which every call needs.']);
  });
});

describe('profiles', { timeout: 120_000 }, () => {
  it('are endpoints of their own, that show less and list what they pin', async () => {
    const profiles = { looking: { servers: ['ops'], tools: ['peek', '*:deploy'], mode: 'retrieve', pinned: ['peek'] } };
    await using rig = await startRelayRig({ ops: { ...PEER, tools: { overrides: TOOLS.overrides } }, other: PEER }, {}, { profiles });
    const all = await opened(rig);
    const agent = await opened(rig, '/p/looking');
    assert.ok((await namesOf(all)).includes('other_deploy'));
    const names = await namesOf(agent);
    assert.ok(names.includes('ops_peek') && !names.includes('ops_deploy') && names.includes('retrieve_tools'));
    const found = textOf(await agent.request('tools/call', { name: 'retrieve_tools', arguments: { query: 'ship or look at a build', limit: 50 } }));
    assert.deepEqual([...found.matchAll(/^(\w+:\w+)\(/gm)].map(([, id]) => id).sort(), ['ops:deploy', 'ops:peek']);
    assert.equal(codeOf(await agent.request('tools/call', { name: 'call_tool', arguments: { tool: 'other:peek', arguments: {} } })), 'not_permitted');
    assert.equal(codeOf(await agent.request('tools/call', { name: 'call_tool', arguments: { tool: 'ops:wipe', arguments: {} } })), 'not_permitted');
    assert.equal((await fetch(`${rig.url}/p/none`, { method: 'POST' })).status, 401);

    await rig.configure({ profiles: { looking: { ...profiles.looking, tools: ['wipe'], pinned: ['wipe'] } } });
    await until(async () => (await namesOf(agent)).includes('ops_wipe'));
    assert.ok(!(await namesOf(agent)).includes('ops_peek'), 'a session that is open sees the profile of now');
  });
});
