import assert from 'node:assert/strict';
import { once } from 'node:events';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import { VestibuleError } from '../../src/proxy/errors.ts';
import { EditorEndpoint } from '../../src/views/editor-endpoint.ts';
import { GatewayHost } from '../../src/views/gateway-host.ts';
import { VersionWatch } from '../../src/views/present/version-watch.ts';
import { FakeGateway, snapshot, upstream } from './views-fixtures.ts';

/** Resolves with the host's next change. */
function nextChange(host: GatewayHost): Promise<unknown> {
  const bridge = new EventEmitter();
  const subscription = host.onDidChange(() => {
    subscription.dispose();
    bridge.emit('change');
  });
  return once(bridge, 'change');
}

describe('GatewayHost', () => {
  it('makes one gateway however many ask', async () => {
    let made = 0;
    const host = new GatewayHost(() => {
      made++;
      return Promise.resolve(new FakeGateway());
    });
    assert.equal(host.state.kind, 'starting');
    const [first, second] = await Promise.all([host.start(), host.start()]);
    assert.equal(first, second);
    assert.equal(made, 1);
    assert.equal(host.state.kind, 'running');
    await host.dispose();
  });

  it('keeps a failure with its next step, and tries again when asked', async () => {
    const results = [Promise.reject(new VestibuleError('data-folder-locked', 'Locked.', { action: 'Close the other one.' })), Promise.resolve(new FakeGateway())];
    const host = new GatewayHost(() => results.shift() ?? assert.fail());
    await assert.rejects(host.start(), /Locked/);
    assert.deepEqual(host.state, { kind: 'failed', problem: { message: 'Locked.', action: 'Close the other one.' } });
    await host.start();
    assert.equal(host.state.kind, 'running');
    await host.dispose();
  });

  it('replaces the gateway: the old one ends first, and whoever asks meanwhile gets the new one', async () => {
    const made: FakeGateway[] = [];
    const host = new GatewayHost(() => {
      assert.ok(made.every(({ ended }) => ended), 'two gateways at once');
      const gateway = new FakeGateway();
      made.push(gateway);
      return Promise.resolve(gateway);
    });
    const old = await host.start();
    const restarted = host.restart();
    const asked = host.start();
    await restarted;
    assert.notEqual(await asked, old);
    assert.equal(await asked, made[1]);
    assert.equal(made.length, 2);
    await host.dispose();
    assert.ok(made[1]?.ended);
  });

  it('does not lose a restart to a start that fails late', async () => {
    let fail: (error: Error) => void = () => assert.fail();
    const results = [new Promise<FakeGateway>((_, reject) => (fail = reject)), Promise.resolve(new FakeGateway()), Promise.resolve(new FakeGateway())];
    const host = new GatewayHost(() => results.shift() ?? assert.fail());
    const first = host.start();
    const restarted = host.restart();
    fail(new Error('too late'));
    await assert.rejects(first, /too late/);
    await restarted;
    const gateway = await host.start();
    assert.equal(await host.start(), gateway);
    assert.equal(results.length, 1);
    await host.dispose();
  });

  it('makes a new gateway even when the old one cannot end', async () => {
    const stuck = new FakeGateway();
    stuck.dispose = () => Promise.reject(new Error('stuck'));
    const gateways = [stuck, new FakeGateway()];
    const [, current] = gateways;
    const host = new GatewayHost(() => Promise.resolve(gateways.shift() ?? assert.fail()));
    await host.start();
    await host.restart();
    assert.equal(await host.start(), current);
    await host.dispose();
  });

  it('ends a gateway that was still being made', async () => {
    const gateway = new FakeGateway();
    let finish: (made: FakeGateway) => void = () => assert.fail();
    const host = new GatewayHost(() => new Promise((resolve) => (finish = resolve)));
    const started = host.start();
    const disposed = host.dispose();
    finish(gateway);
    await Promise.all([started, disposed]);
    assert.ok(gateway.ended);
  });

  it('turns many changes into one refresh, and takes one snapshot for it', async () => {
    const gateway = new FakeGateway(snapshot([]));
    const host = new GatewayHost(() => Promise.resolve(gateway));
    await host.start();
    await nextChange(host);
    let events = 0;
    host.onDidChange(() => events++);
    for (let index = 0; index < 100; index++) gateway.set(snapshot([upstream({ name: `s${index}` })]));
    await nextChange(host);
    assert.equal(events, 1);
    assert.equal(host.snapshot().upstreams[0]?.name, 's99');
    assert.equal(host.snapshot(), host.snapshot());
    await host.dispose();
  });

  it('passes calls on, and nothing of a gateway that was replaced', async () => {
    const gateways = [new FakeGateway(), new FakeGateway()];
    const [old, current] = gateways;
    let at = 0;
    const host = new GatewayHost(() => Promise.resolve(gateways[at++] ?? assert.fail()));
    const seen: string[] = [];
    host.onLog(({ text }) => seen.push(text));
    await host.start();
    await host.restart();
    old?.logged.fire({ at: 0, server: 's', source: 'stderr', text: 'old' });
    current?.logged.fire({ at: 0, server: 's', source: 'stderr', text: 'new' });
    assert.deepEqual(seen, ['new']);
    await host.dispose();
  });
});

