/* What a person does with recorded calls: makes them again, and opens results that were shortened for the agent. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createGateway, type Gateway } from '../../src/proxy/gateway.ts';
import { verifyJournal } from '../../src/proxy/journal/verify.ts';
import type { CallRecord } from '../../src/proxy/journal/types.ts';
import { STDIO_SERVER, toolNamed, userServers } from '../fixtures/cli.ts';
import { makePlace, TestAgent, type Place } from '../fixtures/serve.ts';
import { join } from 'node:path';

const TOKEN = 'token-of-the-agent-in-this-test';

describe('calls of a person', { timeout: 120_000 }, () => {
  let place: Place;
  let gateway: Gateway;
  let agent: TestAgent;

  before(async () => {
    place = await makePlace();
    const manners = { tools: [toolNamed('big'), toolNamed('echo'), toolNamed('crash')] };
    await userServers(place, { servers: { raw: { command: process.execPath, args: [STDIO_SERVER, JSON.stringify(manners)] } } });
    gateway = await createGateway({
      dataDir: place.data,
      secrets: { persistent: true, get: () => Promise.resolve(undefined), set: () => Promise.resolve(), delete: () => Promise.resolve() },
      token: TOKEN,
      owner: 'editor',
      // Every call of an agent is asked about, and nobody answers yes.
      consent: { mode: 'ask', ask: () => Promise.resolve('once') },
      version: '0.0.0',
      log: () => undefined,
    });
    const { launch } = gateway.snapshot().upstreams[0] ?? assert.fail();
    await gateway.approveLaunch('raw', launch.fingerprint);
    await gateway.refresh('raw');
    await gateway.approve((gateway.snapshot().upstreams[0]?.tools ?? []).filter(({ name }) => name !== 'crash').map(({ digest, name }) => ({ server: 'raw', kind: 'tool', name, digest })));
    const { url } = await gateway.listen();
    agent = new TestAgent({ url, token: TOKEN });
    await agent.initialize();
  });
  after(async () => {
    await gateway.dispose();
    await place.dispose();
  });

  const latest = async (tool: string): Promise<CallRecord> => (await gateway.calls({ tool, limit: 1 }))[0] ?? assert.fail(`no call of ${tool}`);

  it('opens the whole of a result that an agent got shortened', async () => {
    const { text } = await agent.call('call_tool', { tool: 'raw:big', arguments: { bytes: 100_000 } });
    assert.ok(text.length < 21_000);
    const record = await latest('big');
    assert.deepEqual([record.truncated, record.bytesWhole], [true, 100_000]);
    assert.ok(text.includes(record.resultKey ?? 'no key'));
    assert.equal(await gateway.fullResult(record.id), 'x'.repeat(100_000));
    assert.equal(await gateway.fullResult('no-such-call'), undefined);
    const saved = gateway.snapshot().tokens.total.savedTokens;
    assert.ok(saved > 4 * record.tokensOut * 0.9, `${saved} of ${record.tokensOut}`);
  });

  it('makes a call as the person: through every check, without a question, journalled by its route', async () => {
    const { answer, outcome } = await gateway.callTool({ server: 'raw', tool: 'echo', argumentsText: '{"said":"again"}' });
    assert.equal(outcome, 'ok');
    assert.match(answer, /said.*again/);
    const { agent: who, arguments: args, route } = await latest('echo');
    assert.deepEqual([who, route, args], ['person', 'person', { said: 'again' }]);
  });

  it('calls nothing that is not approved, unknown, or paused', async () => {
    for (const tool of ['crash', 'no-such-tool']) {
      const { outcome, answer } = await gateway.callTool({ server: 'raw', tool, argumentsText: '{}' });
      assert.deepEqual([outcome, answer.includes('"isError":true')], ['refused', true], tool);
    }
    await gateway.pause({ server: 'raw' }, { cancel: false });
    assert.equal((await gateway.callTool({ server: 'raw', tool: 'echo', argumentsText: '{}' })).code, 'paused');
    await gateway.resume({});
    assert.equal((await verifyJournal(join(place.data, 'journal'))).ok, true);
  });

  it('keeps what a person’s own call got shortened for them', async () => {
    await gateway.callTool({ server: 'raw', tool: 'big', argumentsText: '{"bytes":50000}' });
    assert.equal((await gateway.fullResult((await latest('big')).id))?.length, 50_000);
  });
});
