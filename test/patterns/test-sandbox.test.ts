import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { call, codeOf, listed, Pattern, said } from './kit.ts';

describe('pattern: test sandbox', { timeout: 240_000 }, () => {
  const sandbox = new Pattern('test-sandbox');
  before(() => sandbox.start());

  it('needs no token, leaves names as they are, and says on stderr what that means', async () => {
    const agent = sandbox.modern();
    assert.equal(sandbox.endpoint().token, '');
    assert.deepEqual(await listed(agent), ['list_builds', 'deploy']);
    assert.match((await sandbox.serve.logged(/--no-auth/)).message, /without a token/);
  });

  it('pins what must not reach production', async () => {
    const agent = sandbox.modern();
    const [, deploy] = (await agent.request('tools/list')).result?.['tools'] as readonly { readonly inputSchema: { readonly properties: object } }[];
    assert.deepEqual(Object.keys(deploy?.inputSchema.properties ?? {}), ['build']);
    assert.deepEqual(said(await call(agent, 'deploy', { build: '7' })).arguments, { build: '7', environment: 'sandbox' });
    assert.equal(codeOf(await call(agent, 'deploy', { build: '7', environment: 'production' })), 'invalid_arguments');
    assert.deepEqual((await sandbox.recorded()).map(({ tool, outcome }) => [tool, outcome]), [['deploy', 'ok'], ['deploy', 'refused']]);
  });
});
