/* Legacy agents in front of servers that know only the modern era: what these ask by answers is asked by requests. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RpcError, valueOf, type LegacyAgent, type Message } from '../fixtures/relay/agents.ts';
import { startModernPeer, type ModernPeer } from '../fixtures/relay/modern-peer.ts';
import { startRelayRig, type RelayRig } from '../fixtures/relay/rig.ts';

const EVERYTHING = { roots: { listChanged: true }, sampling: {}, elicitation: { form: {}, url: {} } };
const form = (message: string): object => ({ method: 'elicitation/create', params: { message, requestedSchema: { type: 'object', properties: {} } } });
const ROOTS = { method: 'roots/list' };
const SAMPLE = { method: 'sampling/createMessage', params: { messages: [{ role: 'user', content: { type: 'text', text: 'hi' } }], maxTokens: 3, 'x-unknown': 9 } };
const MESSAGE = { role: 'assistant', model: 'm', content: { type: 'text', text: 'ho' } };

interface Started extends AsyncDisposable {
  readonly peer: ModernPeer;
  readonly rig: RelayRig;
  readonly agent: LegacyAgent;
}

async function start(capabilities: object = EVERYTHING): Promise<Started> {
  const peer = await startModernPeer();
  const rig = await startRelayRig({ peer: { url: peer.url } });
  const agent = rig.legacy({ capabilities });
  await agent.open();
  agent.answering = (method) => ({ 'elicitation/create': { action: 'accept', content: { name: 'Ada' } }, 'roots/list': { roots: [{ uri: 'file:///here' }] }, 'sampling/createMessage': MESSAGE })[method];
  return {
    peer,
    rig,
    agent,
    async [Symbol.asyncDispose]() {
      await rig[Symbol.asyncDispose]();
      await peer[Symbol.asyncDispose]();
    },
  };
}

const callsOf = ({ seen }: ModernPeer): ModernPeer['seen'] => seen.filter(({ method }) => method === 'tools/call');

describe('a modern server asks a legacy agent', { timeout: 120_000 }, () => {
  it('by requests on the stream of its call, and is called again with the answers and the very state', async () => {
    await using started = await start();
    const { peer, rig, agent } = started;
    const recorded = rig.recorded(2);
    await agent.listen();
    const received = (await agent.call('peer_ask', { rounds: [{ who: form('Who?'), where: ROOTS, what: SAMPLE }, {}, { again: form('Sure?') }] })) as Record<string, unknown>;
    assert.deepEqual(received['inputResponses'], { again: { action: 'accept', content: { name: 'Ada' } } });
    const [first, second, third, fourth] = callsOf(peer);
    assert.equal('requestState' in (first?.params ?? {}), false);
    assert.deepEqual(second?.params['inputResponses'], { who: { action: 'accept', content: { name: 'Ada' } }, where: { roots: [{ uri: 'file:///here' }] }, what: MESSAGE });
    assert.deepEqual([second.params['requestState'], third?.params['requestState'], fourth?.params['requestState']], ['é"state\\ 1', 'é"state\\ 2', 'é"state\\ 3']);
    assert.equal('inputResponses' in (third?.params ?? {}), false, 'nothing was asked in that round');
    assert.deepEqual(fourth?.params['arguments'], third?.params['arguments']);
    assert.equal(new Set(callsOf(peer).map(({ id }) => id)).size, 4);
    assert.deepEqual(new Set(agent.asked.map(({ on }) => on)), new Set([2]), 'on the stream of its call alone');
    assert.deepEqual(agent.asked.map(({ method, params }) => ({ method, ...(params && { params }) })), [{ ...form('Who?'), params: { ...(form('Who?') as { params: object }).params, message: 'peer: Who?' } }, ROOTS, SAMPLE, { ...form('Sure?'), params: { ...(form('Sure?') as { params: object }).params, message: 'peer: Sure?' } }]);
    await agent.call('peer_echo');
    assert.deepEqual(await recorded, ['ask ok', 'echo ok']);
  });

  it('declares to it what the agent declared', async () => {
    await using started = await start({ roots: {}, 'x-unknown': { deep: 1 } });
    const received = (await started.agent.call('peer_echo')) as { _meta: Record<string, unknown> };
    assert.deepEqual(received._meta['io.modelcontextprotocol/clientCapabilities'], { roots: {}, 'x-unknown': { deep: 1 } });
    assert.deepEqual(received._meta['io.modelcontextprotocol/clientInfo'], { name: 'legacy-agent', version: '1' });
  });

  it('brings no state back where there is none', async () => {
    await using started = await start();
    const received = (await started.agent.call('peer_ask', { stateless: true, rounds: [{ who: form('Who?') }] })) as Record<string, unknown>;
    assert.deepEqual([received['inputResponses'], 'requestState' in received], [{ who: { action: 'accept', content: { name: 'Ada' } } }, false]);
  });

  it('gives URLs the id that era has, and says when they are done with', async () => {
    await using started = await start();
    const { agent } = started;
    await agent.call('peer_ask', { rounds: [{ url: { method: 'elicitation/create', params: { mode: 'url', url: 'https://example.com/', message: 'Go' } } }] });
    const { elicitationId, ...params } = agent.asked[0]?.params ?? {};
    assert.deepEqual(params, { mode: 'url', url: 'https://example.com/', message: 'peer: Go' });
    const complete = await agent.hears(({ method }) => method === 'notifications/elicitation/complete');
    assert.deepEqual([complete.params, complete.on], [{ elicitationId }, 2]);
  });

  it('also for prompts and resources', async () => {
    await using started = await start();
    const { agent } = started;
    const prompt = await agent.request('prompts/get', { name: 'peer_ask' });
    const read = await agent.request('resources/read', { uri: 'ask:///me' });
    for (const { result } of [prompt, read]) assert.match(JSON.stringify(result), /who.*accept.*Ada/);
    assert.equal(agent.asked.length, 2);
  });

  it('fails the call when the agent does not answer, cannot be asked that, or is asked without end', async () => {
    await using started = await start({ elicitation: {} });
    const { peer, agent } = started;
    const failed = (answer: Message): unknown => {
      assert.equal(answer.result?.['isError'], true, JSON.stringify(answer));
      return (answer.result['content'] as { text: string }[])[0]?.text;
    };
    const ask = async (...rounds: object[]): Promise<unknown> => failed(await agent.request('tools/call', { name: 'peer_ask', arguments: { rounds } }));
    assert.match(String(await ask({ where: ROOTS })), /roots\/list/);
    assert.match(String(await ask({ odd: { method: 'vendor/other', params: {} } })), /vendor\/other/);
    assert.match(String(await ask({ odd: 7 })), /no question/);
    assert.match(String(await ask({ url: { method: 'elicitation/create', params: { mode: 'url', url: 'https://example.com/', message: 'Go' } } })), /elicitation/);
    assert.deepEqual(agent.asked, []);
    assert.match(String(await ask(...Array.from({ length: 9 }, (_, round) => ({ [`q${round}`]: form('Again?') })))), /after 8 rounds/);
    assert.equal(agent.asked.length, 8);
    agent.answering = () => {
      throw new RpcError(-1, 'not now');
    };
    assert.match(String(await ask({ who: form('Who?') })), /not now/);
    assert.equal((await agent.request('prompts/get', { name: 'peer_ask' })).error?.code, -32603);
    assert.ok(callsOf(peer).every(({ params }) => params['inputResponses'] !== null));
  });

  it('withdraws its questions when the call is cancelled, and is not called again', async () => {
    await using started = await start();
    const { peer, agent } = started;
    agent.answering = () => new Promise(() => undefined);
    const call = agent.request('tools/call', { name: 'peer_ask', arguments: { rounds: [{ who: form('Who?'), where: ROOTS }] } });
    const { on } = await agent.hears(({ method }) => method === 'roots/list');
    await agent.notify('notifications/cancelled', { requestId: on });
    await agent.hears(({ method }) => method === 'notifications/cancelled');
    await call.catch(() => undefined);
    assert.equal(callsOf(peer).length, 1);
    assert.deepEqual(valueOf(await agent.request('tools/call', { name: 'peer_echo', arguments: {} })) !== undefined, true, 'the connection goes on');
  });

  it('ends the request at the server when the agent cancels it', async () => {
    await using started = await start();
    const { peer, agent } = started;
    const heard = peer.hears('tools/call');
    const call = agent.request('tools/call', { name: 'peer_hold', arguments: {} });
    await heard;
    const closed = peer.closes();
    await agent.notify('notifications/cancelled', { requestId: 2 });
    await closed;
    await call.catch(() => undefined);
  });
});
