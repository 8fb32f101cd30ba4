/* A short soak: sessions that come and go leave nothing behind. `npm run bench -- soak` is the long one. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { queryObjects } from 'node:v8';
import { LegacySession } from '../../src/proxy/downstream/legacy-session.ts';
import { eventually } from '../fixtures/eventually.ts';
import { startHttpPeer } from '../fixtures/relay/http-peer.ts';
import { startRelayRig, type RelayRig } from '../fixtures/relay/rig.ts';

/** What comes and goes by itself; sixty sessions that each left something would show. */
const SLACK = 10;
const storm = { messages: Array.from({ length: 50 }, () => ({ method: 'notifications/tools/list_changed' })) };

/** So many sessions, one after the other, each with everything a session can leave open. */
async function sessions(rig: RelayRig, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const agent = rig.legacy({ capabilities: { roots: {} } });
    agent.answering = () => ({ roots: [] });
    await agent.open();
    await agent.listen();
    await agent.request('resources/subscribe', { uri: 'one://watched' });
    await agent.call('one_ask', { method: 'roots/list' });
    await agent.request('tools/call', { name: 'one_progress', arguments: { steps: 2 }, _meta: { progressToken: i } });
    if (i % 5 === 0) await agent.call('one_notifyAside', storm);
    await agent.close();
  }
}

/** Sockets, pipes and the like of this process, once what is ending has ended: as few as there ever are for a while. */
function handles(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind !== 'Timeout' && kind !== 'Immediate').length;
}

describe('sessions that come and go', { timeout: 300_000 }, () => {
  it('leave no session at servers, no connection and no handle behind', async () => {
    await using peer = await startHttpPeer({ resources: [{ uri: 'one://watched', name: 'watched' }] });
    await using rig = await startRelayRig({ one: { url: peer.url } });
    await sessions(rig, 5);
    const before = handles();
    await sessions(rig, 60);
    assert.equal(rig.gateway.snapshot().sessions.length, 0);
    // Sockets that were kept for another request close within seconds.
    const deadline = Date.now() + 60_000;
    while ((handles() > before + SLACK || peer.sessions.size > 1) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 100));
    assert.ok(handles() <= before + SLACK, `${handles()} handles after, ${before} before`);
    assert.ok(peer.sessions.size <= 1, `${peer.sessions.size} sessions are open at the server`);
  });

  it('are let go of although agents are never quiet', async () => {
    await using peer = await startHttpPeer({ resources: [{ uri: 'one://watched', name: 'watched' }] });
    await using rig = await startRelayRig({ one: { url: peer.url } });
    const stays = rig.legacy();
    await stays.open();
    await sessions(rig, 30);
    // What counts and tidies up once nobody calls any more must not be what lets go of them.
    const left = async (): Promise<number> => {
      await stays.call('one_echo', {});
      return queryObjects(LegacySession, { format: 'count' });
    };
    await eventually(async () => (await left()) <= 1);
    assert.equal(await left(), 1, 'in memory is the one that stays');
  });
});
