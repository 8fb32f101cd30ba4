/* `cache.resources` of a servers file, through a gateway with real servers. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LegacyAgent, type Message } from '../fixtures/relay/agents.ts';
import type { PeerMessage } from '../fixtures/relay/peer.ts';
import { startRelayRig, stdioPeer, type RelayRig } from '../fixtures/relay/rig.ts';

const PEER = stdioPeer({
  name: 'ops',
  resources: [{ uri: 'one://kept', name: 'kept' }, { uri: 'one://missing', name: 'missing' }, { uri: 'other://fresh', name: 'fresh' }],
});
// What looks and tells here must not void what is kept, as a tool that may write does.
const READS = Object.fromEntries(['said', 'notify', 'notifyAside', 'add'].map((tool) => [tool, { tier: 'read' }]));
const OPS = { ...PEER, cache: { seconds: 600, tools: [], resources: ['one://*'] }, tools: { overrides: READS } };

async function opened(rig: RelayRig, agent: LegacyAgent = rig.legacy()): Promise<LegacyAgent> {
  await agent.open();
  return agent;
}

const read = (agent: LegacyAgent, uri: string): Promise<Message> => agent.request('resources/read', { uri });
const uriRead = ({ result }: Message): string => (result?.['contents'] as { uri: string }[])[0]?.uri ?? assert.fail();

/** How often the server was asked to read this, by the connection of this agent. */
async function reads(agent: LegacyAgent, uri: string): Promise<number> {
  const said = (await agent.call('ops_said')) as PeerMessage[];
  return said.filter(({ method, params }) => method === 'resources/read' && params?.uri === uri).length;
}

describe('a cache of resources', { timeout: 120_000 }, () => {
  it('answers reads of one agent again, by URI, and never an error, another agent or what is paused', async () => {
    await using rig = await startRelayRig({ ops: OPS });
    const agent = await opened(rig);
    for (let i = 0; i < 3; i++) assert.equal(uriRead(await read(agent, 'one://kept')), 'one://kept');
    assert.equal(await reads(agent, 'one://kept'), 1);
    assert.deepEqual(rig.gateway.snapshot().upstreams[0]?.flow?.resources, { entries: 1, hits: 2, misses: 1 });
    for (let i = 0; i < 2; i++) await read(agent, 'other://fresh');
    assert.equal(await reads(agent, 'other://fresh'), 2, 'no glob names it');
    for (let i = 0; i < 2; i++) assert.equal((await read(agent, 'one://missing')).error?.code, -32002);
    assert.equal(await reads(agent, 'one://missing'), 2);
    const other = await opened(rig, new LegacyAgent({ url: rig.url, token: (await rig.gateway.addAgent({ name: 'other' })).token }));
    await read(other, 'one://kept');
    assert.equal(await reads(other, 'one://kept'), 1, 'an answer of its own');

    const stranger = await opened(rig, new LegacyAgent({ url: rig.url, token: (await rig.gateway.addAgent({ name: 'stranger', grant: { servers: ['none'], tools: 'all', tier: 'destructive' } })).token }));
    assert.equal((await read(stranger, 'one://kept')).error?.code, -32002, 'not granted, kept or not');
    await rig.gateway.pause({ server: 'ops' }, { cancel: false });
    assert.match(JSON.stringify((await read(agent, 'one://kept')).error), /paused/);
    await rig.gateway.resume({ server: 'ops' });
    await read(agent, 'one://kept');
    assert.equal(await reads(agent, 'one://kept'), 1);

    await rig.configure({ servers: { ops: { ...OPS, cache: { seconds: 600, tools: [] } } } });
    await rig.until((gateway) => gateway.snapshot().upstreams[0]?.flow?.resources === undefined);
    await read(agent, 'one://kept');
    assert.equal(await reads(agent, 'one://kept'), 2, 'the next read follows the file');
  });

  it('forgets what the server says has changed, by whatever way, and all when something is written; subscriptions go on', async () => {
    await using rig = await startRelayRig({ ops: OPS });
    const agent = await opened(rig);
    await agent.listen();
    let expected = 0;
    const asks = async (why: string): Promise<void> => {
      await read(agent, 'one://kept');
      assert.equal(await reads(agent, 'one://kept'), ++expected, why);
      await read(agent, 'one://kept');
      assert.equal(await reads(agent, 'one://kept'), expected, 'and keeps the new one');
    };
    await asks('at first');
    const updated = (uri: string): object => ({ messages: [{ method: 'notifications/resources/updated', params: { uri } }] });
    await agent.request('resources/subscribe', { uri: 'one://kept' });
    await agent.call('ops_notifyAside', updated('one://kept'));
    assert.deepEqual((await agent.hears(({ method }) => method === 'notifications/resources/updated')).params, { uri: 'one://kept' });
    await asks('it was told on no request');
    await agent.request('resources/unsubscribe', { uri: 'one://kept' });
    await agent.call('ops_notify', updated('one://kept/part'));
    await asks('a part of it changed, told to somebody who does not listen');
    await agent.call('ops_notify', updated('two://elsewhere'));
    await read(agent, 'one://kept');
    assert.equal(await reads(agent, 'one://kept'), expected, 'another one changed');
    await agent.call('ops_add', { to: 'resources', what: { uri: 'one://new', name: 'new' } });
    await agent.hears(({ method }) => method === 'notifications/resources/list_changed');
    await asks('the list changed');
    await agent.call('ops_echo');
    await asks('a tool may have written');
  });
});
