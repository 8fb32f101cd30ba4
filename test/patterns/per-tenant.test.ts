import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { before, describe, it } from 'node:test';
import { call, codeOf, listed, Pattern, textOf } from './kit.ts';

describe('pattern: per tenant', { timeout: 240_000 }, () => {
  const tenants = new Pattern('per-tenant');
  before(() => tenants.start());
  const own = async (name: string): Promise<string[]> => (await listed(tenants.modern(name))).filter((tool) => tool !== 'read_cache');

  it('shows each tenant its own server alone', async () => {
    assert.deepEqual(await own('acme-bot'), ['acme_whoami']);
    assert.deepEqual(await own('globex-bot'), ['globex_whoami']);
  });

  it('answers each with its own key, from a process of its own', async () => {
    const who = async (name: string, tool: string): Promise<{ account: string; pid: number }> => JSON.parse(textOf(await call(tenants.modern(name), tool))) as { account: string; pid: number };
    const account = (key: string): string => createHash('sha256').update(key).digest('hex').slice(0, 8);
    const acme = await who('acme-bot', 'acme_whoami');
    const globex = await who('globex-bot', 'globex_whoami');
    assert.deepEqual([acme.account, globex.account], [account('key-of-acme'), account('key-of-globex')]);
    assert.notEqual(acme.pid, globex.pid);
  });

  it('answers every name of another tenant as a name that nothing has', async () => {
    const agent = await tenants.agent('acme-bot');
    const shape = async (tool: string): Promise<unknown> => {
      const answer = await call(agent, tool);
      return [codeOf(answer), JSON.stringify(answer.result ?? answer.error).replaceAll(tool, 'NAME')];
    };
    for (const name of ['globex_whoami', 'globex:whoami']) assert.deepEqual(await shape(name), await shape(name.replace('globex', 'nobody')), name);
    const records = await tenants.recorded();
    assert.ok(!records.some(({ agent: by, server, outcome }) => by === 'acme-bot' && server === 'globex' && outcome === 'ok'));
  });

  it('finds nothing of another tenant, and takes its profile path for no way around', async () => {
    const agent = await tenants.agent('acme-bot');
    for (const [menuTool, args] of [['retrieve_tools', { query: 'whose account' }], ['describe_tool', { tools: ['globex:whoami'] }], ['call_tool', { tool: 'globex:whoami', arguments: {} }]] as const) {
      assert.doesNotMatch(JSON.stringify(await call(agent, menuTool, args)).replaceAll('globex:whoami', ''), /globex/, menuTool);
    }
  });
});
