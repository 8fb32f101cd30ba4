import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { call, Pattern, said, textOf } from './kit.ts';

describe('pattern: cost reduction', { timeout: 240_000 }, () => {
  const saver = new Pattern('cost-reduction');
  before(() => saver.start());
  const tokens = async (pattern: Pattern): Promise<number> => countTokens(JSON.stringify((await pattern.modern().request('tools/list')).result?.['tools']));

  it('costs a fraction of what listing the tools costs', async () => {
    const menu = await tokens(saver);
    const direct = new Pattern('cost-reduction');
    const { args, env } = direct.command('serve');
    await direct.startWith({ args: [...args, '--mode', 'direct'], env });
    const all = await tokens(direct);
    assert.ok(menu <= 1_500 && menu * 4 < all, `${menu} of ${all} tokens`);
    assert.match(textOf(await call(await saver.agent(), 'retrieve_tools', { query: 'look up an invoice', limit: 3 })), /erp:(?:get|search)_invoice/);
  });

  it('asks the server once for equal reads, and again after a write', async () => {
    const agent = await saver.agent();
    const read = async (args: object): Promise<number> => said(await call(agent, 'call_tool_read', { tool: 'erp:get_order', arguments: args })).calls;
    const first = await read({ id: '7', note: 'x' });
    assert.equal(await read({ note: 'x', id: '7' }), first);
    assert.equal(said(await call(agent, 'call_tool', { tool: 'erp:create_order', arguments: { name: 'n', description: 'd' } })).calls, first + 1);
    assert.equal(await read({ id: '7', note: 'x' }), first + 2);
  });

  it('gives a long result page by page, byte for byte', async () => {
    const agent = await saver.agent();
    const cut = textOf(await call(agent, 'call_tool_read', { tool: 'library:read_book', arguments: { title: 'Emma' } }));
    assert.ok(cut.length < 5_000, `${cut.length} characters`);
    const whole = Array.from({ length: 4000 }, (_, line) => `Emma, line ${line + 1}`).join('\n');
    const key = /key[^\w-]+([\w-]{6,})/.exec(cut)?.[1] ?? assert.fail(cut.slice(-400));
    let read = '';
    while (read.length < whole.length) {
      const page = textOf(await call(agent, 'read_cache', { key, offset: read.length, limit: 3_000 }));
      const next = whole.slice(read.length, read.length + 3_000);
      assert.ok(page.startsWith(next), page.slice(0, 200));
      read += next;
    }
  });
});
