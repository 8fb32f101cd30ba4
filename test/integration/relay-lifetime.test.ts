/* Servers that are frozen, half-closed, flooding or gone, as agents meet them through the gateway. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LegacyAgent, Message } from '../fixtures/relay/agents.ts';
import { startHttpPeer } from '../fixtures/relay/http-peer.ts';
import type { PeerMessage } from '../fixtures/relay/peer.ts';
import { startRelayRig, stdioPeer, type RelayRig } from '../fixtures/relay/rig.ts';
import { gone } from '../security/kit/processes.ts';

const POSIX_ONLY = { skip: process.platform === 'win32' };
const READ = { name: 'read', inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } };
const AGAIN = { name: 'again', inputSchema: { type: 'object' }, annotations: { idempotentHint: true } };

async function opened(rig: RelayRig): Promise<LegacyAgent> {
  const agent = rig.legacy();
  await agent.open();
  return agent;
}

/** The code of our own refusal or failure; undefined for an answer of the server's. */
const codeOf = ({ result }: Message): unknown => ((result?.['_meta'] as { 'vestibule/error'?: { code: string } } | undefined)?.['vestibule/error'])?.code;
const call = (agent: LegacyAgent, name: string, args: object = {}): Promise<Message> => agent.request('tools/call', { name, arguments: args });

/** Whether a promise is settled, as far as is known now. */
function settledOf(promise: Promise<unknown>): () => boolean {
  let settled = false;
  void promise.catch(() => undefined).then(() => (settled = true));
  return () => settled;
}

