import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { call, codeOf, listed, Pattern, said, textOf } from './kit.ts';

describe('pattern: enterprise hub', { timeout: 240_000 }, () => {
  const hub = new Pattern('enterprise-hub');
  before(() => hub.start());

  it('lists each team what it was granted', async () => {
    const own = (names: readonly string[]): string[] => names.filter((name) => name !== 'read_cache').sort();
    assert.deepEqual(own(await listed(hub.modern('sales'))), ['crm_find_customer', 'crm_update_customer', 'wiki_search']);
    assert.deepEqual(own(await listed(hub.modern('support'))), ['tickets_search', 'wiki_search']);
    assert.ok((await listed(hub.modern())).includes('tickets_purge_tickets'));
  });

  it('answers a call across as if the tool did not exist, and records who called what', async () => {
    assert.equal(said(await call(hub.modern('sales'), 'crm_find_customer', { name: 'Ada' })).server, 'crm');
    assert.equal(said(await call(hub.modern('support'), 'tickets_search', { query: 'late' })).server, 'tickets');
    const across = await call(hub.modern('support'), 'crm_find_customer', { name: 'Ada' });
    assert.ok(['unknown_tool', 'not_permitted'].includes(codeOf(across) ?? ''), textOf(across));
    assert.doesNotMatch(textOf(across), /Finds a customer/);
    const calls = await hub.recorded();
    assert.deepEqual(
      calls.slice(0, 2).map(({ agent, server, tool, outcome }) => [agent, server, tool, outcome]),
      [
        ['sales', 'crm', 'find_customer', 'ok'],
        ['support', 'tickets', 'search', 'ok'],
      ],
    );
    assert.deepEqual([calls[2]?.agent, calls[2]?.outcome], ['support', 'refused']);
  });

  it('turns an agent away from the very next request after it was revoked', async () => {
    const { url, token } = hub.endpoint('sales');
    assert.equal((await hub.vestibule('agent', 'revoke', '--name', 'sales')).code, 0);
    const { status } = await fetch(url, { method: 'POST', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', accept: 'application/json, text/event-stream' }, body: '{}' });
    assert.equal(status, 401);
  });

  it('tells its metrics to the owner only', async () => {
    const metrics = (name?: string): Promise<Response> => fetch(new URL('/metrics', hub.endpoint().url), { headers: { authorization: `Bearer ${hub.endpoint(name).token}` } });
    assert.match(await (await metrics()).text(), /vestibule_\w*calls_total\{/);
    assert.notEqual((await metrics('support')).status, 200);
  });
});
