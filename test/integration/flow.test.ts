/* `limits`, `retry`, `breaker` and `cache` of a servers file, through a gateway with real servers. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LegacyAgent, type Message } from '../fixtures/relay/agents.ts';
import { startRelayRig, stdioPeer } from '../fixtures/relay/rig.ts';

const PEER = stdioPeer({ tools: [{ name: 'look', inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } }] });
const items = (answer: Message, key: string): Record<string, unknown>[] => (answer.result?.[key] ?? assert.fail(JSON.stringify(answer))) as Record<string, unknown>[];
const textOf = (answer: Message): string => items(answer, 'content').map(({ text }) => String(text)).join('\n');
interface Problem {
  readonly code: string;
  readonly retryable: boolean;
  readonly retryAfterSeconds?: number;
}
const problemOf = (answer: Message): Problem | undefined => (answer.result?.['_meta'] as Record<string, Problem> | undefined)?.['vestibule/error'];

describe('limits', { timeout: 120_000 }, () => {
  // One call a minute everywhere: a slow machine must not see a bucket fill between two calls.
  it('refuse with a code and a time, per server, tool, agent and everybody; and follow the file', async () => {
    const servers = { tooled: { ...PEER, limits: { tools: { echo: 1 }, maxArguments: 60 } }, whole: { ...PEER, limits: { perMinute: 1 } }, free: PEER };
    await using rig = await startRelayRig(servers);
    const agent = rig.legacy();
    await agent.open();
    const call = (name: string, args: object = {}): Promise<Message> => agent.request('tools/call', { name, arguments: args });
    assert.equal(problemOf(await call('tooled_echo', { text: 'x'.repeat(80) }))?.code, 'too_large');
    assert.equal(problemOf(await call('tooled_echo')), undefined);
    const limited = await call('call_tool', { tool: 'tooled:echo', arguments: {} });
    const { code, retryable, retryAfterSeconds } = problemOf(limited) ?? assert.fail('it went through');
    assert.deepEqual([code, retryable], ['rate_limited', true]);
    assert.ok(retryAfterSeconds !== undefined && retryAfterSeconds >= 1 && retryAfterSeconds <= 60);
    assert.match(textOf(limited), /1 calls of this tool a minute.*Wait \d+ s/);
    assert.equal(problemOf(await call('tooled_said')), undefined, 'another tool');
    assert.equal(problemOf(await call('whole_said')), undefined);
    assert.match(textOf(await call('whole_echo')), /1 calls of this server/);
    const shown = (server: string) => rig.gateway.snapshot().upstreams.find(({ name }) => name === server)?.flow;
    assert.deepEqual(shown('whole')?.rates, [{ what: 'calls of this server', perMinute: 1, left: 0 }]);
    assert.deepEqual(shown('tooled')?.rates, [{ what: 'calls of this tool', tool: 'echo', perMinute: 1, left: 0 }]);
    assert.deepEqual(shown('tooled')?.refused?.counts, { too_large: 1, rate_limited: 1 });
    assert.deepEqual(shown('free'), {});

    const { token } = await rig.gateway.addAgent({ name: 'bot', perMinute: 1 });
    const bot = new LegacyAgent({ url: rig.url, token });
    await bot.open();
    assert.equal(problemOf(await bot.request('tools/call', { name: 'free_echo', arguments: {} })), undefined);
    assert.match(textOf(await bot.request('tools/call', { name: 'free_echo', arguments: {} })), /1 calls of this agent/);
    assert.equal(rig.gateway.snapshot().agents[0]?.rate?.left, 0);
    assert.equal(problemOf(await call('free_echo')), undefined, 'another agent');

    const limitedTo = async (limits: object): Promise<void> => {
      await rig.configure({ servers: { free: PEER, whole: PEER }, gateway: { limits } });
      await rig.until((gateway) => gateway.snapshot().upstreams.length === 2);
    };
    await limitedTo({ perAgent: 1 });
    assert.equal(problemOf(await call('whole_echo')), undefined, 'the limit of the server is gone');
    assert.match(textOf(await call('free_echo')), /1 calls of this agent/);
    const refused = await rig.gateway.calls({ outcome: 'refused', agent: 'bot' });
    assert.deepEqual(refused.map((record) => record.code), ['rate_limited']);
  });

  it('and budgets refuse what is used up, by code and time, of one agent alone; and show what is left', async () => {
    await using rig = await startRelayRig({ free: PEER }, {}, { gateway: { limits: { budget: { maxCalls: 2, per: 'month' } } } });
    const { token } = await rig.gateway.addAgent({ name: 'bot', budget: { tokens: 1, per: 'month' } });
    const bot = new LegacyAgent({ url: rig.url, token });
    await bot.open();
    const owner = rig.legacy();
    await owner.open();
    const call = (agent: LegacyAgent): Promise<Message> => agent.request('tools/call', { name: 'free_echo', arguments: { text: 'hello there' } });
    // What a result holds is counted with its record.
    const counted = rig.recorded(1);
    assert.equal(problemOf(await call(bot)), undefined);
    await counted;
    const refused = await call(bot);
    assert.equal(problemOf(refused)?.code, 'rate_limited');
    assert.match(textOf(refused), /budget of this agent of 1 tokens of results a month is used up\. The call was not sent\. Wait \d+ s/);
    const { budget } = rig.gateway.snapshot().agents[0] ?? assert.fail();
    assert.ok(budget !== undefined && budget.usedCalls === 1 && budget.usedTokens > 1);
    for (let i = 0; i < 2; i++) assert.equal(problemOf(await call(owner)), undefined, 'the owner has the general one');
    assert.match(textOf(await call(owner)), /2 calls a month/);
    await rig.configure({});
    await rig.until((gateway) => gateway.snapshot().agents[0]?.budget?.calls === undefined);
    for (let i = 0; i < 300 && problemOf(await call(owner)) !== undefined; i++) await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(problemOf(await call(owner)), undefined, 'the rule is gone');
  });

  it('keep calls waiting for their turn, and say how many', async () => {
    await using rig = await startRelayRig({ ops: { ...PEER, limits: { concurrent: 1, queue: 1, queueSeconds: 60 } } });
    const agent = rig.legacy({ capabilities: { roots: {} } });
    await agent.open();
    let answer: (roots: object) => void = () => undefined;
    agent.answering = () => new Promise<object>((resolve) => (answer = resolve));
    const first = agent.request('tools/call', { name: 'ops_ask', arguments: { method: 'roots/list' } });
    await agent.hears(({ method }) => method === 'roots/list');
    const second = agent.request('tools/call', { name: 'ops_echo', arguments: {} });
    const flow = () => rig.gateway.snapshot().upstreams[0]?.flow;
    while (flow()?.lane?.queued !== 1) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.deepEqual(flow(), { lane: { active: 1, queued: 1, concurrent: 1, queue: 1 } });
    assert.equal(rig.gateway.snapshot().upstreams[0]?.underWay, 2);
    assert.equal(problemOf(await agent.request('tools/call', { name: 'ops_echo', arguments: {} }))?.code, 'overloaded');
    answer({ roots: [] });
    assert.equal(problemOf(await first), undefined);
    assert.equal(problemOf(await second), undefined);
    const { lane, refused } = flow() ?? assert.fail();
    assert.deepEqual([lane?.active, lane?.queued, rig.gateway.snapshot().upstreams[0]?.underWay], [0, 0, 0]);
    assert.deepEqual([refused?.counts, refused?.last.code], [{ overloaded: 1 }, 'overloaded'], 'why a call was refused is told');
  });
});

describe('a cache', { timeout: 120_000 }, () => {
  it('answers reads of one agent again until something is written, and no other agent', async () => {
    await using rig = await startRelayRig({ ops: { ...PEER, cache: { seconds: 600, tools: ['said'] }, tools: { overrides: { said: { tier: 'read' } } } } });
    const agent = rig.legacy();
    await agent.open();
    // What the server was sent so far: it grows with every request that is no call.
    const said = async (of = agent): Promise<string> => textOf(await of.request('tools/call', { name: 'ops_said', arguments: {} }));
    const before = await said();
    await agent.request('prompts/get', { name: 'nothing' });
    await agent.request('logging/setLevel', { level: 'info' });
    assert.equal(await said(), before);
    assert.deepEqual(rig.gateway.snapshot().upstreams[0]?.flow?.cache, { entries: 1, hits: 1, misses: 1 });
    const other = new LegacyAgent({ url: rig.url, token: (await rig.gateway.addAgent({ name: 'other' })).token }, { clientInfo: { name: 'other-agent', version: '1' } });
    await other.open();
    assert.notEqual(await said(other), before, 'a connection and an answer of its own');
    await agent.request('tools/call', { name: 'ops_echo', arguments: {} });
    assert.notEqual(await said(), before);
  });
});

describe('a breaker', { timeout: 120_000 }, () => {
  it('opens for a server that keeps dying, for that server alone', async () => {
    await using rig = await startRelayRig({ ops: { ...PEER, breaker: { calls: 2, failures: 1, openSeconds: 3_600 } }, free: PEER });
    const agent = rig.legacy();
    await agent.open();
    const call = async (name: string): Promise<Problem | undefined> => problemOf(await agent.request('tools/call', { name, arguments: {} }));
    assert.equal((await call('ops_exit'))?.code, 'ambiguous');
    assert.equal(rig.gateway.snapshot().upstreams[0]?.flow?.circuit, 'closed');
    assert.equal((await call('ops_exit'))?.code, 'ambiguous');
    const { code, retryable, retryAfterSeconds = 0 } = (await call('ops_look')) ?? assert.fail('it went through');
    assert.deepEqual([code, retryable], ['circuit_open', true]);
    assert.ok(retryAfterSeconds > 3_000 && retryAfterSeconds <= 3_600);
    assert.equal(rig.gateway.snapshot().upstreams[0]?.flow?.circuit, 'open');
    assert.equal(await call('free_look'), undefined);
    await rig.configure({ servers: { ops: PEER, free: PEER } });
    await rig.until((gateway) => gateway.snapshot().upstreams[0]?.config.flow.breaker === undefined);
    assert.equal(await call('ops_look'), undefined, 'the rule is gone');
  });
});