describe('EditorEndpoint', () => {
  it('has one strong token, remembers its port, and listens again after a restart only if it did before', async () => {
    let remembered: number | undefined;
    const memory = { get: () => remembered, set: (port: number) => void (remembered = port) };
    const gateway = new FakeGateway();
    const endpoint = new EditorEndpoint(() => Promise.resolve(gateway), memory);
    assert.equal(Buffer.from(endpoint.token, 'base64url').length, 32);
    assert.notEqual(endpoint.token, new EditorEndpoint(() => Promise.resolve(gateway), memory).token);
    await endpoint.resume(gateway);
    assert.equal(endpoint.port, undefined);
    await endpoint.listen();
    assert.equal(endpoint.port, 4711);
    gateway.port = 4712;
    await endpoint.resume(gateway);
    assert.equal(endpoint.port, 4712);
  });

  it('listens from the start for agents that have a token, who cannot wake it', async () => {
    let remembered: number | undefined;
    const memory = { get: () => remembered, set: (port: number) => void (remembered = port) };
    const gateway = new FakeGateway(snapshot([], { agents: [{ name: 'bot', profile: undefined, perMinute: undefined, createdAt: 0, expiresAt: undefined, expired: false, lastSeenAt: undefined, callsToday: 0, grant: { servers: 'all', tools: 'all', tier: 'read' } }] }));
    await new EditorEndpoint(() => Promise.resolve(gateway), memory).resume(gateway);
    assert.equal(remembered, 4711);
    gateway.listen = () => Promise.reject(new Error('no port'));
    await new EditorEndpoint(() => Promise.resolve(gateway), memory).resume(gateway);
  });
});

describe('VersionWatch', () => {
  const at = (version: string, more = {}): ReturnType<typeof snapshot> => snapshot([], { version, endpoint: { url: 'http://127.0.0.1:1/mcp', port: 1 }, ...more });
  const editor = { sessions: [{ id: 's', kind: 'editor' as const, agent: 'Agent in the editor', client: 'Code', era: 'legacy' as const, since: 0 }] };

  it('says nothing before VS Code has asked', () => {
    assert.equal(new VersionWatch().isOutdated(at('1')), false);
  });

  it('tells once of every new version and every new address', () => {
    const watch = new VersionWatch();
    watch.provided(at('1'));
    assert.equal(watch.isOutdated(at('1')), false);
    assert.equal(watch.isOutdated(at('2')), true);
    assert.equal(watch.isOutdated(at('2')), false);
    assert.equal(watch.isOutdated(at('2', { endpoint: { url: 'http://127.0.0.1:2/mcp', port: 2 } })), true);
  });

  it('waits while the editor’s own agent is connected: it hears list_changed', () => {
    const watch = new VersionWatch();
    watch.provided(at('1'));
    assert.equal(watch.isOutdated(at('2', editor)), false);
    assert.equal(watch.isOutdated(at('2')), true);
  });

  it('tells as soon as there is something after VS Code got nothing', () => {
    const watch = new VersionWatch();
    watch.withheld();
    assert.equal(watch.isOutdated(snapshot([], { version: '' })), false);
    assert.equal(watch.isOutdated(at('1')), true);
  });
});
