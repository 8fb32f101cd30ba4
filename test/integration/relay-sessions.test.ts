/* Each agent and its own upstream connections: what they declare, what comes back by them, and to whom. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RpcError, type LegacyAgent, type Message } from '../fixtures/relay/agents.ts';
import { startHttpPeer } from '../fixtures/relay/http-peer.ts';
import type { PeerMessage } from '../fixtures/relay/peer.ts';
import { startRelayRig, stdioPeer } from '../fixtures/relay/rig.ts';

const EVERYTHING = { roots: { listChanged: true }, sampling: {}, elicitation: { form: {}, url: {} } };

const saidTo = async (agent: LegacyAgent): Promise<PeerMessage[]> => (await agent.call('peer_said')) as PeerMessage[];

describe('a session of its own', () => {
  it('declares what the agent declared, to the letter', async () => {
    await using rig = await startRelayRig({ peer: stdioPeer() });
    const identity = { capabilities: { ...EVERYTHING, 'x-unknown': { deep: [1] } }, clientInfo: { name: 'a', version: '2', title: 'Ä', icons: [{ src: 'data:,' }] }, protocolVersion: '2025-06-18' };
    const [one, two] = [rig.legacy(identity), rig.legacy()];
    await Promise.all([one.open(), two.open()]);
    const [said] = await saidTo(one);
    assert.deepEqual(said?.params, identity);
    const [other] = await saidTo(two);
    assert.deepEqual(other?.params, { capabilities: {}, clientInfo: { name: 'legacy-agent', version: '1' }, protocolVersion: '2025-11-25' });
  });

  it('ends with the agent, also at the server', async () => {
    await using peer = await startHttpPeer();
    await using rig = await startRelayRig({ peer: { url: peer.url } });
    const agent = rig.legacy();
    await agent.open();
    await agent.call('peer_said');
    await rig.until(() => peer.sessions.size === 1);
    await agent.close();
    assert.ok(peer.seen.some(({ method }) => method === 'DELETE'));
    const another = rig.legacy();
    await another.open();
    await another.call('peer_said');
    assert.equal(peer.sessions.size, 1);
  });

  it('passes what a request holds beyond what is known, and replaces tokens of progress', async () => {
    await using rig = await startRelayRig({ peer: stdioPeer() });
    const agent = rig.legacy();
    await agent.open();
    const sent = { 'x-later': { a: 1 }, task: { ttl: 5 }, _meta: { progressToken: 0, traceparent: '00-1', 'io.modelcontextprotocol/related-task': { taskId: 'x' } } };
    const received = (await agent.call('peer_echo', { n: 1 }, sent)) as Record<string, unknown>;
    const { progressToken, ...meta } = received['_meta'] as Record<string, unknown>;
    assert.notEqual(progressToken, 0);
    assert.deepEqual({ ...received, _meta: meta }, { name: 'echo', arguments: { n: 1 }, 'x-later': { a: 1 }, task: { ttl: 5 }, _meta: { traceparent: '00-1', 'io.modelcontextprotocol/related-task': { taskId: 'x' } } });
    assert.equal(await agent.call('peer_progress', { steps: 3 }, { _meta: { progressToken: 'mine' } }), 'done');
    assert.deepEqual(agent.heard.map(({ params }) => params), [1, 2, 3].map((progress) => ({ progressToken: 'mine', progress })));
  });

  it('may be shown a tool that others are not, which nobody loses to another', async () => {
    await using rig = await startRelayRig({ peer: stdioPeer({ toolForSampling: 'sampler' }) });
    const [plain, samples] = [rig.legacy(), rig.legacy({ capabilities: EVERYTHING })];
    await Promise.all([plain.open(), samples.open()]);
    await samples.call('peer_said');
    const { upstreams } = rig.gateway.snapshot();
    const sampler = upstreams[0]?.tools.find(({ name }) => name === 'sampler');
    assert.ok(sampler, 'it came by the listing of the session that samples');
    await rig.gateway.approve([{ server: 'peer', kind: 'tool', name: 'sampler', digest: sampler.digest }]);
    assert.ok((await samples.call('peer_sampler')) !== undefined);
    await plain.call('peer_said');
    assert.ok((await samples.call('peer_sampler')) !== undefined, "the other session's listing does not take it away");
    const refused = await plain.request('tools/call', { name: 'peer_sampler', arguments: {} });
    assert.deepEqual((refused.result?.['_meta'] as { 'vestibule/error': { code: string } })['vestibule/error'].code, 'upstream_unavailable');
  });
});

for (const transport of ['stdio', 'http'] as const) {
  describe(`what a server asks, over ${transport}`, () => {
    /** A rig with one peer named `peer`. */
    async function start(): Promise<AsyncDisposable & { readonly rig: Awaited<ReturnType<typeof startRelayRig>> }> {
      const http = transport === 'http' ? await startHttpPeer() : undefined;
      const rig = await startRelayRig({ peer: http === undefined ? stdioPeer() : { url: http.url } });
      return {
        rig,
        async [Symbol.asyncDispose]() {
          await rig[Symbol.asyncDispose]();
          await http?.[Symbol.asyncDispose]();
        },
      };
    }

    it('reaches the agent that called, on the stream of its call, and nobody else', async () => {
      await using started = await start();
      const { rig } = started;
      const [one, two] = [rig.legacy({ capabilities: EVERYTHING }), rig.legacy({ capabilities: EVERYTHING })];
      for (const agent of [one, two]) {
        await agent.open();
        await agent.listen();
        agent.answering = (method, params) => ({ by: agent === one ? 'one' : 'two', method, params });
      }
      const params = { messages: [{ role: 'user', content: { type: 'text', text: 'hi' } }], maxTokens: 3, 'x-unknown': [1] };
      const [first, second] = await Promise.all([one, two].map((agent) => agent.call('peer_ask', { method: 'sampling/createMessage', params })));
      assert.deepEqual(first, { result: { by: 'one', method: 'sampling/createMessage', params } });
      assert.deepEqual(second, { result: { by: 'two', method: 'sampling/createMessage', params } });
      for (const agent of [one, two]) assert.deepEqual(agent.asked.map(({ on }) => on), [2], 'on the stream of its call alone');
      assert.deepEqual(await one.call('peer_ask', { method: 'roots/list' }), { result: { by: 'one', method: 'roots/list' } });
    });

    it('goes to the stream of the session when it belongs to no call', async () => {
      await using started = await start();
      const agent = started.rig.legacy({ capabilities: EVERYTHING });
      await agent.open();
      await agent.listen();
      agent.answering = () => ({ roots: [] });
      assert.deepEqual(await agent.call('peer_askAside', { method: 'roots/list' }), { result: { roots: [] } });
      // One stream carries everything over stdio: there the only call under way is its cause.
      assert.deepEqual(agent.asked.map(({ on }) => on), [transport === 'http' ? 'get' : 2]);
    });

    it('finds the only call under way where the agent opened no stream', async () => {
      await using started = await start();
      const agent = started.rig.legacy({ capabilities: EVERYTHING });
      await agent.open();
      agent.answering = () => ({ roots: [] });
      assert.deepEqual(await agent.call('peer_askAside', { method: 'roots/list' }), { result: { roots: [] } });
    });

    it('is refused unless the agent declared it, and errors pass as they are', async () => {
      await using started = await start();
      const agent = started.rig.legacy({ capabilities: { elicitation: {} } });
      await agent.open();
      for (const method of ['sampling/createMessage', 'roots/list', 'tasks/list', 'vendor/other']) {
        assert.deepEqual(await agent.call('peer_ask', { method }), { error: { code: -32601, message: 'Method not found' } }, method);
      }
      agent.answering = () => {
        throw new RpcError(-1, 'no', { why: 1 });
      };
      assert.deepEqual(await agent.call('peer_ask', { method: 'elicitation/create', params: { message: 'x', requestedSchema: {} } }), { error: { code: -1, message: 'no', data: { why: 1 } } });
      assert.deepEqual(agent.heard.length, 1);
    });

    it('names the server to the person, and sends nobody to a URL that is not safe', async () => {
      await using started = await start();
      const agent = started.rig.legacy({ capabilities: EVERYTHING });
      await agent.open();
      agent.answering = (_method, params) => params;
      const asked = async (params: object): Promise<unknown> => agent.call('peer_ask', { method: 'elicitation/create', params });
      assert.deepEqual(await asked({ message: 'Who?', requestedSchema: { type: 'object', properties: {} } }), { result: { message: 'peer: Who?', requestedSchema: { type: 'object', properties: {} } } });
      const open = { mode: 'url', message: 'Go', elicitationId: '1' };
      for (const url of ['https://example.com/x?y', 'http://127.0.0.1:8080/', 'http://localhost/']) assert.deepEqual(await asked({ ...open, url }), { result: { ...open, url, message: 'peer: Go' } });
      for (const url of ['javascript:alert(1)', 'http://example.com/', 'file:///etc/passwd', 'vscode://x', 'not a url', 7]) {
        assert.equal(((await asked({ ...open, url })) as Message).error?.code, -32602, String(url));
      }
    });
  });
}

