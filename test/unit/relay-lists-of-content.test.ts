import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mayUseContent } from '../../src/proxy/policy/content-grants.ts';
import type { AgentSession } from '../../src/proxy/downstream/types.ts';
import type { Grant, Principal } from '../../src/proxy/model.ts';
import { gatewayInstructions } from '../../src/proxy/relay/instructions.ts';
import { ListWatch } from '../../src/proxy/relay/list-watch.ts';
import { relayedNotification } from '../../src/proxy/relay/notifications.ts';
import { PRINCIPAL_FIXTURE } from '../fixtures/calls.ts';

describe('grants of content', () => {
  const can = (grant: Partial<Grant>, server: string, name: string, profile?: Partial<Grant>): boolean => {
    const full: Grant = { servers: 'all', tools: 'all', tier: 'read' };
    const principal: Principal = { ...PRINCIPAL_FIXTURE, grant: { ...full, ...grant }, ...(profile && { profile: { name: 'p', grant: { ...full, ...profile } } }) };
    return mayUseContent(principal, server, name);
  };

  it('follow servers and globs, and are narrowed by a profile', () => {
    assert.ok(can({}, 's', 'file:///x'));
    assert.ok(can({ servers: ['s'], tools: ['s:*'] }, 's', 'file:///x'));
    assert.ok(!can({ servers: ['s'] }, 't', 'x'));
    assert.ok(!can({ tools: ['s:create_issue'] }, 's', 'file:///x'), 'a few tools are not the whole server');
    assert.ok(!can({}, 's', 'x', { servers: ['t'] }));
  });
});

describe('lists that are watched', () => {
  it('are announced to the sessions that see a difference, once', () => {
    const told: string[] = [];
    const session = (id: string): AgentSession => ({ id, notify: (method: string) => told.push(`${id} ${method}`) }) as unknown as AgentSession;
    const [a, b] = [session('a'), session('b')];
    const lists = new Map([['a', ['x']], ['b', ['x']]]);
    const watch = new ListWatch([{ notification: 'changed', of: ({ id }) => lists.get(id) ?? [] }]);
    for (const one of [a, b]) watch.told(one);
    watch.announce([a, b]);
    lists.set('a', ['x', 'y']);
    watch.announce([a, b]);
    watch.announce([a, b]);
    lists.set('b', ['z']);
    watch.told(b);
    watch.announce([a, b]);
    assert.deepEqual(told, ['a changed']);
  });
});

describe('instructions', () => {
  const blocks = (count: number, length: number): { server: string; text: string }[] => Array.from({ length: count }, (_, i) => ({ server: `s${i}`, text: 'é'.repeat(length) }));

  it('of servers are bounded each and in all, cut between characters', () => {
    const text = gatewayInstructions('direct', ['s0'], 'Mine.', blocks(9, 5_000)) ?? '';
    const [own = '', ...parts] = text.split(/\n\n(?=## )/);
    assert.match(own, /^Mine\.\n\nVestibule relays/);
    assert.equal(parts.length, 4);
    for (const part of parts) assert.ok(Buffer.byteLength(part) <= 2_048 && part.endsWith('é\n…') && !part.includes('\ufffd'));
    assert.ok(Buffer.byteLength(parts.join('')) <= 8_192);
    assert.equal(gatewayInstructions('direct', [], undefined, []), undefined);
    assert.equal(gatewayInstructions('direct', [], undefined, [{ server: 'a', text: ' x ' }]), '## a\nx');
  });
});

describe('notifications of upstreams', () => {
  const exposure = { slug: 's', expose: (uri: string) => `mcpx://s/${uri}` };

  it('name their server; unknown ones go nowhere', () => {
    const relayed = (method: string, params?: string): unknown => relayedNotification(exposure, { method, params })?.params;
    assert.equal(relayed('notifications/message', '{"level":"info","logger":"db","data":1.0}'), '{"level":"info","logger":"s/db","data":1.0}');
    assert.equal(relayed('notifications/resources/updated', '{"uri":"a"}'), '{"uri":"mcpx://s/a"}');
    assert.equal(relayed('notifications/elicitation/complete', '{"elicitationId":"1"}'), '{"elicitationId":"1"}');
    assert.equal(relayedNotification(exposure, { method: 'notifications/vendor', params: '{}' }), undefined);
    const verbatim = { method: 'notifications/message', params: '{"level":"info"}' };
    assert.equal(relayedNotification({ ...exposure, slug: '' }, verbatim), verbatim);
  });
});
