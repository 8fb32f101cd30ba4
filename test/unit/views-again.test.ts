import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CallRecord } from '../../src/proxy/journal/types.ts';
import { callAgain, draftOf } from '../../src/views/inspector/again.ts';
import { readFromPage } from '../../src/views/inspector/messages.ts';
import { tokensAnswer } from '../../src/views/present/tokens.ts';
import { FakeGateway, ScriptedDialogs, snapshot, tool, upstream } from './views-fixtures.ts';

const record = (more: Partial<CallRecord> = {}): CallRecord => ({
  v: 1, seq: 1, time: '2026-01-01T00:00:00.000Z', id: 'x-1', session: 's', agent: 'editor', client: 'c 1', server: 'files', tool: 'write', route: 'direct', arguments: { path: 'a' },
  outcome: 'ok', durationMs: 1, bytesIn: 1, bytesOut: 1, tokensOut: 1, truncated: false, findings: [], prev: '', hash: '', ...more,
});

function gatewayWith(...records: readonly CallRecord[]): FakeGateway {
  const gateway = new FakeGateway(snapshot([upstream({ tools: [tool('write', { status: 'approved' }), tool('read', { status: 'approved', tier: 'read' })] })]));
  gateway.records = records;
  return gateway;
}

function said(yes: boolean): ScriptedDialogs {
  const dialogs = new ScriptedDialogs();
  dialogs.yes = yes;
  return dialogs;
}

describe('calling again', () => {
  it('takes the arguments of the record, and says when some were left out', async () => {
    assert.deepEqual(await draftOf(gatewayWith(record()), 'x-1'), { arguments: '{\n  "path": "a"\n}', note: undefined });
    const { note } = await draftOf(gatewayWith(record({ arguments: { key: '[redacted]' } })), 'x-1');
    assert.match(note ?? '', /not recorded/);
  });

  it('asks before anything that is not read-only, shows what is sent, and takes a no', async () => {
    const gateway = gatewayWith(record());
    const dialogs = said(false);
    assert.equal(await callAgain(gateway, dialogs, 'x-1', '{"path":"b\\u202e"}'), undefined);
    assert.deepEqual(gateway.made, []);
    assert.equal(dialogs.confirmations.length, 1);
    assert.match(dialogs.confirmations[0]?.message ?? '', /files:write/);
    assert.match(dialogs.confirmations[0]?.detail ?? '', /"path":"b/);
  });

  it('sends what was edited, with a yes or for a read-only tool, and shows the answer', async () => {
    const gateway = gatewayWith(record(), record({ id: 'x-2', tool: 'read' }));
    const yes = said(true);
    const answer = await callAgain(gateway, yes, 'x-1', '{"path":"b"}');
    assert.deepEqual([answer?.outcome, JSON.parse(answer?.text ?? '')], ['ok', { content: [{ type: 'text', text: 'done' }] }]);
    await callAgain(gateway, yes, 'x-2', '{}');
    assert.equal(yes.confirmations.length, 1, 'nobody is asked about a read-only tool');
    assert.deepEqual(gateway.made.map(({ argumentsText, server, tool: name }) => [server, name, argumentsText]), [['files', 'write', '{"path":"b"}'], ['files', 'read', '{}']]);
  });

  it('sends nothing that is no object, holds what was left out, or has no record', async () => {
    const gateway = gatewayWith(record(), record({ id: 'menu', server: '' }));
    const yes = said(true);
    for (const [id, text] of [['x-1', '[]'], ['x-1', '{'], ['x-1', '{"a":"[redacted]"}'], ['gone', '{}'], ['menu', '{}']] as const) await assert.rejects(callAgain(gateway, yes, id, text), (error) => error instanceof Error && 'action' in error);
    assert.deepEqual(gateway.made, []);
  });
});

describe('messages about one call', () => {
  it('are read, and nothing that only looks like one', () => {
    const message = (method: string, params: unknown): unknown => ({ type: 'request', id: 1, method, params });
    assert.deepEqual(readFromPage(message('again', { id: 'a', arguments: '{}' })), { type: 'request', id: 1, method: 'again', params: { id: 'a', arguments: '{}' } });
    assert.deepEqual(readFromPage(message('full', { id: 'a', more: 1 })), { type: 'request', id: 1, method: 'full', params: { id: 'a' } });
    for (const params of [{}, { id: '' }, { id: 7 }, { id: 'x'.repeat(501) }]) for (const method of ['draft', 'full', 'again']) assert.equal(readFromPage(message(method, params)), undefined);
    assert.equal(readFromPage(message('again', { id: 'a', arguments: 'x'.repeat(1024 * 1024 + 1) })), undefined);
  });
});

describe('the token account as shown', () => {
  it('names each agent, its figures, and the break-even', () => {
    const state = gatewayWith().state;
    const answers = { menuCalls: 2, menuTokens: 800, toolCalls: 3, toolTokens: 900, savedTokens: 40_000 };
    const { notes, sessions } = tokensAnswer({
      ...state,
      menu: { mode: 'adaptive', effective: 'adaptive', directTokens: 20_000, menuTokens: 1_400, directThreshold: 0, exact: true },
      sessions: [{ id: 's', kind: 'editor', agent: 'editor', client: 'Code 1', era: 'legacy', since: 0 }],
      tokens: { sessions: [{ session: 's', listTokens: 900, directTokens: 20_000, exact: true, ...answers }], total: answers },
    });
    assert.equal(sessions[0]?.who, 'editor (Code 1)');
    assert.match(sessions[0].balance, /breaks even at about 47/);
    assert.match(notes[0] ?? '', /would cost 20,000 tokens .* the menu is the cheaper one; the menu is used now/);
    assert.match(notes[1] ?? '', /kept about 40,000 tokens out/);
  });
});
