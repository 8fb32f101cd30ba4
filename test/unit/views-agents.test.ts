import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AgentSnapshot } from '../../src/proxy/agents/types.ts';
import type { GatewayApi } from '../../src/proxy/api.ts';
import { FULL_GRANT } from '../../src/proxy/model.ts';
import { addAgent, revokeAgent } from '../../src/views/agents.ts';
import { GatewayHost } from '../../src/views/gateway-host.ts';
import { ItemWord } from '../../src/views/ids.ts';
import { agentRows, agentsMessage } from '../../src/views/present/agents.ts';
import { FakeGateway, ScriptedDialogs, snapshot, upstream } from './views-fixtures.ts';

const agent = (name: string, more: Partial<AgentSnapshot> = {}): AgentSnapshot => ({
  name, grant: FULL_GRANT, profile: undefined, perMinute: undefined, createdAt: 0, expiresAt: undefined, expired: false, lastSeenAt: undefined, callsToday: 0, ...more,
});
const session = (id: string, kind: 'agent' | 'local', name: string) => ({ id, kind, agent: name, client: 'cli 1.0', era: 'legacy' as const, since: 0 });

const made = async (agents: readonly AgentSnapshot[], servers: readonly string[] = ['files', 'mail']) => {
  const gateway = new FakeGateway(snapshot(servers.map((name) => upstream({ name })), { agents }));
  const host = new GatewayHost(() => Promise.resolve<GatewayApi>(gateway));
  await host.start();
  const copied: string[] = [];
  const dialogs = new ScriptedDialogs();
  const copy = (text: string): Promise<void> => Promise.resolve(void copied.push(text));
  return { gateway, dialogs, copied, context: { host, dialogs, copy, endpoint: { listen: () => gateway.listen() } } };
};

describe('Agents view, agents with a token of their own', () => {
  it('has each with its sessions, how it was used, and what it may use on hover', () => {
    const agents = [agent('bot', { grant: { servers: ['fi*'], tools: 'all', tier: 'read' }, callsToday: 1, lastSeenAt: 0 }), agent('old', { expired: true, expiresAt: 0, profile: 'docs' })];
    const rows = agentRows({ snapshot: snapshot([], { agents, sessions: [session('a', 'agent', 'bot'), session('b', 'local', 'bot'), session('c', 'agent', 'gone')] }), trusted: true });
    assert.deepEqual(rows.map(({ id }) => id), ['agent/editor', 'agent/own/bot', 'agent/own/old', 'session/b', 'session/c']);
    const [, bot = assert.fail(), old = assert.fail()] = rows;
    assert.deepEqual(bot.children().map(({ id }) => id), ['session/a']);
    assert.match(bot.description ?? '', /^reads only, narrowed · 1 call today · seen /);
    assert.match(old.description ?? '', /^expired · every approved tool, narrowed · 0 calls today · never seen$/);
    assert.match(bot.tooltip(), /Servers: fi\*\nTools: all\nUp to: reads only\n.*\nDoes not expire/);
    assert.deepEqual(bot.words, [ItemWord.agent]);
    assert.match(bot.spoken, /Agent bot, reads only/);
  });

  it('says how another agent gets in while none can', () => {
    assert.match(agentsMessage({ snapshot: snapshot([]), trusted: true }) ?? '', /Vestibule: Add Agent/);
    assert.equal(agentsMessage({ snapshot: snapshot([], { agents: [agent('bot')] }), trusted: true }), undefined);
  });
});

describe('adding an agent', () => {
  it('copies the only copy of its token with the address', async () => {
    const { gateway, dialogs, copied, context } = await made([agent('taken')]);
    dialogs.texts = ['bot'];
    dialogs.choose = ['Tools that only read', 'mail'];
    await addAgent(context);
    assert.deepEqual(gateway.decided, [['add agent', JSON.stringify({ name: 'bot', grant: { tier: 'read', servers: ['mail'] } })]]);
    assert.deepEqual(copied.map((text) => JSON.parse(text) as unknown), [{ type: 'http', url: 'http://127.0.0.1:4711/mcp', headers: { Authorization: 'Bearer vst_test' } }]);
    assert.doesNotMatch(dialogs.informed.join(), /vst_test/);
    const check = dialogs.prompts[0]?.check;
    assert.match(check?.('TAKEN') ?? '', /already/);
    assert.match(check?.('editor') ?? '', /will not do/);
    assert.equal(check?.('fine'), undefined);
  });

  it('of all servers means later ones, too; and nothing happens when it is called off', async () => {
    const { gateway, dialogs, copied, context } = await made([]);
    dialogs.texts = ['bot', 'again'];
    dialogs.choose = ['Every approved tool', 'files', 'mail'];
    await addAgent(context);
    assert.match(gateway.decided[0]?.[1] ?? '', /"servers":"all"/);
    dialogs.choose = undefined;
    await addAgent(context);
    await addAgent(context);
    assert.deepEqual([gateway.decided.length, copied.length], [1, 1]);
  });
});

describe('revoking an agent', () => {
  it('asks first, whoever runs the command on whatever', async () => {
    const { gateway, dialogs, context } = await made([agent('bot'), agent('cat')]);
    dialogs.yes = false;
    await revokeAgent(context, { agent: 'bot' });
    assert.equal(gateway.decided.length, 0, 'declined');
    assert.match(dialogs.confirmations[0]?.message ?? '', /“bot”/);
    dialogs.yes = true;
    await revokeAgent(context, { agent: 'nobody' });
    assert.equal(gateway.decided.length, 0);
    await revokeAgent(context, { agent: 'bot' });
    dialogs.choose = ['cat'];
    await revokeAgent(context, undefined);
    assert.deepEqual(gateway.decided, [['revoke agent', 'bot'], ['revoke agent', 'cat']]);
  });
});