describe('a server that is frozen', { timeout: 120_000, ...POSIX_ONLY }, () => {
  it('costs its own calls their time, nobody else any, and goes on where it was', async () => {
    await using rig = await startRelayRig({ frozen: { ...stdioPeer(), timeoutSeconds: 15 }, other: stdioPeer() });
    const agent = await opened(rig);
    const pid = Number(await agent.call('frozen_pid'));
    await agent.call('other_echo');
    process.kill(pid, 'SIGSTOP');
    try {
      const late = call(agent, 'frozen_echo', { late: true });
      const isLate = settledOf(late);
      for (let i = 0; i < 3; i++) await agent.call('other_echo');
      assert.equal(isLate(), false, 'the others did not wait for it');
      assert.equal(codeOf(await late), 'timeout');
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    // The late answer comes first, and is nobody's: the next call gets its own.
    assert.deepEqual(((await agent.call('frozen_echo', { n: 2 })) as { arguments: unknown }).arguments, { n: 2 });
    assert.equal(await agent.call('frozen_pid'), pid, 'it is the same process');
    const said = (await agent.call('frozen_said')) as PeerMessage[];
    assert.equal(said.filter(({ method }) => method === 'notifications/cancelled').length, 1, 'it was told that nobody waits');
  });
});

describe('a server that is slow', { timeout: 120_000 }, () => {
  for (const transport of ['stdio', 'http'] as const) {
    it(`delays neither other calls of it nor other servers, and its answer arrives (${transport})`, async () => {
      await using http = await startHttpPeer();
      await using rig = await startRelayRig({ slow: transport === 'http' ? { url: http.url } : stdioPeer(), other: stdioPeer() });
      const [agent, another] = [await opened(rig), await opened(rig)];
      const late = call(agent, 'slow_hold', { key: 'late' });
      const isLate = settledOf(late);
      for (let i = 0; i < 5; i++) for (const one of [agent, another]) for (const name of ['slow_echo', 'other_echo']) await one.call(name, { i });
      assert.equal(isLate(), false, 'nobody waited for it');
      await agent.call('slow_release', { key: 'late' });
      assert.equal(codeOf(await late), undefined);
    });
  }
});

describe('a server that closes half of a connection', { timeout: 120_000 }, () => {
  for (const transport of ['stdio', 'http'] as const) {
    it(`leaves the call in the open, and is used again (${transport})`, async () => {
      await using http = await startHttpPeer();
      await using rig = await startRelayRig({ peer: transport === 'http' ? { url: http.url } : stdioPeer() });
      const agent = await opened(rig);
      assert.equal(codeOf(await call(agent, 'peer_halfClose')), 'ambiguous');
      assert.deepEqual(((await agent.call('peer_echo', { n: 1 })) as { arguments: unknown }).arguments, { n: 1 });
    });
  }
});

describe('a server that floods', { timeout: 120_000 }, () => {
  for (const transport of ['stdio', 'http'] as const) {
    it(`delays no other server and no other agent (${transport})`, async () => {
      await using http = await startHttpPeer();
      await using rig = await startRelayRig({ loud: transport === 'http' ? { url: http.url } : stdioPeer(), calm: stdioPeer() });
      const [flooded, other] = [await opened(rig), await opened(rig)];
      for (const agent of [flooded, other]) await agent.call('calm_echo');
      await other.call('loud_echo');
      const flood = call(flooded, 'loud_flood');
      const isOver = settledOf(flood);
      const { on } = await flooded.hears(({ method }) => method === 'notifications/message');
      for (let i = 0; i < 3; i++) {
        await flooded.call('calm_echo');
        await other.call('calm_echo');
        // Its own connection to the loud server has its own process or stream.
        await other.call('loud_echo');
      }
      assert.equal(isOver(), false);
      await flooded.notify('notifications/cancelled', { requestId: on });
      await flood.catch(() => undefined);
    });
  }
});

describe('an agent that reads nothing', { timeout: 120_000 }, () => {
  for (const transport of ['stdio', 'http'] as const) {
    it(`delays no other agent and no other server (${transport})`, async () => {
      await using http = await startHttpPeer();
      await using rig = await startRelayRig({ loud: transport === 'http' ? { url: http.url } : stdioPeer(), calm: stdioPeer() });
      const [stuck, other] = [await opened(rig), await opened(rig)];
      for (const name of ['calm_echo', 'loud_echo']) await other.call(name);
      const on = await stuck.stall('tools/call', { name: 'loud_flood', arguments: {} });
      for (let i = 0; i < 10; i++) {
        assert.equal(codeOf(await call(other, 'calm_echo')), undefined);
        assert.equal(codeOf(await call(other, 'loud_echo')), undefined);
        // Its own other calls come by connections of their own.
        assert.equal(codeOf(await call(stuck, 'calm_echo')), undefined);
      }
      await stuck.notify('notifications/cancelled', { requestId: on });
    });
  }
});

describe('a server that nobody uses for a while', { timeout: 240_000 }, () => {
  it('is stopped, and started by its next use; its agent notices nothing', async () => {
    await using rig = await startRelayRig({ nap: { ...stdioPeer({ prompts: [{ name: 'p' }] }), idleStopMinutes: 0.01 } });
    const agent = await opened(rig);
    await agent.listen();
    const lists = ['tools/list', 'prompts/list'];
    const before = await Promise.all(lists.map(async (method) => (await agent.request(method)).result));
    const pids = new Set<number>();
    // More often than a server that keeps ending may be started in a minute.
    for (let round = 0; round < 8; round++) {
      const pid = Number(await agent.call('nap_pid'));
      await gone(pid);
      pids.add(pid);
      assert.deepEqual(await Promise.all(lists.map(async (method) => (await agent.request(method)).result)), before);
    }
    assert.equal(pids.size, 8, 'each use started it anew');
    // Not only calls wake it.
    assert.equal((await agent.request('prompts/get', { name: 'nap_p' })).error, undefined);
    assert.deepEqual(agent.heard.map(({ method }) => method), [], 'and nothing was said of it');
  });
});

describe('a session that its server forgot', { timeout: 120_000 }, () => {
  it('is opened anew and subscribed as before; only what may be repeated is', async () => {
    await using http = await startHttpPeer({ tools: [READ, AGAIN], resources: [{ uri: 'peer://x', name: 'x' }] });
    await using rig = await startRelayRig({ peer: { url: http.url } });
    const agent = await opened(rig);
    assert.deepEqual((await agent.request('resources/subscribe', { uri: 'peer://x' })).result, {});
    const sent = (what: string): number => http.seen.filter(({ method }) => method === what).length;
    for (const name of ['peer_read', 'peer_again']) {
      const before = sent('resources/subscribe');
      http.forget();
      assert.equal(codeOf(await call(agent, name)), undefined, name);
      assert.equal(sent('resources/subscribe'), before + 1);
    }
    http.forget();
    const calls = sent('tools/call');
    assert.equal(codeOf(await call(agent, 'peer_echo')), 'upstream_unavailable');
    assert.equal(sent('tools/call'), calls + 1, 'it was turned away, and is not sent a second time unasked');
    assert.equal(codeOf(await call(agent, 'peer_echo')), undefined);
    assert.equal((await agent.request('resources/read', { uri: 'peer://x' })).error, undefined);
    http.forget();
    assert.equal((await agent.request('resources/read', { uri: 'peer://x' })).error, undefined, 'reading changes nothing');
  });
});

describe('a call that its agent cancels', { timeout: 120_000 }, () => {
  for (const transport of ['stdio', 'http'] as const) {
    it(`is cancelled at the server (${transport})`, async () => {
      await using http = await startHttpPeer();
      await using rig = await startRelayRig({ peer: transport === 'http' ? { url: http.url } : stdioPeer() });
      const agent = rig.legacy({ capabilities: { roots: {} } });
      await agent.open();
      agent.answering = () => ({ roots: [] });
      const held = call(agent, 'peer_askAndHold', { method: 'roots/list' }).catch(() => undefined);
      const { on } = await agent.hears(({ method }) => method === 'notifications/message');
      await agent.notify('notifications/cancelled', { requestId: on });
      await held;
      for (;;) {
        const said = (await agent.call('peer_said')) as PeerMessage[];
        if (said.some(({ method }) => method === 'notifications/cancelled')) break;
      }
    });
  }
});
