import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toolId } from '../../src/proxy/model.ts';
import { createToolIndex } from '../../src/proxy/search/tool-index.ts';
import type { Prior, SearchDocument } from '../../src/proxy/search/types.ts';
import { Usage } from '../../src/proxy/search/usage.ts';

function tool(server: string, name: string): SearchDocument {
  return { id: toolId(server, name), server, serverTitle: undefined, name, title: undefined, description: 'Create an issue', inputSchema: {}, readOnly: false };
}

function asPriors(share: ReturnType<Usage['prior']>): readonly Prior[] {
  return share === undefined ? [] : [{ name: 'history', share }];
}

describe('what an agent called before', () => {
  const index = createToolIndex();
  for (const server of ['alpha', 'beta']) index.put(server, [tool(server, 'create_issue'), tool(server, 'close_issue')]);
  const find = (prior: ReturnType<Usage['prior']>): string[] => index.search('create issue', { limit: 10, visible: () => true, priors: asPriors(prior) }).hits.map(({ id }) => id);

  it('orders what is found, and finds nothing else', () => {
    const usage = new Usage();
    const before = find(usage.prior('agent', 's'));
    assert.equal(before[0], 'alpha:create_issue');
    usage.called('agent', 's', 'beta', 'close_issue');
    const after = find(usage.prior('agent', 's'));
    assert.equal(after[0], 'beta:create_issue');
    assert.deepEqual([...after].sort(), [...before].sort());
  });

  it('tells what came after what, within a session', () => {
    const usage = new Usage();
    for (const name of ['list', 'make', 'list', 'make', 'list']) usage.called('agent', 's', 'shop', name);
    const prior = usage.prior('agent', 's');
    const elsewhere = usage.prior('agent', 'another session');
    assert.ok((prior?.(toolId('shop', 'make'), 'shop') ?? 0) > (elsewhere?.(toolId('shop', 'make'), 'shop') ?? 1));
  });

  it("is the agent's own, bounded, and gone when it is cleared", () => {
    const usage = new Usage();
    usage.called('one', 's', 'beta', 'create_issue');
    assert.equal(usage.prior('two', 's'), undefined);
    for (let at = 0; at < 2_000; at++) usage.called('one', `s${at}`, 'gamma', `tool_${at}`);
    const prior = usage.prior('one', 's1999');
    
    assert.ok(prior !== undefined && prior(toolId('gamma', 'tool_1999'), 'gamma') <= 0.18);
    assert.equal(prior(toolId('delta', 'x'), 'delta'), 0);
    usage.clear();
    assert.equal(usage.prior('one', 's'), undefined);
  });

  it('is a row of the explanation, and the rows still add up', () => {
    const usage = new Usage();
    usage.called('agent', 's', 'beta', 'close_issue');
    const [best] = index.search('create issue', { limit: 1, explain: true, visible: () => true, priors: asPriors(usage.prior('agent', 's')) }).hits;
    const rows = best?.explain ?? [];
    assert.ok(rows.some(({ field, score }) => field === 'history' && score > 0));
    assert.ok(Math.abs(rows.reduce((sum, { score }) => sum + score, 0) - (best?.score ?? 0)) < 1e-9);
  });
});
