import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { call, codeOf, listed, Pattern, said } from './kit.ts';

describe('pattern: single-responsibility servers', { timeout: 240_000 }, () => {
  const servers = new Pattern('single-responsibility');
  before(() => servers.start());

  it('keeps tools of one name apart', async () => {
    const agent = servers.modern();
    const names = await listed(agent);
    for (const name of ['tickets_search', 'wiki_search', 'fragile_compute']) assert.ok(names.includes(name), name);
    assert.equal(said(await call(agent, 'tickets_search', { query: 'x' })).server, 'tickets');
    assert.equal(said(await call(agent, 'wiki_search', { query: 'x' })).server, 'wiki');
  });

  it('leaves a server alone that falls over, and nothing else notices', async () => {
    const agent = servers.modern();
    const before = said(await call(agent, 'wiki_search', { query: 'x' })).pid;
    const codes: (string | undefined)[] = [];
    for (let n = 0; n < 4; n++) codes.push(codeOf(await call(agent, 'fragile_compute')));
    assert.equal(codes.at(-1), 'circuit_open', String(codes));
    assert.notEqual(codes[0], 'circuit_open');
    assert.equal(said(await call(agent, 'wiki_search', { query: 'x' })).pid, before);
    assert.equal(said(await call(agent, 'tickets_search', { query: 'x' })).server, 'tickets');
  });
});
