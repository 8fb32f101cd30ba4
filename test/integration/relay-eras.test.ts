/* Which era a server is spoken to in, and what of a call stands in HTTP headers besides. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createGateway } from '../../src/proxy/gateway.ts';
import { LegacyAgent, ModernAgent, type Message } from '../fixtures/relay/agents.ts';
import { startHttpPeer } from '../fixtures/relay/http-peer.ts';
import { startModernPeer } from '../fixtures/relay/modern-peer.ts';
import { RIG_GATEWAY, startRelayRig, stdioPeer } from '../fixtures/relay/rig.ts';

const TOOL = { name: 'regional', inputSchema: { type: 'object', properties: { region: { type: 'string', 'x-mcp-header': 'Region' }, count: { type: 'integer', 'x-mcp-header': 'Count' }, plain: { type: 'string' } } } };

describe('headers that repeat arguments', { timeout: 120_000 }, () => {
  it('are held against the arguments of modern agents, whatever the server speaks', async () => {
    await using rig = await startRelayRig({ peer: stdioPeer({ tools: [TOOL] }) });
    const agent = rig.modern();
    const call = (args: object, headers: Record<string, string>): Promise<Message> => agent.request('tools/call', { name: 'peer_regional', arguments: args }, { headers });
    for (const [args, headers] of [
      [{ region: 'eu' }, { 'mcp-param-region': 'eu' }],
      [{ region: 'eü' }, { 'mcp-param-region': '=?base64?ZcO8?=' }],
      [{ region: 'eu', count: 7 }, { 'mcp-param-region': ' eu ', 'mcp-param-count': '7.0' }],
      [{ plain: 'x' }, {}],
      [{ region: null }, {}],
    ] as const) {
      assert.equal((await call(args, headers)).error, undefined, JSON.stringify(args));
    }
    for (const [args, headers] of [
      [{ region: 'eu' }, {}],
      [{ region: 'eu' }, { 'mcp-param-region': 'us' }],
      [{ region: 'eu' }, { 'mcp-param-region': '=?base64?ZXU?=' }],
      [{ region: 'eu' }, { 'mcp-param-region': '=?base64?Z!U=?=' }],
      [{ plain: 'x' }, { 'mcp-param-region': 'eu' }],
      [{ region: null }, { 'mcp-param-region': 'null' }],
      [{ region: 'eu', count: 7 }, { 'mcp-param-region': 'eu', 'mcp-param-count': '8' }],
    ] as const) {
      assert.equal((await call(args, headers)).error?.code, -32020, JSON.stringify([args, headers]));
    }
    const legacy = rig.legacy();
    await legacy.open();
    assert.equal((await legacy.request('tools/call', { name: 'peer_regional', arguments: { region: 'eu' } })).error, undefined, 'that era knows no such headers');
  });

  it('are sent to modern servers, made from the arguments', async () => {
    await using peer = await startModernPeer({ tools: [TOOL] });
    await using rig = await startRelayRig({ peer: { url: peer.url } });
    const legacy = rig.legacy();
    await legacy.open();
    await legacy.request('tools/call', { name: 'peer_regional', arguments: { region: 'eü', count: 3, plain: 'x' } });
    const { headers } = peer.seen.find(({ params }) => params['name'] === 'regional') ?? assert.fail();
    assert.deepEqual([headers['mcp-method'], headers['mcp-name'], headers['mcp-param-region'], headers['mcp-param-count'], headers['mcp-param-plain']], ['tools/call', 'regional', '=?base64?ZcO8?=', '3', undefined]);
  });

  it('hold back a tool that marks them wrongly, and no other', async () => {
    const bad = { name: 'bad', inputSchema: { type: 'object', properties: { a: { type: 'number', 'x-mcp-header': 'A' } } } };
    await using peer = await startModernPeer({ tools: [bad, TOOL] });
    await using rig = await startRelayRig({ peer: { url: peer.url } });
    const listed = (await rig.modern().request('tools/list')).result?.['tools'] as { name: string }[];
    assert.deepEqual(listed.map(({ name }) => name).filter((name) => name.startsWith('peer_')), ['peer_echo', 'peer_ask', 'peer_hold', 'peer_regional']);
    assert.equal(JSON.stringify((await rig.modern().request('tools/call', { name: 'peer_bad', arguments: { a: 1 } })).result?.['_meta']).includes('unknown_tool'), true);
  });
});

describe('the era of a server', { timeout: 120_000 }, () => {
  const methods = (seen: readonly { readonly method: string }[]): string[] => seen.map(({ method }) => method).filter((method) => method === 'initialize' || method === 'server/discover');

  it('is found out once, and known after a restart', async () => {
    await using old = await startHttpPeer();
    await using modern = await startModernPeer();
    await using rig = await startRelayRig({ old: { url: old.url }, modern: { url: modern.url } });
    const [legacyAgent, modernAgent] = [rig.legacy(), rig.modern()];
    await legacyAgent.open();
    for (const agent of [legacyAgent, modernAgent]) for (const server of ['old', 'modern']) await agent.call(`${server}_echo`);
    await legacyAgent.close();
    await rig.gateway.dispose();
    const before = [old.seen.length, modern.seen.length];
    const again = await createGateway({ ...RIG_GATEWAY, dataDir: rig.dataDir });
    try {
      const { url } = await again.listen();
      const endpoint = { url, token: RIG_GATEWAY.token };
      const agents = [new LegacyAgent(endpoint), new ModernAgent(endpoint)] as const;
      await agents[0].open();
      for (const agent of agents) for (const server of ['old', 'modern']) await agent.call(`${server}_echo`);
      assert.deepEqual(new Set(methods(old.seen.slice(before[0]))), new Set(['initialize']));
      assert.deepEqual(new Set(methods(modern.seen.slice(before[1]))), new Set(['server/discover']));
    } finally {
      await again.dispose();
    }
  });

  it('is modern for a server that turns the first request away for its version, but names that one', async () => {
    await using peer = await startModernPeer({ firstDiscover: { status: 400, error: { code: -32022, message: 'no', data: { supported: ['2026-07-28'], requested: 'x' } } } });
    await using rig = await startRelayRig({ peer: { url: peer.url } });
    await rig.modern().call('peer_echo');
    assert.deepEqual(methods(peer.seen).slice(0, 2), ['server/discover', 'server/discover']);
    assert.ok(!methods(peer.seen).includes('initialize'));
  });

  it('is legacy for a server that breaks over what it does not know', async () => {
    await using peer = await startHttpPeer({ breaksOn: 'server/discover' });
    await using rig = await startRelayRig({ peer: { url: peer.url } });
    await rig.modern().call('peer_echo');
    assert.ok(methods(peer.seen).includes('initialize'));
  });

  it('is found out anew when the server refuses its version under way', async () => {
    await using peer = await startModernPeer();
    await using rig = await startRelayRig({ peer: { url: peer.url } });
    const agent = rig.modern();
    await agent.call('peer_echo');
    peer.refuseVersion(['2025-11-25']);
    const received = (await agent.call('peer_echo')) as { _meta?: object };
    assert.equal(received._meta, undefined, 'said in the words of the other era, by the very call that found out');
  });
});
