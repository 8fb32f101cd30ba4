/*
 * What an agent with a token of its own can see and reach, by every door there is, against a reference that only knows
 * names and tiers. Real servers, real HTTP.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { openAgentStore } from '../../src/proxy/agents/agent-store.ts';
import type { CallRecord } from '../../src/proxy/journal/types.ts';
import type { Grant, Tier } from '../../src/proxy/model.ts';
import { LegacyAgent, ModernAgent, type Message } from '../fixtures/relay/agents.ts';
import { startRelayRig, stdioPeer, type RelayRig } from '../fixtures/relay/rig.ts';
import type { PeerOptions } from '../fixtures/relay/peer.ts';

const TIER_OF: Readonly<Record<string, Tier>> = { get: 'read', put: 'write', drop: 'destructive', plain: 'destructive' };
const ANNOTATIONS: Readonly<Record<string, object | undefined>> = { get: { readOnlyHint: true }, put: { destructiveHint: false }, drop: { destructiveHint: true } };
const OWN = ['get_note', 'put_note', 'drop_note', 'plain_note'];

const offer = (name: string): PeerOptions => ({
  name,
  instructions: `Instructions of ${name}.`,
  tools: OWN.map((tool) => ({ name: tool, description: `Handles a note: ${tool}.`, inputSchema: { type: 'object' }, ...(ANNOTATIONS[tool.split('_')[0] ?? ''] && { annotations: ANNOTATIONS[tool.split('_')[0] ?? ''] }) })),
  prompts: [{ name: 'greet' }],
  resources: [{ uri: `${name}://secret`, name: 'secret' }],
  templates: [{ uriTemplate: `${name}://{id}/row`, name: 'row' }],
});
const SERVERS = ['alpha', 'beta'] as const;

const RANK: Readonly<Record<Tier, number>> = { read: 0, write: 1, destructive: 2 };

/** The reference: globs as regular expressions, nothing compiled, nothing shared with the code. */
function matches(globs: readonly string[] | 'all', ...names: string[]): boolean {
  if (globs === 'all') return true;
  return globs.some((glob) => names.some((name) => new RegExp(`^${glob.replace(/[.:/{}]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.')}$`).test(name)));
}
function allowed({ servers, tools, tier }: Grant, server: string, tool: string): boolean {
  return matches(servers, server) && matches(tools, `${server}:${tool}`, tool) && RANK[TIER_OF[tool.split('_')[0] ?? ''] ?? 'destructive'] <= RANK[tier];
}
function allowedContent({ servers, tools }: Grant, server: string, name: string): boolean {
  return matches(servers, server) && matches(tools, `${server}:${name}`, name);
}

const grants: fc.Arbitrary<Grant> = fc.record({
  servers: fc.oneof(fc.constant('all' as const), fc.subarray(['alpha', 'b*', '?eta', 'gamma'], { minLength: 1 })),
  tools: fc.oneof(fc.constant('all' as const), fc.subarray(['get_*', 'beta:*', '*_note', 'alpha:put_note', 'greet', 'alpha:*://secret', 'nothing'], { minLength: 1 })),
  tier: fc.constantFrom<Tier>('read', 'write', 'destructive'),
});

const items = (answer: Message, key: string): Record<string, unknown>[] => (answer.result?.[key] ?? assert.fail(JSON.stringify(answer))) as Record<string, unknown>[];
const textOf = (answer: Message): string => items(answer, 'content').map(({ text }) => String(text)).join('\n');
const codeOf = (answer: Message): string | undefined => (answer.result?.['_meta'] as Record<string, { code: string }> | undefined)?.['vestibule/error']?.code;

