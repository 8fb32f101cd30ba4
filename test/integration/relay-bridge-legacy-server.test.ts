/* Modern agents in front of servers that know only the legacy era: calls wait while the agent is asked. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { valueOf, type Message, type ModernAgent } from '../fixtures/relay/agents.ts';
import { startHttpPeer } from '../fixtures/relay/http-peer.ts';
import type { PeerMessage } from '../fixtures/relay/peer.ts';
import { startRelayRig, stdioPeer, type RelayRig } from '../fixtures/relay/rig.ts';

const EVERYTHING = { roots: {}, sampling: {}, elicitation: { form: {}, url: {} } };
const WHO = { message: 'Who?', requestedSchema: { type: 'object', properties: {} } };
const SAMPLE = { messages: [{ role: 'user', content: { type: 'text', text: 'hi' } }], maxTokens: 3 };
const PROMPTS = { prompts: [{ name: 'greet' }], resources: [{ uri: 'peer://asks', name: 'asks' }] };

type Asked = Readonly<Record<string, { readonly method: string; readonly params: Readonly<Record<string, unknown>> }>>;

/** What an answer asks; fails for any other. */
function asked(answer: Message): { readonly questions: Asked; readonly requestState: string } {
  assert.equal(answer.result?.['resultType'], 'input_required', JSON.stringify(answer));
  return { questions: answer.result['inputRequests'] as Asked, requestState: String(answer.result['requestState']) };
}

const keysOf = (answer: Message): string[] => Object.keys(asked(answer).questions);
const accept = (name: string): object => ({ action: 'accept', content: { name } });

/** Calls `peer_ask` for an elicitation; with `more`, as a repetition. */
const askWho = (agent: ModernAgent, more: object = {}): Promise<Message> =>
  agent.request('tools/call', { name: 'peer_ask', arguments: { method: 'elicitation/create', params: WHO }, ...more });

/** Resolves once the server has heard that a request was cancelled: it is asked, not waited for. */
async function cancelledAtServer(agent: ModernAgent): Promise<void> {
  for (;;) {
    const said = (await agent.call('peer_said')) as PeerMessage[];
    if (said.some(({ method }) => method === 'notifications/cancelled')) return;
  }
}

