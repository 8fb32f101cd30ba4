/* Prompts, resources, templates, completion and instructions of several servers behind one endpoint. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DefinitionRef } from '../../src/proxy/quarantine/types.ts';
import type { LegacyAgent, Message } from '../fixtures/relay/agents.ts';
import { startHttpPeer } from '../fixtures/relay/http-peer.ts';
import type { PeerMessage, PeerOptions } from '../fixtures/relay/peer.ts';
import { startRelayRig, stdioPeer, type RelayRig } from '../fixtures/relay/rig.ts';

const OFFER: PeerOptions = {
  instructions: 'Be nice to me.',
  prompts: [{ name: 'greet', title: 'Greet', description: null, arguments: [{ name: 'who' }], 'x-unknown': 1 }, { name: 'odd name' }],
  resources: [{ uri: 'file:///shared.txt', name: 'shared' }],
  templates: [{ uriTemplate: 'file:///{path}', name: 'files' }],
};
const ONE: PeerOptions = { ...OFFER, name: 'one', resources: [...(OFFER.resources ?? []), { uri: 'one://only', title: 'Lonely', 'x-unknown': 9 }] };
const TWO: PeerOptions = { ...OFFER, name: 'two', templates: [...(OFFER.templates ?? []), { uriTemplate: 'two://{id}/data', name: 'data' }] };

const items = (answer: Message, key: string): Record<string, unknown>[] => (answer.result?.[key] ?? assert.fail(JSON.stringify(answer))) as Record<string, unknown>[];
const textRead = (answer: Message): unknown => items(answer, 'contents')[0]?.['text'];

async function opened(rig: RelayRig): Promise<LegacyAgent> {
  const agent = rig.legacy();
  await agent.open();
  return agent;
}

function refsOf(rig: RelayRig, server: string): DefinitionRef[] {
  const upstream = rig.gateway.snapshot().upstreams.find(({ name }) => name === server);
  return (upstream?.definitions ?? []).map(({ kind, name, digest }) => ({ server, kind, name, digest }));
}

describe('prompts of several servers', () => {
  it('are listed under names made as those of tools are, the rest as received, and found by them', async () => {
    await using rig = await startRelayRig({ one: stdioPeer(ONE), two: stdioPeer(TWO) });
    const agent = await opened(rig);
    const prompts = items(await agent.request('prompts/list'), 'prompts');
    assert.deepEqual(prompts[0], { name: 'one_greet', title: 'one: Greet', arguments: [{ name: 'who' }], 'x-unknown': 1 });
    assert.match(String(prompts[1]?.['name']), /^one_odd_name_[a-z2-7]{6}$/);
    assert.deepEqual(prompts.map(({ title }) => title), ['one: Greet', 'one: odd name', 'two: Greet', 'two: odd name']);
    const got = await agent.request('prompts/get', { name: prompts[3]?.['name'], arguments: { who: 'you' }, 'x-later': 1 });
    const [message] = items(got, 'messages');
    assert.deepEqual(JSON.parse((message?.['content'] as { text: string }).text), { name: 'odd name', arguments: { who: 'you' }, 'x-later': 1 });
    for (const name of ['greet', 'one:greet', 'three_greet', 7, undefined]) assert.equal((await agent.request('prompts/get', { name })).error?.code, -32602, String(name));
    assert.equal((await agent.request('prompts/list', { cursor: 'x' })).error?.code, -32602);
  });

  it('are completed by their own server, under the name that one knows', async () => {
    await using rig = await startRelayRig({ one: stdioPeer(ONE), two: stdioPeer(TWO), three: stdioPeer({ ...ONE, capabilities: { prompts: {}, tools: {} } }) });
    const agent = await opened(rig);
    const complete = async (ref: object): Promise<Message> => agent.request('completion/complete', { ref, argument: { name: 'who', value: 'a' }, context: { arguments: { x: '1' } } });
    const value = (answer: Message): unknown => JSON.parse((answer.result?.['completion'] as { values: string[] }).values[0] ?? '');
    assert.deepEqual(value(await complete({ type: 'ref/prompt', name: 'two_greet', title: 'kept' })), {
      argument: { name: 'who', value: 'a' },
      context: { arguments: { x: '1' } },
      ref: { type: 'ref/prompt', name: 'greet', title: 'kept' },
    });
    const wrapped = items(await agent.request('resources/templates/list'), 'resourceTemplates')[0]?.['uriTemplate'];
    assert.equal((value(await complete({ type: 'ref/resource', uri: wrapped })) as { ref: { uri: string } }).ref.uri, 'file:///{path}');
    assert.equal((value(await complete({ type: 'ref/resource', uri: 'two://{id}/data' })) as { ref: { uri: string } }).ref.uri, 'two://{id}/data');
    assert.deepEqual((await complete({ type: 'ref/prompt', name: 'three_greet' })).result, { completion: { values: [], total: 0, hasMore: false } }, 'that server completes nothing');
    for (const ref of [{ type: 'ref/prompt', name: 'greet' }, { type: 'ref/resource', uri: 'x://' }, { type: 'ref/other' }]) assert.equal((await complete(ref)).error?.code, -32602);
  });
});

describe('resources of several servers', () => {
  it('keep their URIs where only one server has them, and are wrapped everywhere where several do', async () => {
    await using rig = await startRelayRig({ one: stdioPeer(ONE), two: stdioPeer(TWO) });
    const agent = await opened(rig);
    const resources = items(await agent.request('resources/list'), 'resources');
    const wrapped = (slug: string): string => `mcpx://${slug}/${encodeURIComponent('file:///shared.txt')}`;
    assert.deepEqual(resources, [
      { uri: wrapped('one'), name: 'shared' },
      { uri: 'one://only', title: 'Lonely', 'x-unknown': 9, name: 'one://only' },
      { uri: wrapped('two'), name: 'shared' },
    ]);
    for (const server of ['one', 'two']) {
      const answer = await agent.request('resources/read', { uri: wrapped(server) });
      assert.deepEqual(items(answer, 'contents'), [{ uri: wrapped(server), text: `${server} has file:///shared.txt` }]);
    }
    assert.equal(textRead(await agent.request('resources/read', { uri: 'one://only' })), 'one has one://only');
    const result = {
      content: [
        { type: 'resource_link', uri: 'file:///shared.txt', name: 's' },
        { type: 'resource', resource: { uri: 'file:///shared.txt', text: 'file:///shared.txt' } },
        { type: 'text', text: '"uri":"file:///shared.txt"' },
      ],
      structuredContent: { uri: 'file:///shared.txt', big: 1 },
      _meta: { ui: { resourceUri: 'file:///shared.txt' }, other: { uri: 'file:///shared.txt' } },
    };
    const { result: seen } = await agent.request('tools/call', { name: 'two_answer', arguments: { result } });
    assert.deepEqual(seen, {
      ...result,
      content: [{ ...result.content[0], uri: wrapped('two') }, { type: 'resource', resource: { uri: wrapped('two'), text: 'file:///shared.txt' } }, result.content[2]],
      _meta: { ui: { resourceUri: wrapped('two') }, other: { uri: 'file:///shared.txt' } },
    });
    const echoed = (await agent.call('two_echo', { of: wrapped('two'), other: wrapped('one'), text: `see ${wrapped('two')}` })) as { arguments: unknown };
    assert.deepEqual(echoed.arguments, { of: 'file:///shared.txt', other: wrapped('one'), text: `see ${wrapped('two')}` });
  });

  it('are read by template, and by what a result mentioned, and not found otherwise', async () => {
    await using rig = await startRelayRig({ one: stdioPeer(ONE), two: stdioPeer(TWO) });
    const [agent, other] = [await opened(rig), await opened(rig)];
    const read = async (who: LegacyAgent, uri: string): Promise<Message> => who.request('resources/read', { uri });
    assert.equal(textRead(await read(agent, 'two://7/data')), 'two has two://7/data');
    const templates = items(await agent.request('resources/templates/list'), 'resourceTemplates').map(({ uriTemplate }) => String(uriTemplate));
    assert.deepEqual(templates, [`mcpx://one/${encodeURIComponent('file:///')}{path}`, `mcpx://two/${encodeURIComponent('file:///')}{path}`, 'two://{id}/data']);
    // What the agent fills in is as RFC 6570 encodes it, and reaches the server so.
    const expanded = templates[1]?.replace('{path}', 'a%20b%2Fc') ?? '';
    assert.equal(textRead(await read(agent, expanded)), 'two has file:///a%20b%2Fc');
    assert.deepEqual((await read(agent, 'new://thing')).error, { code: -32002, message: 'Resource not found', data: { uri: 'new://thing' } });
    await agent.request('tools/call', { name: 'one_answer', arguments: { result: { content: [{ type: 'resource_link', uri: 'new://thing', name: 'n' }] } } });
    assert.equal(textRead(await read(agent, 'new://thing')), 'one has new://thing');
    assert.equal((await read(other, 'new://thing')).error?.code, -32002, 'only the agent that saw it may ask for it');
    assert.deepEqual((await read(agent, 'two://missing/data')).error, { code: -32002, message: 'no such thing' });
    for (const uri of ['mcpx://three/x', 'mcpx://one/%E0%A4%A', 'ui://one/x']) assert.equal((await read(agent, uri)).error?.code, -32002, uri);
    assert.equal((await agent.request('resources/read', {})).error?.code, -32602);
  });

  it('are watched by who subscribes, until they unsubscribe, under the URI they know', async () => {
    await using rig = await startRelayRig({ one: stdioPeer(ONE), two: stdioPeer(TWO) });
    const [agent, other] = [await opened(rig), await opened(rig)];
    for (const one of [agent, other]) await one.listen();
    const uri = `mcpx://one/${encodeURIComponent('file:///shared.txt')}`;
    assert.deepEqual((await agent.request('resources/subscribe', { uri })).result, {});
    assert.equal((await agent.request('resources/subscribe', { uri: 'x://y' })).error?.code, -32002);
    const updated = { messages: [{ method: 'notifications/resources/updated', params: { uri: 'file:///shared.txt', 'x-unknown': 1 } }] };
    const updates = (one: LegacyAgent): unknown[] => one.heard.filter(({ method }) => method === 'notifications/resources/updated').map(({ params }) => params);
    await other.call('one_notify', updated);
    await agent.call('one_notify', updated);
    await agent.hears(({ method }) => method === 'notifications/resources/updated');
    assert.deepEqual([updates(agent), updates(other)], [[{ uri, 'x-unknown': 1 }], []]);
    assert.deepEqual((await agent.request('resources/unsubscribe', { uri })).result, {});
    await agent.call('one_notify', updated);
    const said = ((await agent.call('one_said')) as PeerMessage[]).filter(({ method }) => method?.startsWith('resources/') === true && method.endsWith('subscribe'));
    assert.deepEqual(said.map(({ method, params }) => [method, params?.uri]), [['resources/subscribe', 'file:///shared.txt'], ['resources/unsubscribe', 'file:///shared.txt']]);
    assert.equal(updates(agent).length, 1);
  });

  it('stay watched when the server begins a new session', async () => {
    await using peer = await startHttpPeer(ONE);
    await using rig = await startRelayRig({ one: { url: peer.url } });
    const agent = await opened(rig);
    await agent.listen();
    await agent.request('logging/setLevel', { level: 'error' });
    await agent.request('resources/subscribe', { uri: 'one://only' });
    peer.forget();
    // What did not reach the server is sent again where that is safe.
    assert.equal(textRead(await agent.request('resources/read', { uri: 'one://only' })), 'one has one://only');
    const said = (await agent.call('one_said')) as PeerMessage[];
    assert.deepEqual(said.filter(({ method }) => method === 'resources/subscribe' || method === 'logging/setLevel').map(({ params }) => params), [{ uri: 'one://only' }, { level: 'error' }]);
    await agent.call('one_notifyAside', { messages: [{ method: 'notifications/resources/updated', params: { uri: 'one://only' } }] });
    assert.deepEqual((await agent.hears(({ method }) => method === 'notifications/resources/updated')).params, { uri: 'one://only' });
  });
});

describe('what awaits approval', () => {
  it('is nowhere: not listed, read, got, completed, subscribed to, nor in the instructions', async () => {
    await using rig = await startRelayRig({ one: stdioPeer({ ...ONE, instructions: 'SECRET text' }) }, { approveAll: false });
    const { launch } = rig.gateway.snapshot().upstreams[0] ?? assert.fail();
    await rig.gateway.approveLaunch('one', launch.fingerprint);
    await rig.until(() => refsOf(rig, 'one').length > 0);
    assert.deepEqual(refsOf(rig, 'one').map(({ kind, name }) => `${kind} ${name}`), ['resources ', 'template file:///{path}', 'prompt greet', 'prompt odd name']);
    const agent = rig.legacy();
    const answers: Message[] = [await agent.open()];
    for (const [method, params] of [
      ['tools/list'],
      ['prompts/list'],
      ['resources/list'],
      ['resources/templates/list'],
      ['prompts/get', { name: 'one_greet' }],
      ['resources/read', { uri: 'one://only' }],
      ['resources/read', { uri: 'file:///x' }],
      ['resources/subscribe', { uri: 'one://only' }],
      ['completion/complete', { ref: { type: 'ref/prompt', name: 'one_greet' }, argument: { name: 'who', value: '' } }],
      ['completion/complete', { ref: { type: 'ref/resource', uri: 'file:///{path}' }, argument: { name: 'path', value: '' } }],
    ] as const) {
      answers.push(await agent.request(method, params));
    }
    const all = JSON.stringify(answers);
    for (const word of ['SECRET', 'Greet', 'shared', 'Lonely', 'files']) assert.ok(!all.includes(word), word);
    assert.deepEqual(answers.slice(5).map(({ error }) => error?.code), [-32602, -32002, -32002, -32002, -32602, -32602]);
  });

  it('is served once approved, each kind by itself, and held again when it changes', async () => {
    await using rig = await startRelayRig({ one: stdioPeer(ONE) }, { approveAll: false });
    const { launch } = rig.gateway.snapshot().upstreams[0] ?? assert.fail();
    await rig.gateway.approveLaunch('one', launch.fingerprint);
    await rig.until(() => refsOf(rig, 'one').length > 0);
    const agent = await opened(rig);
    const [resources, template, greet] = refsOf(rig, 'one');
    assert.ok(resources && template && greet);
    await rig.gateway.approve([template]);
    assert.equal(textRead(await agent.request('resources/read', { uri: 'file:///x' })), 'one has file:///x');
    assert.equal((await agent.request('resources/read', { uri: 'one://only' })).error?.code, -32002);
    await rig.gateway.approve([resources, greet]);
    assert.equal(textRead(await agent.request('resources/read', { uri: 'one://only' })), 'one has one://only');
    assert.deepEqual(items(await agent.request('prompts/list'), 'prompts').map(({ name }) => name), ['one_greet']);
    await rig.gateway.block([greet]);
    assert.equal((await agent.request('prompts/get', { name: 'one_greet' })).error?.code, -32602);
    await rig.gateway.forget([resources]);
    assert.deepEqual(items(await agent.request('resources/list'), 'resources'), []);
    await assert.rejects(rig.gateway.approve([{ ...greet, digest: 'sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=' }]), /changed after it was shown/);
  });

  it('tells those who then see something else, and only those', async () => {
    await using rig = await startRelayRig({ one: stdioPeer(ONE), two: stdioPeer(TWO) });
    const agent = await opened(rig);
    await agent.listen();
    await agent.call('two_said');
    const since = agent.heard.length;
    await agent.call('one_add', { to: 'resources', what: { uri: 'one://new', name: 'new' } });
    await agent.hears(({ method }) => method === 'notifications/resources/list_changed', since);
    assert.ok(items(await agent.request('resources/list'), 'resources').some(({ uri }) => uri === 'one://new'));
    const before = agent.heard.length;
    await agent.call('one_add', { to: 'prompts', what: { name: 'new' } });
    await rig.until(() => refsOf(rig, 'one').some(({ name }) => name === 'new'));
    assert.equal(agent.heard.length, before, 'a prompt that awaits approval changes nothing for an agent');
    await rig.gateway.approve(refsOf(rig, 'one').filter(({ name }) => name === 'new'));
    await agent.hears(({ method }) => method === 'notifications/prompts/list_changed', before);
    assert.ok(items(await agent.request('prompts/list'), 'prompts').some(({ name }) => name === 'one_new'));
  });
});

describe('instructions', () => {
  it('of approved servers follow our own, under their configured names', async () => {
    await using rig = await startRelayRig({ one: stdioPeer(ONE), two: stdioPeer({ ...TWO, instructions: 'ü'.repeat(3_000) }) });
    const agent = await opened(rig);
    await agent.call('one_said');
    const [, ...blocks] = String((await rig.legacy().open()).result?.['instructions']).split(/\n\n(?=## )/);
    assert.deepEqual(blocks[0], '## one\nBe nice to me.');
    assert.match(blocks[1] ?? '', /^## two\nü+\n…$/);
    assert.ok(Buffer.byteLength(blocks[1] ?? '') <= 2_048);
  });
});

describe('capabilities', () => {
  it('are the same for every session, extensions as far as servers declare them', async () => {
    const ui = { mimeTypes: ['text/html;profile=mcp-app'] };
    await using rig = await startRelayRig({
      one: stdioPeer({ ...ONE, capabilities: { tools: {}, tasks: { list: {} }, extensions: { 'io.modelcontextprotocol/ui': ui, 'com.example/own': {} } } }),
    });
    await (await opened(rig)).request('tools/list');
    const always = { tools: { listChanged: true }, prompts: { listChanged: true }, resources: { subscribe: true, listChanged: true }, completions: {}, logging: {} };
    const extensions = { 'io.modelcontextprotocol/ui': ui };
    const legacy = await rig.legacy().open();
    assert.deepEqual(legacy.result?.['capabilities'], { ...always, extensions });
    const modern = await rig.modern().request('server/discover');
    assert.deepEqual(modern.result?.['capabilities'], { ...always, extensions });
  });
});

describe('a paused server', () => {
  const codeOf = ({ error }: Message): unknown => (error?.data?.['vestibule/error'] as { code?: string } | undefined)?.code;

  it('answers nothing until it is resumed', async () => {
    await using rig = await startRelayRig({ one: stdioPeer(ONE), two: stdioPeer(TWO) });
    const agent = await opened(rig);
    await rig.gateway.pause({ server: 'one' }, { cancel: false });
    for (const [method, params] of [
      ['prompts/get', { name: 'one_greet' }],
      ['resources/read', { uri: 'one://only' }],
      ['resources/subscribe', { uri: 'one://only' }],
      ['completion/complete', { ref: { type: 'ref/prompt', name: 'one_greet' }, argument: { name: 'who', value: '' } }],
    ] as const) {
      assert.equal(codeOf(await agent.request(method, params)), 'paused', method);
    }
    assert.equal((await agent.request('prompts/get', { name: 'two_greet' })).error, undefined, 'other servers are not');
    await rig.gateway.resume({ server: 'one' });
    assert.equal(textRead(await agent.request('resources/read', { uri: 'one://only' })), 'one has one://only');
  });

  it('drops what agents had under way there, where the person says so', async () => {
    await using peer = await startHttpPeer({ ...ONE, holdsReads: true });
    await using rig = await startRelayRig({ one: { url: peer.url } });
    const agent = await opened(rig);
    const heard = peer.hears('resources/read');
    const reading = agent.request('resources/read', { uri: 'one://only' });
    await heard;
    await rig.gateway.pause({ server: 'one' }, { cancel: true });
    assert.equal(codeOf(await reading), 'paused');
  });
});