describe('a shared server', () => {
  it('can ask nobody, is told of no capabilities, and is one process for all', async () => {
    await using rig = await startRelayRig({ peer: { ...stdioPeer(), shared: true } });
    const [one, two] = [rig.legacy({ capabilities: EVERYTHING }), rig.legacy({ capabilities: EVERYTHING })];
    for (const agent of [one, two]) {
      await agent.open();
      await agent.listen();
    }
    assert.deepEqual(await one.call('peer_ask', { method: 'roots/list' }), { error: { code: -32601, message: 'Method not found' } });
    await two.call('peer_notifyAside', { messages: [{ method: 'notifications/message', params: { level: 'info', data: 'x' } }] });
    const said = await saidTo(one);
    assert.deepEqual(said.filter(({ method }) => method === 'initialize').map(({ params }) => params?.capabilities), [{}]);
    assert.equal((await saidTo(two)).length, said.length);
  });
});

describe('logging', () => {
  it('follows the level of each session, at connections there are and at those to come', async () => {
    await using rig = await startRelayRig({ peer: stdioPeer(), other: stdioPeer() });
    const [quiet, loud] = [rig.legacy(), rig.legacy()];
    await Promise.all([quiet.open(), loud.open()]);
    await loud.call('peer_said');
    assert.deepEqual((await loud.request('logging/setLevel', { level: 'debug' })).result, {});
    assert.equal((await loud.request('logging/setLevel', { level: 'shout' })).error?.code, -32602);
    const levels = async (agent: LegacyAgent, server: string): Promise<unknown[]> =>
      ((await agent.call(`${server}_said`)) as PeerMessage[]).filter(({ method }) => method === 'logging/setLevel').map(({ params }) => params?.['level']);
    assert.deepEqual(await levels(loud, 'peer'), ['debug']);
    assert.deepEqual(await levels(loud, 'other'), ['debug']);
    assert.deepEqual(await levels(quiet, 'peer'), []);
  });

  it('says which server a message is of, on the stream of its call', async () => {
    await using rig = await startRelayRig({ peer: stdioPeer() });
    const agent = rig.legacy();
    await agent.open();
    const message = (params: object): object => ({ method: 'notifications/message', params });
    await agent.call('peer_notify', { messages: [message({ level: 'info', logger: 'db', data: { n: 1 } }), message({ level: 'info', data: 'x' }), { method: 'notifications/vendor/secret', params: {} }] });
    assert.deepEqual(
      agent.heard.map(({ method, params, on }) => ({ method, params, on })),
      [
        { method: 'notifications/message', params: { level: 'info', logger: 'peer/db', data: { n: 1 } }, on: 2 },
        { method: 'notifications/message', params: { level: 'info', data: 'x', logger: 'peer' }, on: 2 },
      ],
    );
  });
});