for (const transport of ['stdio', 'http'] as const) {
  describe(`a legacy server asks a modern agent, over ${transport}`, { timeout: 120_000 }, () => {
    /** A rig with one peer named `peer`. */
    async function start(): Promise<AsyncDisposable & { readonly rig: RelayRig }> {
      const http = transport === 'http' ? await startHttpPeer(PROMPTS) : undefined;
      const rig = await startRelayRig({ peer: http === undefined ? stdioPeer(PROMPTS) : { url: http.url } });
      return {
        rig,
        async [Symbol.asyncDispose]() {
          await rig[Symbol.asyncDispose]();
          await http?.[Symbol.asyncDispose]();
        },
      };
    }

    it('by an answer, and goes on with what it says; one call, one entry in the journal', async () => {
      await using started = await start();
      const { rig } = started;
      const recorded = rig.recorded(2);
      const agent = rig.modern({ capabilities: EVERYTHING });
      const first = await askWho(agent);
      const { questions, requestState } = asked(first);
      assert.deepEqual(Object.values(questions), [{ method: 'elicitation/create', params: { ...WHO, message: 'peer: Who?' } }]);
      const done = await askWho(agent, { requestState, inputResponses: { [keysOf(first)[0] ?? '']: accept('Ada'), other: accept('x') } });
      assert.equal(done.result?.['resultType'], 'complete');
      assert.deepEqual(valueOf(done), { result: accept('Ada') });
      await agent.call('peer_echo');
      assert.deepEqual(await recorded, ['ask ok', 'echo ok']);
    });

    it('everything at once that it asks at once, and again what was left open', async () => {
      await using started = await start();
      const agent = started.rig.modern({ capabilities: EVERYTHING });
      const questions = [{ method: 'elicitation/create', params: { mode: 'url', elicitationId: 'e', url: 'https://example.com/', message: 'Go' } }, { method: 'sampling/createMessage', params: SAMPLE }, { method: 'roots/list' }];
      const call = (more: object = {}): Promise<Message> => agent.request('tools/call', { name: 'peer_askAll', arguments: { questions }, ...more });
      const first = asked(await call());
      assert.deepEqual(Object.values(first.questions), [
        { method: 'elicitation/create', params: { mode: 'url', url: 'https://example.com/', message: 'peer: Go' } },
        { method: 'sampling/createMessage', params: SAMPLE },
        { method: 'roots/list', params: {} },
      ]);
      const [url = '', sample = '', roots = ''] = Object.keys(first.questions);
      const message = { role: 'assistant', model: 'm', content: { type: 'text', text: 'ho' } };
      // A number is no answer to a question for roots.
      const second = asked(await call({ requestState: first.requestState, inputResponses: { [sample]: message, [roots]: 7 } }));
      assert.deepEqual(Object.keys(second.questions), [url, roots]);
      assert.notEqual(second.requestState, first.requestState);
      const done = await call({ requestState: second.requestState, inputResponses: { [url]: { action: 'accept' }, [roots]: { roots: [] } } });
      assert.deepEqual(valueOf(done), [{ result: { action: 'accept' } }, { result: message }, { result: { roots: [] } }]);
    });

    it('also for prompts and resources', async () => {
      await using started = await start();
      const agent = started.rig.modern({ capabilities: EVERYTHING });
      for (const [method, params] of [['prompts/get', { name: 'peer_greet', arguments: { asks: true } }], ['resources/read', { uri: 'peer://asks' }]] as const) {
        const first = await agent.request(method, params);
        const done = await agent.request(method, { ...params, requestState: asked(first).requestState, inputResponses: { [keysOf(first)[0] ?? '']: accept('Bob') } });
        assert.match(JSON.stringify(done.result), /Bob/, method);
        assert.equal(done.result?.['resultType'], 'complete');
      }
    });

    it('only what it declared; what fails for that is -32021 and status 400', async () => {
      await using started = await start();
      const agent = started.rig.modern({ capabilities: { elicitation: {} } });
      const call = (needs: boolean): Promise<Message> =>
        agent.request('tools/call', { name: 'peer_askAll', arguments: { needs, questions: [{ method: 'sampling/createMessage', params: SAMPLE }, { method: 'elicitation/create', params: { mode: 'url', url: 'https://example.com/', message: '', elicitationId: 'e' } }] } });
      const { error } = await call(true);
      assert.deepEqual([error?.code, error?.data], [-32021, { requiredCapabilities: { sampling: {}, elicitation: { url: {} } } }]);
      assert.deepEqual(valueOf(await call(false)), Array.from({ length: 2 }, () => ({ error: { code: -32601, message: 'Method not found' } })), 'a server that can do without is not kept from it');
    });

    it('and hears of it when the agent gives the call up', async () => {
      await using started = await start();
      const agent = started.rig.modern({ capabilities: EVERYTHING });
      const params = { name: 'peer_askAndHold', arguments: { method: 'roots/list' }, _meta: { 'io.modelcontextprotocol/logLevel': 'info' } };
      const first = await agent.request('tools/call', params);
      const abort = new AbortController();
      const repeated = agent.request('tools/call', { ...params, requestState: asked(first).requestState, inputResponses: { [keysOf(first)[0] ?? '']: { roots: [] } } }, { signal: abort.signal });
      await agent.hears(({ method }) => method === 'notifications/message');
      abort.abort();
      await assert.rejects(repeated);
      await cancelledAtServer(agent);
    });
  });
}

