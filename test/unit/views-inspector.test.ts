import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CallRecord } from '../../src/proxy/journal/types.ts';
import { MAX_QUERY, readFromPage, readToPage, unreadRequest } from '../../src/views/inspector/messages.ts';
import { inspectorPage } from '../../src/views/inspector/page.ts';
import { callRow, searchAnswer, shownJson } from '../../src/views/inspector/rows.ts';
import { snapshot, tool, upstream } from './views-fixtures.ts';

const bare: CallRecord = {
  v: 1,
  seq: 7,
  time: '2026-01-02T03:04:05.678Z',
  id: 'c7',
  session: 's',
  agent: 'editor',
  client: 'Code 1.139',
  server: 'files',
  tool: 'read_file',
  route: 'call_tool',
  outcome: 'ok',
  durationMs: 12,
  bytesIn: 30,
  bytesOut: 4000,
  tokensOut: 1000,
  truncated: false,
  findings: [],
  prev: '',
  hash: '',
};
const record: CallRecord = { ...bare, arguments: { path: '/a\u202Eb', list: [1] } };

describe('messages of the page', () => {
  it('are read when they are of the protocol', () => {
    assert.deepEqual(readFromPage({ type: 'ready' }), { type: 'ready' });
    const search = { type: 'request', id: 1, method: 'search', params: { query: 'x' } };
    assert.deepEqual(readFromPage(search), search);
    assert.deepEqual(readFromPage({ type: 'request', id: 2, method: 'calls', params: { text: '', outcome: 'ok', before: 7 } }), {
      type: 'request',
      id: 2,
      method: 'calls',
      params: { text: '', outcome: 'ok', before: 7 },
    });
  });

  it('end a request, or are refused by their number, so that nobody waits for an answer that does not come', () => {
    assert.deepEqual(readFromPage({ type: 'cancel', id: 3, more: 1 }), { type: 'cancel', id: 3 });
    assert.equal(readFromPage({ type: 'cancel', id: '3' }), undefined);
    assert.equal(unreadRequest({ type: 'request', id: 4, method: 'search', params: { query: 'x'.repeat(MAX_QUERY + 1) } }), 4);
    assert.equal(unreadRequest({ type: 'approve', id: 4 }), undefined);
  });

  // Security U3.
  it('are nothing otherwise: no approval can be forged', () => {
    for (const forged of [
      undefined,
      'ready',
      { type: 'approve', server: 'files' },
      { type: 'request', id: 1, method: 'approve', params: { server: 'files' } },
      { type: 'request', id: '1', method: 'search', params: { query: 'x' } },
      { type: 'request', id: 1, method: 'search', params: { query: 'x'.repeat(MAX_QUERY + 1) } },
      { type: 'request', id: 1, method: 'search', params: { query: {} } },
      { type: 'request', id: 1, method: 'calls', params: { text: '', outcome: 'toString' } },
      { type: 'request', id: 1, method: 'constructor', params: {} },
      { type: 'request', id: 1, method: 'calls', params: { text: '', before: -1 } },
      { type: 'request', id: 1, method: 'detail', params: { seq: '1' } },
      { type: 'request', id: 1, method: 'compare', params: {} },
    ]) {
      assert.equal(readFromPage(forged), undefined);
    }
    assert.equal(readToPage({ type: 'approve' }), undefined);
  });
});

describe('the page', () => {
  const html = inspectorPage({ cspSource: 'https://*.vscode-cdn.net', language: 'en', nonce: 'abc123', styleNonce: 'def456', script: 'https://x/main.js', style: 'https://x/inspector.css' });
  const csp = /Content-Security-Policy" content="([^"]+)"/.exec(html)?.[1] ?? '';

  it('has a strict policy: our script by nonce, our style, and nothing else', () => {
    assert.deepEqual(csp.split('; '), [
      "default-src 'none'",
      "script-src 'nonce-abc123'",
      "style-src https://*.vscode-cdn.net 'nonce-def456'",
      "base-uri 'none'",
      "form-action 'none'",
    ]);
  });

  it('has nothing inline', () => {
    assert.doesNotMatch(html, /\son\w+=|style=|<style|javascript:/i);
    assert.deepEqual([...html.matchAll(/<script[^>]*>(.*?)<\/script>/g)].map(([, body]) => body), ['']);
  });
});

describe('rows of the page', () => {
  it('show a call with its sizes, arguments laid out, nothing invisible', () => {
    const row = callRow(record);
    assert.equal(row.time, Date.UTC(2026, 0, 2, 3, 4, 5, 678));
    assert.deepEqual([row.bytesIn, row.bytesOut, row.tokensOut, row.durationMs], [30, 4000, 1000, 12]);
    assert.equal(shownJson(record.arguments), '{\n  "path": "/a\\u{202E}b",\n  "list": [\n    1\n  ]\n}');
  });

  it('cut huge arguments, and say so', () => {
    assert.match(shownJson({ text: 'x'.repeat(100_000) }), /… 34\d\d\d more characters$/);
  });

  it('show what an agent would get, with scores, reasons and what is hidden', () => {
    const tools = [tool('a', { status: 'approved', tier: 'read' }), tool('b'), tool('c', { status: 'changed' }), tool('d', { status: 'blocked' })];
    const hits = [{ id: 'files:a' as const, score: 2.5, explain: [{ term: 'a', field: 'name', score: 2.5 }] }];
    assert.deepEqual(searchAnswer('does', hits, snapshot([upstream({ tools }), upstream({ name: 'off', config: { enabled: false }, tools })])), {
      tools: [{ id: 'files:a', tier: 'reads only', summary: 'Does a.', score: 2.5, reasons: [{ term: 'a', field: 'name', score: 2.5 }], tokens: 21 }],
      searched: 1,
      hidden: 2,
      hiddenTools: [
        { id: 'files:b', why: 'it awaits your approval (new)' },
        { id: 'files:c', why: 'it changed since you approved it' },
        { id: 'files:d', why: 'you blocked it' },
        ...['a', 'b', 'c', 'd'].map((name) => ({ id: `files:${name}`, why: 'its server is off' })),
      ],
    });
  });
});