describe('what an agent says of its own', () => {
  it('changed roots go to its own connections', async () => {
    await using rig = await startRelayRig({ peer: stdioPeer() });
    const [one, two] = [rig.legacy({ capabilities: EVERYTHING }), rig.legacy({ capabilities: EVERYTHING })];
    for (const agent of [one, two]) {
      await agent.open();
      await agent.call('peer_said');
    }
    await one.notify('notifications/roots/list_changed');
    const heard = async (agent: LegacyAgent): Promise<number> => (await saidTo(agent)).filter(({ method }) => method === 'notifications/roots/list_changed').length;
    assert.deepEqual([await heard(one), await heard(two)], [1, 0]);
  });

  it('progress goes to the server that asked, under its own token', async () => {
    await using rig = await startRelayRig({ peer: stdioPeer(), other: stdioPeer() });
    const agent = rig.legacy({ capabilities: EVERYTHING });
    await agent.open();
    await agent.call('other_said');
    agent.answering = async (_method, params) => {
      const { progressToken } = params?.['_meta'] as { progressToken: unknown };
      await agent.notify('notifications/progress', { progressToken, progress: 1 });
      await agent.notify('notifications/progress', { progressToken: 'guess', progress: 2 });
      return {};
    };
    await agent.call('peer_ask', { method: 'sampling/createMessage', params: { messages: [], maxTokens: 1, _meta: { progressToken: 'theirs' } } });
    const progress = (await saidTo(agent)).filter(({ method }) => method === 'notifications/progress').map(({ params }) => params);
    assert.deepEqual(progress, [{ progressToken: 'theirs', progress: 1 }]);
    assert.ok(!JSON.stringify(await agent.call('other_said')).includes('progress'));
  });

  it('answers what a server asks right after the handshake', async () => {
    await using rig = await startRelayRig({ peer: stdioPeer({ asksAtOnce: true }) });
    const agent = rig.legacy({ capabilities: EVERYTHING });
    await agent.open();
    agent.answering = () => ({ roots: [{ uri: 'file:///here' }] });
    await agent.call('peer_said');
    assert.ok(agent.heard.some(({ method }) => method === 'roots/list'));
  });
});
