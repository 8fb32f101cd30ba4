/* Many sessions call at once: what a server asks in the course of a call reaches the session whose call it is, and no other. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LegacyAgent, Message } from '../fixtures/relay/agents.ts';
import { startHttpPeer } from '../fixtures/relay/http-peer.ts';
import { startRelayRig, stdioPeer, type RelayRig } from '../fixtures/relay/rig.ts';

const EVERYTHING = { roots: {}, sampling: {}, elicitation: { form: {} } };
const SESSIONS = 10;
const CALLS = 4;

/** A question that says which call of which session it belongs to. */
const question = (mark: string): object => ({ method: 'sampling/createMessage', params: { messages: [], maxTokens: 1, metadata: { mark } } });
const markOf = (params: Message['params']): unknown => (params?.['metadata'] as { mark?: unknown } | undefined)?.mark;

/** Sessions that answer with their own number and the mark they were asked with. */
async function sessions(rig: RelayRig, listening: boolean): Promise<LegacyAgent[]> {
  const agents = Array.from({ length: SESSIONS }, () => rig.legacy({ capabilities: EVERYTHING }));
  await Promise.all(
    agents.map(async (agent, i) => {
      await agent.open();
      if (listening) await agent.listen();
      agent.answering = (_method, params) => ({ by: i, mark: markOf(params) });
    }),
  );
  return agents;
}

/** A rig with one peer named `peer`. */
async function start(transport: 'stdio' | 'http', entry: object = {}): Promise<AsyncDisposable & { readonly rig: RelayRig }> {
  const http = transport === 'http' ? await startHttpPeer() : undefined;
  const rig = await startRelayRig({ peer: { ...(http === undefined ? stdioPeer() : { url: http.url }), ...entry } });
  return {
    rig,
    async [Symbol.asyncDispose]() {
      await rig[Symbol.asyncDispose]();
      await http?.[Symbol.asyncDispose]();
    },
  };
}

/** Lets every session make its calls, all at the same time, and returns what each call brought. */
const callAtOnce = (agents: readonly LegacyAgent[], calls: number, tool = 'peer_ask'): Promise<unknown[][]> =>
  Promise.all(agents.map((agent, i) => Promise.all(Array.from({ length: calls }, (_, n) => agent.call(tool, question(`${i}.${n}`))))));

describe('questions while many sessions call at once', { timeout: 180_000 }, () => {
  it('reach the very call they belong to, over Streamable HTTP', async () => {
    await using started = await start('http');
    const agents = await sessions(started.rig, true);
    const answers = await callAtOnce(agents, CALLS);
    for (const [i, agent] of agents.entries()) {
      const marks = Array.from({ length: CALLS }, (_, n) => `${i}.${n}`);
      assert.deepEqual(answers[i], marks.map((mark) => ({ result: { by: i, mark } })));
      assert.deepEqual(agent.asked.map(({ params }) => markOf(params)).sort(), marks, 'asked about its own calls only');
      // A call is the only one with its id, and each was asked on its own stream.
      assert.equal(new Set(agent.asked.map(({ on }) => on)).size, CALLS);
      assert.ok(agent.asked.every(({ on }) => on !== 'get'));
    }
  });

  it('are not lost when the first call comes before the stream that belongs to no call is open', async () => {
    await using http = await startHttpPeer({ listensAfterMs: 300 });
    await using rig = await startRelayRig({ peer: { url: http.url } });
    const agent = rig.legacy({ capabilities: EVERYTHING });
    await agent.open();
    agent.answering = (_method, params) => ({ mark: markOf(params) });
    // A server drops what it asks while nobody listens, and waits for the answer all the same.
    assert.deepEqual(await agent.call('peer_askAside', question('early')), { result: { mark: 'early' } });
  });

  it('reach the session they belong to, over stdio: its call while there is one, else its own stream', async () => {
    await using started = await start('stdio');
    const agents = await sessions(started.rig, true);
    const single = await callAtOnce(agents, 1);
    for (const [i, agent] of agents.entries()) {
      assert.deepEqual(single[i], [{ result: { by: i, mark: `${i}.0` } }]);
      assert.deepEqual(agent.asked.map(({ params, on }) => [markOf(params), on]), [[`${i}.0`, 2]]);
    }
    const several = await callAtOnce(agents, CALLS);
    for (const [i, agent] of agents.entries()) {
      assert.deepEqual(several[i], Array.from({ length: CALLS }, (_, n) => ({ result: { by: i, mark: `${i}.${n}` } })));
      assert.ok(agent.asked.every(({ params }) => String(markOf(params)).startsWith(`${i}.`)), 'asked about its own calls only');
    }
  });

  it('are refused over stdio when nobody can tell whose they are', async () => {
    await using started = await start('stdio');
    const agents = await sessions(started.rig, false);
    const held = agents.map((agent) => agent.request('tools/call', { name: 'peer_askAndHold', arguments: question('first') }).catch(() => undefined));
    await Promise.all(agents.map((agent) => agent.hears(({ method }) => method === 'notifications/message')));
    // Two calls of each session are under way from here on, and it has no stream of its own: either might be the cause.
    const answers = await callAtOnce(agents, 1);
    for (const [i, agent] of agents.entries()) {
      assert.equal((answers[i]?.[0] as Message).error?.code, -32603, JSON.stringify(answers[i]));
      assert.deepEqual(agent.asked.map(({ params }) => markOf(params)), ['first']);
      await agent.close();
    }
    await Promise.all(held);
  });

  for (const transport of ['stdio', 'http'] as const) {
    it(`reach nobody where one connection serves all (${transport})`, async () => {
      await using started = await start(transport, { shared: true });
      const agents = await sessions(started.rig, true);
      for (const tool of ['peer_ask', 'peer_askAside']) {
        const answers = await callAtOnce(agents, 2, tool);
        for (const answer of answers.flat()) assert.equal((answer as Message).error?.code, -32601, JSON.stringify(answer));
      }
      assert.deepEqual(agents.flatMap(({ asked }) => asked), []);
    });

    it(`reach the modern agent they belong to (${transport})`, async () => {
      await using started = await start(transport);
      const agents = Array.from({ length: SESSIONS }, (_, i) => started.rig.modern({ capabilities: EVERYTHING, clientInfo: { name: `agent-${i}`, version: '1' } }));
      await Promise.all(
        agents.map(async (agent, i) => {
          const params = { name: 'peer_ask', arguments: question(String(i)) };
          const { result } = await agent.request('tools/call', params);
          const [[key, asked] = assert.fail(JSON.stringify(result)), ...more] = Object.entries((result?.['inputRequests'] ?? {}) as Record<string, { params: Message['params'] }>);
          assert.deepEqual([markOf(asked.params), more], [String(i), []]);
          const answer = { role: 'assistant', model: 'm', content: { type: 'text', text: String(i) } };
          assert.deepEqual(await agent.call('peer_ask', params.arguments, { requestState: result?.['requestState'], inputResponses: { [key]: answer } }), { result: answer });
        }),
      );
    });
  }
});