describe('an agent with a token of its own', { timeout: 300_000 }, () => {
  let rig: RelayRig;
  let names = 0;

  before(async () => {
    rig = await startRelayRig(
      Object.fromEntries(SERVERS.map((name) => [name, stdioPeer(offer(name))])),
      {},
      { gateway: { codeExecution: true }, profiles: { alphas: { servers: ['alpha'] } } },
    );
  });
  after(() => rig[Symbol.asyncDispose]());

  const connect = async (grant: Partial<Grant>, more: { profile?: string; path?: string } = {}): Promise<{ agent: LegacyAgent; name: string; token: string; opening: Message }> => {
    const name = `agent-${++names}`;
    const { token } = await rig.gateway.addAgent({ name, grant, profile: more.profile });
    const agent = new LegacyAgent({ url: `${rig.url}${more.path ?? ''}`, token });
    return { agent, name, token, opening: await agent.open() };
  };
  const idsIn = (text: string): string[] => [...text.matchAll(/\b(alpha|beta):(\w+)/g)].map(([id]) => id);

  it('sees, finds, describes and reaches by every door exactly what its grant covers', async () => {
    const all = SERVERS.flatMap((server) => OWN.map((tool) => ({ server, tool, id: `${server}:${tool}` })));
    await fc.assert(
      fc.asyncProperty(grants, async (grant) => {
        const { agent, name, opening } = await connect(grant);
        const may = all.filter(({ server, tool }) => allowed(grant, server, tool));
        const mayNot = all.filter((one) => !may.includes(one));
        const own = (text: string): string[] => [...new Set(idsIn(text))].filter((id) => all.some((one) => one.id === id)).sort();
        const ids = may.map(({ id }) => id).sort();
        const call = (tool: string, args: object): Promise<Message> => agent.request('tools/call', { name: tool, arguments: args });

        // The list, and the search with everything it says beside its results.
        const listed = items(await agent.request('tools/list'), 'tools').map((tool) => String(tool['name']));
        assert.deepEqual(listed.filter((tool) => /_note$/.test(tool)).sort(), may.map(({ server, tool }) => `${server}_${tool}`).sort());
        assert.deepEqual(own(textOf(await call('retrieve_tools', { query: 'handles a note', limit: 50 }))), ids);
        assert.deepEqual(own(textOf(await call('retrieve_tools', { queries: OWN.map((tool) => tool.replace('_', ' ')), limit: 50, explain: true }))), ids);

        // Every way to a tool that it may not use: by id and exposed name, directly, described, and from code.
        for (const { server, tool, id } of mayNot) {
          for (const answer of [await call('call_tool', { tool: id, arguments: {} }), await call('call_tool', { tool: `${server}_${tool}`, arguments: {} }), await call(`${server}_${tool}`, {})]) {
            // By its direct name it may as well not exist; what the agent may have meant is only what it may use.
            assert.match(codeOf(answer) ?? '', /^(?:not_permitted|unknown_tool)$/, `${id}: ${JSON.stringify(answer)}`);
            assert.deepEqual(own(textOf(answer)).filter((near) => !ids.includes(near)), []);
          }
          assert.equal(codeOf(await call('call_tool', { tool: id, arguments: {} })), 'not_permitted');
          assert.doesNotMatch(textOf(await call('describe_tool', { tools: [id] })), /Handles a note/);
        }
        const code = `const seen = []; for (const id of ${JSON.stringify(all.map(({ id }) => id))}) { try { await call_tool(id, {}); seen.push(id); } catch (error) { if (error.code !== 'not_permitted') seen.push(error.code); } } return seen.join(' ');`;
        assert.deepEqual(own(textOf(await call('code_execution', { code }))), ids);
        for (const { id, tool } of may) {
          assert.equal(codeOf(await call('call_tool', { tool: id, arguments: {} })), undefined, id);
          assert.equal(codeOf(await call('call_tool_read', { tool: id, arguments: {} })), tool.startsWith('get') ? undefined : 'not_permitted', id);
        }

        // What is no tool.
        const instructions = String(opening.result?.['instructions']);
        const servers = textOf(await call('upstream_servers', { operation: 'list' }));
        const prompts = items(await agent.request('prompts/list'), 'prompts').map((prompt) => prompt['name']);
        const resources = items(await agent.request('resources/list'), 'resources').map(({ uri }) => uri);
        const templates = items(await agent.request('resources/templates/list'), 'resourceTemplates').map(({ uriTemplate }) => uriTemplate);
        for (const server of SERVERS) {
          const covered = (what: string): boolean => allowedContent(grant, server, what);
          assert.equal(instructions.includes(`Instructions of ${server}.`), covered('instructions'));
          if (!matches(grant.servers, server)) assert.doesNotMatch(`${servers}\n${instructions}`, new RegExp(server));
          assert.equal(prompts.includes(`${server}_greet`), covered('greet'));
          assert.equal(resources.includes(`${server}://secret`), covered(`${server}://secret`));
          assert.equal(templates.includes(`${server}://{id}/row`), covered(`${server}://{id}/row`));
          if (!covered('greet')) {
            assert.equal((await agent.request('prompts/get', { name: `${server}_greet` })).error?.code, -32602);
            assert.equal((await agent.request('completion/complete', { ref: { type: 'ref/prompt', name: `${server}_greet` }, argument: { name: 'x', value: '' } })).error?.code, -32602);
          }
          if (!covered(`${server}://secret`)) {
            assert.equal((await agent.request('resources/read', { uri: `${server}://secret` })).error?.code, -32002);
            assert.equal((await agent.request('resources/subscribe', { uri: `${server}://secret` })).error?.code, -32002);
          }
        }
        await rig.gateway.revokeAgent(name);
      }),
      { numRuns: 12 },
    );
  });

  it('is refused at its very next request after it was revoked, and its session is gone', async () => {
    const { agent, name, token } = await connect({});
    assert.equal(codeOf(await agent.request('tools/call', { name: 'alpha_get_note', arguments: {} })), undefined);
    const sessions = (): number => rig.gateway.snapshot().sessions.filter((session) => session.agent === name).length;
    assert.equal(sessions(), 1);
    await rig.gateway.revokeAgent(name);
    assert.equal(sessions(), 0);
    for (const answer of [await new LegacyAgent({ url: rig.url, token }).open().catch(String), await agent.request('tools/list').catch(String)]) {
      assert.match(JSON.stringify(answer), /bearer token is required/);
    }
    const modern = new ModernAgent({ url: rig.url, token });
    assert.match(JSON.stringify(await modern.request('tools/list').catch(String)), /bearer token is required/);
    assert.deepEqual(rig.gateway.snapshot().agents, []);
  });

  it('loses a stream that it only listens on, also when another process revoked it', async () => {
    const { agent, name } = await connect({});
    await agent.listen();
    const other = await openAgentStore(rig.dataDir, { onProblem: (problem) => assert.fail(problem.message) });
    await other.revoke(name);
    other.dispose();
    await rig.until((gateway) => !gateway.snapshot().sessions.some((session) => session.agent === name));
  });

  it('is in the record of its calls, counted and seen', async () => {
    const { agent, name } = await connect({ servers: ['alpha'] });
    const records: CallRecord[] = [];
    // Records are told once they are written, which is after the answer.
    const recorded = new Promise<void>((resolve) => rig.gateway.onDidCall((record) => records.push(record) === 3 && resolve()));
    const before = Date.now();
    await agent.request('tools/call', { name: 'alpha_get_note', arguments: {} });
    await agent.request('tools/call', { name: 'call_tool', arguments: { tool: 'beta:get_note', arguments: {} } });
    await agent.request('tools/call', { name: 'retrieve_tools', arguments: { query: 'note' } });
    await recorded;
    assert.deepEqual(records.map(({ agent: who, server, outcome, code }) => [who, server, outcome, code]), [
      [name, 'alpha', 'ok', undefined],
      [name, 'beta', 'refused', 'not_permitted'],
      [name, '', 'ok', undefined],
    ]);
    const shown = rig.gateway.snapshot().agents.find((one) => one.name === name);
    assert.equal(shown?.callsToday, 2);
    assert.ok((shown.lastSeenAt ?? 0) >= before - 1_000);
    await rig.gateway.revokeAgent(name);
  });

  it('that is bound to a profile sees no more, whatever path it takes, and nothing once the profile is gone', async () => {
    const { agent, name, token } = await connect({}, { profile: 'alphas' });
    const servers = async (of: LegacyAgent): Promise<string[]> => [...new Set(items(await of.request('tools/list'), 'tools').map((tool) => String(tool['name']).split('_')[0] ?? ''))];
    assert.deepEqual(await servers(agent), ['read', 'alpha']);
    const same = new LegacyAgent({ url: `${rig.url}/p/alphas`, token });
    await same.open();
    assert.deepEqual(await servers(same), ['read', 'alpha']);
    await rig.configure({ profiles: { others: { servers: ['beta'] } } });
    const nothingLeft = async (): Promise<void> => {
      while ((await servers(agent)).includes('alpha')) await new Promise((resolve) => setTimeout(resolve, 20));
    };
    await nothingLeft();
    const fetched = await fetch(`${rig.url}/p/others`, { method: 'POST', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, body: '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}' });
    assert.equal(fetched.status, 404);
    await rig.gateway.revokeAgent(name);
  });

  it("cannot read another's results", async () => {
    const one = await connect({});
    const other = await connect({});
    const big = { content: [{ type: 'text', text: 'x'.repeat(60_000) }] };
    const cut = textOf(await one.agent.request('tools/call', { name: 'alpha_answer', arguments: { result: big } }));
    const key = /key[":= ]+([\w-]{8,})/.exec(cut)?.[1] ?? assert.fail(cut.slice(-300));
    const read = (agent: LegacyAgent): Promise<Message> => agent.request('tools/call', { name: 'read_cache', arguments: { key, offset: 0, limit: 10 } });
    assert.match(textOf(await read(one.agent)), /x{10}/);
    assert.doesNotMatch(textOf(await read(other.agent)), /x{10}/);
    for (const { name } of [one, other]) await rig.gateway.revokeAgent(name);
  });
});
