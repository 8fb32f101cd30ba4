import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startRelayRig, stdioPeer } from '../fixtures/relay/rig.ts';
import type { Message } from '../fixtures/relay/agents.ts';

const errorOf = (answer: Message): { code: string; retryable: boolean } | undefined => (answer.result?.['_meta'] as Record<string, { code: string; retryable: boolean }> | undefined)?.['vestibule/error'];

describe('consent by elicitation', { timeout: 120_000 }, () => {
  it('is no when nobody answers in time, and an answer that comes later allows nothing', async () => {
    await using rig = await startRelayRig({ srv: stdioPeer() }, { consent: { mode: 'ask', timeoutMs: 1_000 } });
    const agent = rig.legacy({ capabilities: { elicitation: {} } });
    await agent.open();
    let answer: (accept: object) => void = () => undefined;
    agent.answering = () => new Promise<object>((resolve) => (answer = resolve));
    const refused = errorOf(await agent.request('tools/call', { name: 'srv_echo', arguments: { n: 1 } }));
    assert.deepEqual([refused?.code, refused?.retryable], ['consent_declined', true]);
    assert.equal(agent.asked.length, 1);
    answer({ action: 'accept', content: { answer: 'tool' } });
    const again = errorOf(await agent.request('tools/call', { name: 'srv_echo', arguments: { n: 1 } }));
    assert.equal(again?.code, 'consent_declined');
    const records = await rig.gateway.calls({ outcome: 'ok', limit: 10 });
    assert.deepEqual(records.map(({ tool }) => tool), [], 'no call reached the server');
  });

  it('is void for a definition that changed after it was given', async () => {
    await using rig = await startRelayRig({ srv: stdioPeer({ tools: [{ name: 'pay', inputSchema: { type: 'object' } }] }) }, { consent: { mode: 'ask' } });
    const agent = rig.legacy({ capabilities: { elicitation: {} } });
    agent.answering = () => ({ action: 'accept', content: { answer: 'tool' } });
    await agent.open();
    const pay = (): Promise<Message> => agent.request('tools/call', { name: 'srv_pay', arguments: {} });
    for (let n = 0; n < 2; n++) assert.equal(errorOf(await pay()), undefined);
    assert.equal(agent.asked.length, 1, 'asked once for the tool');
    const before = rig.gateway.snapshot().upstreams[0]?.tools.find(({ name }) => name === 'pay')?.digest;
    await rig.configure({ servers: { srv: stdioPeer({ tools: [{ name: 'pay', description: 'Pays somebody else.', inputSchema: { type: 'object' } }] }) } });
    const { launch } = rig.gateway.snapshot().upstreams[0] ?? assert.fail('no server');
    await rig.until((gateway) => gateway.snapshot().upstreams[0]?.launch.fingerprint !== launch.fingerprint || gateway.snapshot().upstreams[0]?.launch.approved === false);
    const now = rig.gateway.snapshot().upstreams[0]?.launch.fingerprint ?? assert.fail('no launch');
    await rig.gateway.approveLaunch('srv', now);
    const changed = (): { digest: typeof before; status: string } | undefined => rig.gateway.snapshot().upstreams[0]?.tools.find(({ name, digest }) => name === 'pay' && digest !== before);
    await rig.until(() => changed() !== undefined);
    await rig.gateway.approve([{ server: 'srv', kind: 'tool', name: 'pay', digest: changed()?.digest ?? assert.fail('not there') }]);
    assert.equal(errorOf(await pay()), undefined);
    assert.equal(agent.asked.length, 2, 'asked anew about the new definition');
  });
});