describe('a call that waits', { timeout: 120_000 }, () => {
  it('is gone on with by nobody but its agent, for nothing but itself, and once', async () => {
    await using rig = await startRelayRig({ peer: stdioPeer() });
    const agent = rig.modern({ capabilities: EVERYTHING });
    const first = await askWho(agent);
    const { requestState } = asked(first);
    const answers = { requestState, inputResponses: { [keysOf(first)[0] ?? '']: accept('Eve') } };
    const refused: readonly (readonly [string, Promise<Message>])[] = [
      ['another client', askWho(rig.modern({ capabilities: EVERYTHING, clientInfo: { name: 'other', version: '1' } }), answers)],
      ['other arguments', agent.request('tools/call', { name: 'peer_ask', arguments: { method: 'roots/list' }, ...answers })],
      ['another tool', agent.request('tools/call', { name: 'peer_echo', arguments: { method: 'elicitation/create', params: WHO }, ...answers })],
      ['altered', askWho(agent, { ...answers, requestState: `${requestState}A` })],
      ['garbled', askWho(agent, { ...answers, requestState: `${requestState}-TAMPERED` })],
      ['made up', askWho(agent, { ...answers, requestState: 'vestibule-AAAA' })],
      ['of nobody', askWho(agent, { ...answers, requestState: 'anything' })],
      ['no object', askWho(agent, { ...answers, inputResponses: null })],
    ];
    for (const [what, answer] of refused) assert.equal((await answer).error?.code, -32602, what);
    // What stands in `_meta` may differ, and so may the order of members.
    const done = await agent.request('tools/call', { ...answers, arguments: { params: WHO, method: 'elicitation/create' }, name: 'peer_ask', _meta: { traceparent: '00-2' } });
    assert.deepEqual(valueOf(done), { result: accept('Eve') });
    assert.equal((await askWho(agent, answers)).error?.code, -32602, 'used');
  });

  it('is cancelled by a person who pauses its server', async () => {
    await using rig = await startRelayRig({ peer: stdioPeer() });
    const agent = rig.modern({ capabilities: EVERYTHING });
    const first = await askWho(agent);
    await rig.gateway.pause({ server: 'peer' }, { cancel: true });
    const done = await askWho(agent, { requestState: asked(first).requestState, inputResponses: { [keysOf(first)[0] ?? '']: accept('x') } });
    assert.match(JSON.stringify(done.result), /paused/);
  });

  it('is sent again by a server that wants a person at a URL first', async () => {
    await using rig = await startRelayRig({ peer: stdioPeer() });
    const agent = rig.modern({ capabilities: EVERYTHING });
    const params = { name: 'peer_wantsUrl', arguments: { url: 'https://example.com/in' } };
    const first = await agent.request('tools/call', params);
    assert.deepEqual(Object.values(asked(first).questions), [{ method: 'elicitation/create', params: { mode: 'url', url: 'https://example.com/in', message: 'peer: Go' } }]);
    const done = await agent.request('tools/call', { ...params, requestState: asked(first).requestState, inputResponses: { [keysOf(first)[0] ?? '']: { action: 'accept' } } });
    assert.equal(valueOf(done), 'opened');
  });

  it('reports its progress under the token of the agent', async () => {
    await using rig = await startRelayRig({ peer: stdioPeer() });
    const agent = rig.modern({ capabilities: EVERYTHING });
    assert.equal(await agent.call('peer_progress', { steps: 2 }, { _meta: { progressToken: 0 } }), 'done');
    assert.deepEqual(agent.heard.map(({ params }) => params), [1, 2].map((progress) => ({ progressToken: 0, progress })));
  });

  it('logs as much as its agent asked for, and no more', async () => {
    await using rig = await startRelayRig({ peer: stdioPeer() });
    const agent = rig.modern();
    const messages = ['debug', 'warning', 'error'].map((level) => ({ method: 'notifications/message', params: { level, data: level } }));
    const heard = async (logLevel: string | undefined): Promise<unknown[]> => {
      const before = agent.heard.length;
      await agent.call('peer_notify', { messages }, logLevel === undefined ? {} : { _meta: { 'io.modelcontextprotocol/logLevel': logLevel } });
      return agent.heard.slice(before).map(({ params }) => params?.['level']);
    };
    assert.deepEqual([await heard('error'), await heard('warning'), await heard(undefined)], [['error'], ['warning', 'error'], []]);
    const said = (await agent.call('peer_said')) as PeerMessage[];
    assert.deepEqual(said.filter(({ method }) => method === 'logging/setLevel').map(({ params }) => params?.['level']), ['error', 'warning']);
  });
});
