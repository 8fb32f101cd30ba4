/* `failover`, `canary` and `mirror` of a servers file, through a gateway with real servers. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { shareOf } from '../../src/proxy/policy/flow/routes.ts';
import { LegacyAgent, type Message } from '../fixtures/relay/agents.ts';
import { startHttpPeer } from '../fixtures/relay/http-peer.ts';
import { startModernPeer, type ModernPeer } from '../fixtures/relay/modern-peer.ts';
import { startRelayRig, type RelayRig } from '../fixtures/relay/rig.ts';

const READS = { tools: { overrides: { echo: { tier: 'read' } } } };
const entry = ({ url }: { readonly url: string }, more: object = {}): object => ({ type: 'http', url, ...more });
const codeOf = (answer: Message): unknown => (answer.result?.['_meta'] as Record<string, { code: string }> | undefined)?.['vestibule/error']?.code;
const flowOf = (rig: RelayRig, server: string) => rig.gateway.snapshot().upstreams.find(({ name }) => name === server)?.flow;
const callers = { echo: (agent: LegacyAgent, text = 'hello'): Promise<Message> => agent.request('tools/call', { name: 'main_echo', arguments: { text } }) };

describe('servers that stand in for each other', { timeout: 120_000 }, () => {
  it('take what the first cannot, of agents that may use them, each by its own rules; the record says who for whom', async () => {
    const main = await startHttpPeer({ name: 'main' });
    await using spare = await startHttpPeer({ name: 'spare' });
    await using last = await startHttpPeer({ name: 'last' });
    await using rig = await startRelayRig({ main: entry(main, { failover: ['gone', 'spare', 'last'] }), spare: entry(spare, { limits: { tools: { echo: 1 } } }), last: entry(last, { tools: { deny: ['exit'] } }) });
    const agent = rig.legacy();
    await agent.open();
    assert.equal(codeOf(await callers.echo(agent)), undefined);
    assert.deepEqual(flowOf(rig, 'main'), { failover: { to: ['gone', 'spare', 'last'], calls: 0 } });
    assert.ok(rig.gateway.snapshot().problems.some(({ message, server, severity }) => server === 'main' && severity === 'warning' && message.includes('"gone"')));
    await main[Symbol.asyncDispose]();

    const recorded = rig.recorded(1);
    assert.equal(codeOf(await callers.echo(agent)), undefined, 'taken by the next');
    await recorded;
    assert.equal(codeOf(await callers.echo(agent)), undefined, 'its limit is reached: taken by the one after');
    const bound = new LegacyAgent({ url: rig.url, token: (await rig.gateway.addAgent({ name: 'bound', grant: { servers: ['main'], tools: 'all', tier: 'destructive' } })).token });
    await bound.open();
    assert.equal(codeOf(await callers.echo(bound)), 'upstream_unavailable', 'nobody gets further than its grant');
    assert.equal(flowOf(rig, 'main')?.failover?.calls, 2);
    const records = await rig.gateway.calls({ tool: 'echo' });
    assert.deepEqual(records.map(({ insteadOf, outcome, server }) => [server, insteadOf, outcome]), [['main', undefined, 'refused'], ['last', 'main', 'ok'], ['spare', 'main', 'ok'], ['main', undefined, 'ok']]);
    for (const one of [agent, bound]) await one.close();
  });

  it('get the answers to what they asked, also when the first can take calls again', async () => {
    await using main = await startModernPeer();
    await using spare = await startModernPeer();
    await using rig = await startRelayRig({ main: entry(main, { failover: ['spare'], limits: { concurrent: 1, queue: 0 } }), spare: entry(spare) });
    const agent = rig.modern({ capabilities: { elicitation: { form: {} } } });
    const rounds = [{ who: { method: 'elicitation/create', params: { message: 'Who?', requestedSchema: { type: 'object', properties: {} } } } }];
    const ask = (more: object = {}): Promise<Message> => agent.request('tools/call', { name: 'main_ask', arguments: { rounds }, ...more });
    const asks = ({ seen }: ModernPeer): number => seen.filter(({ params }) => params['name'] === 'ask').length;
    const reached = main.hears('tools/call');
    const holding = new AbortController();
    const held = agent.request('tools/call', { name: 'main_hold', arguments: {} }, { signal: holding.signal }).catch(() => undefined);
    await reached;
    const { result } = await ask();
    assert.deepEqual([result?.['resultType'], asks(main), asks(spare)], ['input_required', 0, 1]);

    const ended = main.closes();
    holding.abort();
    await Promise.all([held, ended]);
    const answered = await ask({ requestState: result?.['requestState'], inputResponses: { who: { action: 'accept', content: {} } } });
    assert.deepEqual([answered.result?.['resultType'], asks(main), asks(spare)], ['complete', 0, 2]);
    const [latest] = await rig.gateway.calls({ tool: 'ask', limit: 1 });
    assert.deepEqual([latest?.server, latest?.insteadOf], ['spare', 'main']);
  });
});

describe('a hedge', { timeout: 120_000 }, () => {
  const look = (tool: string, more: object = {}): object => ({ tools: { alias: { [tool]: 'look' }, overrides: { [tool]: { tier: 'read' } } }, ...more });
  const HEDGE = { failover: ['spare'], hedge: { afterMs: 20, budget: 1 } };
  const calls = (peer: Awaited<ReturnType<typeof startHttpPeer>>, method: string): number => peer.seen.filter((message) => message.method === method).length;
  const until = async (fits: () => boolean): Promise<void> => {
    while (!fits()) await new Promise((resolve) => setTimeout(resolve, 10));
  };

  it('asks a second server what the first does not answer, and calls the first off; the record shows both, the agent pays once', async () => {
    await using main = await startHttpPeer({ name: 'main' });
    await using spare = await startHttpPeer({ name: 'spare' });
    await using rig = await startRelayRig({ main: entry(main, look('hold', HEDGE)), spare: entry(spare, look('echo')) });
    const { token } = await rig.gateway.addAgent({ name: 'bot', perMinute: 1, budget: { calls: 1, per: 'month' } });
    const bot = new LegacyAgent({ url: rig.url, token });
    await bot.open();
    const recorded = rig.recorded(2);
    const answer = await bot.request('tools/call', { name: 'main_look', arguments: { key: 'a' } });
    assert.match(JSON.stringify(answer.result), /echo/, 'the answer of the second server');
    await until(() => calls(main, 'notifications/cancelled') === 1);
    await recorded;
    const records = await rig.gateway.calls({ agent: 'bot' });
    const asked = records.find(({ route }) => route === 'direct');
    const second = records.find(({ route }) => route === 'hedge');
    assert.deepEqual([asked?.server, asked?.insteadOf, asked?.outcome], ['spare', 'main', 'ok']);
    assert.deepEqual([second?.server, second?.parent, second?.outcome], ['spare', asked?.id, 'ok']);
    assert.deepEqual(flowOf(rig, 'main')?.hedge, { calls: 1, won: 1, left: 3 });
    assert.equal(rig.gateway.snapshot().agents.find(({ name }) => name === 'bot')?.budget?.usedCalls, 1);
    await bot.close();
  });

  it('calls the second off when the first answers, and asks none where it is not read-only or not approved', async () => {
    await using main = await startHttpPeer({ name: 'main' });
    await using spare = await startHttpPeer({ name: 'spare' });
    await using rig = await startRelayRig({ main: entry(main, look('hold', HEDGE)), spare: entry(spare, look('hold')) });
    const agent = rig.legacy();
    await agent.open();
    const recorded = rig.recorded(3);
    const held = agent.request('tools/call', { name: 'main_look', arguments: { key: 'a' } });
    await until(() => calls(spare, 'tools/call') === 1);
    await agent.request('tools/call', { name: 'main_release', arguments: { key: 'a' } });
    assert.match(JSON.stringify((await held).result), /released/);
    await until(() => calls(spare, 'notifications/cancelled') === 1);
    assert.deepEqual([...(await recorded)].sort(), ['hold ambiguous', 'hold ok', 'release ok']);

    await rig.configure({ servers: { main: entry(main, look('hold', HEDGE)), spare: entry(spare, { tools: { alias: { hold: 'look' } } }) } });
    await rig.until((gateway) => gateway.snapshot().upstreams[1]?.config.tools.overrides['hold'] === undefined);
    const again = agent.request('tools/call', { name: 'main_look', arguments: { key: 'b' } });
    await until(() => calls(main, 'tools/call') === 3);
    // Five times as long as a second server would wait for.
    await new Promise((resolve) => setTimeout(resolve, 100));
    await agent.request('tools/call', { name: 'main_release', arguments: { key: 'b' } });
    assert.match(JSON.stringify((await again).result), /released/);
    assert.equal(calls(spare, 'tools/call'), 1, 'what may write there is not asked');
  });
});

describe('an outlier', { timeout: 120_000 }, () => {
  it('is tried last for a while; everybody sees which, and the file decides anew', async () => {
    const main = await startHttpPeer({ name: 'main' });
    await using spare = await startHttpPeer({ name: 'spare' });
    const servers = (outlier: object | undefined): Record<string, object> => ({ main: entry(main, { failover: ['spare'], ...(outlier && { outlier }) }), spare: entry(spare) });
    await using rig = await startRelayRig(servers({ consecutive: 2, ejectSeconds: 3_600, windowSeconds: 3_600 }));
    const agent = rig.legacy();
    await agent.open();
    assert.equal(codeOf(await callers.echo(agent)), undefined);
    await main[Symbol.asyncDispose]();
    for (let i = 0; i < 2; i++) assert.equal(codeOf(await callers.echo(agent)), undefined);
    const [first, second] = flowOf(rig, 'main')?.group ?? assert.fail();
    assert.deepEqual([first?.server, first?.out?.why, first?.out?.times, second?.out], ['main', 'in-a-row', 1, undefined]);
    assert.equal(codeOf(await callers.echo(agent)), undefined);
    assert.equal(flowOf(rig, 'main')?.group?.[0]?.calls, first?.calls, 'it was not tried');
    await rig.configure({ servers: servers(undefined) });
    await rig.until((gateway) => gateway.snapshot().upstreams[0]?.config.flow.outlier === undefined);
    assert.equal(flowOf(rig, 'main')?.group, undefined);
    assert.equal(codeOf(await callers.echo(agent)), undefined);
  });
});

describe('a canary', { timeout: 120_000 }, () => {
  it('gets its share of sessions, and leaves a call that it cannot take to the server', async () => {
    await using main = await startHttpPeer({ name: 'main' });
    const canary = await startHttpPeer({ name: 'next' });
    await using rig = await startRelayRig({ main: entry(main, { canary: { server: 'next', share: 1, tools: ['echo'] } }), next: entry(canary) });
    const agent = rig.legacy();
    await agent.open();
    const calls = (peer: typeof main): number => peer.seen.filter(({ method }) => method === 'tools/call').length;
    assert.equal(codeOf(await callers.echo(agent)), undefined);
    assert.deepEqual([calls(main), calls(canary)], [0, 1]);
    await agent.request('tools/call', { name: 'main_said', arguments: {} });
    assert.deepEqual([calls(main), calls(canary)], [1, 1], 'another tool');
    assert.deepEqual(flowOf(rig, 'main')?.canary, { server: 'next', share: 1, calls: 1 });
    await canary[Symbol.asyncDispose]();
    assert.equal(codeOf(await callers.echo(agent)), undefined);
    assert.equal(calls(main), 2, 'the canary is gone');
    await rig.configure({ servers: { main: entry(main), next: entry(canary) } });
    await rig.until((gateway) => gateway.snapshot().upstreams[0]?.config.flow.canary === undefined);
    assert.deepEqual(flowOf(rig, 'main'), {}, 'the rule is gone');
  });

  it('is chosen evenly, and the same each time', () => {
    const texts = Array.from({ length: 10_000 }, (_, i) => `main\0session-${i}`);
    const below = texts.filter((text) => shareOf(text) < 0.1).length;
    assert.ok(below > 850 && below < 1_150, String(below));
    assert.ok(texts.every((text) => shareOf(text) === shareOf(text) && shareOf(text) >= 0 && shareOf(text) < 1));
  });
});

describe('a mirror', { timeout: 120_000 }, () => {
  it('gets copies of reads alone; agents see nothing of them, and a person how they compare', async () => {
    await using main = await startHttpPeer({ name: 'main' });
    await using shadow = await startHttpPeer({ name: 'shadow' });
    await using rig = await startRelayRig({ main: entry(main, { ...READS, mirror: { server: 'shadow' } }), shadow: entry(shadow, READS) });
    const { token } = await rig.gateway.addAgent({ name: 'bot', perMinute: 2, budget: { calls: 2, per: 'month' } });
    const bot = new LegacyAgent({ url: rig.url, token });
    await bot.open();
    const recorded = rig.recorded(2);
    assert.equal(codeOf(await callers.echo(bot)), undefined);
    assert.deepEqual([...(await recorded)], ['echo ok', 'echo ok']);
    await rig.gateway.calls({});
    const [copy, original] = await rig.gateway.calls({ agent: 'bot' });
    assert.deepEqual([original?.server, original?.route, copy?.server, copy?.route, copy?.parent], ['main', 'direct', 'shadow', 'mirror', original?.id]);
    assert.deepEqual(flowOf(rig, 'main')?.mirror, { server: 'shadow', share: 1, same: 1, different: 0, failed: 0, skipped: 0 });
    // What is no read is copied nowhere, and copies cost the agent nothing of what it may use.
    assert.equal(codeOf(await bot.request('tools/call', { name: 'main_said', arguments: {} })), undefined);
    assert.equal(codeOf(await bot.request('tools/call', { name: 'main_said', arguments: {} })), 'rate_limited');
    assert.equal(shadow.seen.filter(({ method }) => method === 'tools/call').length, 1);
    assert.equal(rig.gateway.snapshot().agents.find(({ name }) => name === 'bot')?.budget?.usedCalls, 2);
    await bot.close();
  });
});
