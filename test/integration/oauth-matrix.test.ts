import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import type { UpstreamConnection } from '../../src/proxy/upstream/types.ts';
import { VestibuleError } from '../../src/proxy/errors.ts';
import { UpstreamCallError } from '../../src/proxy/upstream/types.ts';
import { openHouse, signInAt } from '../fixtures/oauth/house.ts';
import { LATER_ROWS, outcomeOf, SIGN_IN_ROWS, takenPort } from '../fixtures/oauth/matrix.ts';
import { readPage } from '../fixtures/oauth/print-matrix.ts';
import { startProvider, type Manners, type Provider } from '../fixtures/oauth/provider.ts';
import { configOf, httpAt, supervise } from '../fixtures/upstreams/supervised.ts';

/** Where nobody answers the wait is short; everywhere else a busy machine has all the time it needs. */
function patienceFor(manners: unknown): number {
  return typeof manners === 'object' && JSON.stringify(manners).includes('"silence"') ? 1_500 : 30_000;
}

async function providerFor(manners: Manners = {}): Promise<Provider> {
  const provider = await startProvider(manners);
  after(() => provider.close());
  return provider;
}

describe('signing in when something goes wrong', { timeout: 180_000 }, () => {
  for (const row of SIGN_IN_ROWS) {
    it(`${row.what}: ${row.outcome}`, async () => {
      const provider = await providerFor();
      const house = await openHouse({}, undefined, patienceFor(row.manners));
      assert.equal(await outcomeOf(row, provider, house), row.outcome);
      assert.equal(house.keys.accounts().length, row.outcome === 'signed in' ? 1 : 0, 'an account only when signed in');
      // The tree and `doctor` say which step failed, here and in every other window; nobody needs to be told that time ran out.
      const problem = (await openHouse(house)).keys.problemOf(configOf({ transport: { type: 'http', url: provider.url, headers: {} } }));
      const [step = ''] = row.outcome.split(':');
      if (row.outcome === 'signed in' || row.outcome.endsWith('expired')) assert.equal(problem, undefined);
      else assert.ok(problem?.message.includes(`step “${step}”`) === true && problem.code !== 'sign-in-ended' && problem.action !== '', row.outcome);
      for (const secret of provider.secrets) assert.ok(!JSON.stringify(problem ?? '').includes(secret));
    });
  }

  it('a taken port: another one; with a port of the person’s own: says so', async () => {
    const provider = await providerFor();
    const house = await openHouse();
    const taken = await takenPort();
    await assert.rejects(signInAt(house, provider.url, { oauth: { redirectPort: taken.port } }), { step: 'redirect', problem: 'port-taken' });
    await signInAt(house, provider.url);
    // As if somebody took the port between two sign-ins.
    for (const [key, value] of house.secrets.held) {
      if (key.startsWith('oauth-client/')) house.secrets.held.set(key, value.replace(/127\.0\.0\.1:\d+/, `127.0.0.1:${taken.port}`));
    }
    await signInAt(house, provider.url);
    taken.close();
    assert.equal(provider.counts.register, 2, 'another redirect is registered anew');
    assert.notEqual(new URL(provider.seen.authorize.get('redirect_uri') ?? '').port, String(taken.port));
  });
});

function call(connection: UpstreamConnection): Promise<string> {
  return connection.call('tools/call', '{"name":"whoami"}', { timeoutMs: 30_000, maxTimeoutMs: 30_000 }).then((reply) => ('result' in reply ? 'call answered' : 'call failed'));
}

describe('renewing access when something goes wrong', { timeout: 180_000 }, () => {
  for (const row of LATER_ROWS) {
    it(`${row.what}: ${row.outcome}`, async () => {
      const provider = await providerFor(row.first);
      const house = await openHouse({}, undefined, patienceFor(row.later));
      const { keys, known, secrets } = house;
      await signInAt(house, provider.url);
      const { upstream, until } = supervise(httpAt(provider.url), { deps: { keys } });
      const connection = await upstream.connect();
      provider.manners = row.later;
      if (row.ends === 'all') provider.revokeAll();
      else if (row.ends !== 'nothing') provider.expireAccess();
      const outcome = await call(connection).catch(async (error: unknown) => {
        assert.ok(error instanceof UpstreamCallError);
        if (error.kind === 'auth-required') {
          const state = await until('sign-in-needed');
          assert.equal(state.kind === 'sign-in-needed' && state.error?.code, 'sign-in-ended');
          return 'sign in needed';
        }
        assert.ok(VestibuleError.is(error.cause, 'connection-failed'));
        const state = await until('failed');
        assert.equal(state.kind === 'failed' && state.error.code, 'sign-in-refresh');
        return 'not reached, tried again later';
      });
      assert.equal(outcome, row.outcome);
      assert.equal(provider.counts.refresh, row.refreshes);
      // A grant that ended is gone for good; one that did not still stands, whatever the network did.
      const [account] = keys.accounts();
      assert.equal(account?.ended !== undefined, row.outcome === 'sign in needed');
      assert.equal([...secrets.held.keys()].some((key) => key.startsWith('oauth-grant/')), row.outcome !== 'sign in needed');
      for (const secret of provider.secrets) if (/^(?:access|refresh)-/.test(secret) && row.later.tokens === undefined) assert.ok(known.has(secret) || row.first?.tokens !== undefined, 'told for redaction');
    });
  }
});

it('the page about signing in has these rows', () => {
  const { now, wanted } = readPage();
  assert.equal(now, wanted, 'run: node test/fixtures/oauth/print-matrix.ts');
});
