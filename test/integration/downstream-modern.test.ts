import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rpcError } from '../../src/proxy/json/frame.ts';
import type { RawReply } from '../../src/proxy/model.ts';
import { deferred, ENVELOPE, EventReader, type HttpAnswer, MODERN, modernMessage, next, open, post, type Rig, send, startRig } from './downstream-kit.ts';

const SERVER_INFO = { name: 'vestibule', title: 'Vestibule', version: '9.8.7' };
const META = { 'io.modelcontextprotocol/serverInfo': SERVER_INFO };

function ask(rig: Rig, method: string, params: Readonly<Record<string, unknown>> = {}, extra: Readonly<Record<string, string>> = {}): Promise<HttpAnswer> {
  const { headers, message } = modernMessage(method, params);
  return post(rig, message, { ...headers, ...extra });
}

/** POSTs with exactly these protocol headers. */
function tell(rig: Rig, message: unknown, headers: Readonly<Record<string, string>>): Promise<HttpAnswer> {
  return post(rig, message, headers);
}

async function openListen(rig: Rig, notifications: unknown, id: string | number = 'l'): Promise<EventReader> {
  const { headers, message } = modernMessage('subscriptions/listen', { notifications }, id);
  return new EventReader(await open(rig.port, { headers: { ...rig.headers, ...headers }, body: JSON.stringify(message) }));
}

describe('the envelope of a modern request', () => {
  const full = ENVELOPE;
  const without = (key: string): Record<string, unknown> => Object.fromEntries(Object.entries(full).filter(([name]) => name !== key));
  const version = 'io.modelcontextprotocol/protocolVersion';
  const capabilities = 'io.modelcontextprotocol/clientCapabilities';
  const cases: readonly [string, unknown, readonly string[]][] = [
    ['no params', undefined, ['_meta']],
    ['no _meta', {}, ['_meta']],
    ['no version', { _meta: without(version) }, [version]],
    ['no capabilities', { _meta: without(capabilities) }, [capabilities]],
    ['neither', { _meta: {} }, [version, capabilities]],
    ['a version that is no string', { _meta: { ...full, [version]: 20260728 } }, [version]],
    ['capabilities that are no object', { _meta: { ...full, [capabilities]: [] } }, [capabilities]],
    ['a client that is no object', { _meta: { ...full, 'io.modelcontextprotocol/clientInfo': 'me' } }, ['io.modelcontextprotocol/clientInfo']],
    ['a log level that is no string', { _meta: { ...full, 'io.modelcontextprotocol/logLevel': 3 } }, ['io.modelcontextprotocol/logLevel']],
  ];
  for (const [name, params, wrong] of cases) {
    it(`is refused with ${name}`, async () => {
      await using rig = await startRig();
      const message = { jsonrpc: '2.0', id: 5, method: 'tools/list', params };
      const { status, json } = await tell(rig, message, { 'mcp-protocol-version': MODERN, 'mcp-method': 'tools/list' });
      assert.deepEqual([status, json?.id, json?.error?.code, json?.error?.data], [400, 5, -32602, { envelope: wrong }]);
      assert.equal(rig.handler.requests.length, 0);
    });
  }

  it('needs no client info', async () => {
    await using rig = await startRig();
    rig.handler.answers.set('tools/list', ({ session }) => ({ result: JSON.stringify({ tools: [], client: session.client }) }));
    const message = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: without('io.modelcontextprotocol/clientInfo') } };
    const { json } = await tell(rig, message, { 'mcp-protocol-version': MODERN, 'mcp-method': 'tools/list' });
    assert.deepEqual(json?.result?.['client'], { name: 'unknown', version: 'unknown' });
  });

  it('names the versions we speak to a client that speaks another', async () => {
    await using rig = await startRig();
    for (const requested of ['2099-01-01', 'v999.0.0', '2025-11-25']) {
      const message = { jsonrpc: '2.0', id: 2, method: 'server/discover', params: { _meta: { ...full, [version]: requested } } };
      const { status, json } = await tell(rig, message, { 'mcp-protocol-version': requested, 'mcp-method': 'server/discover' });
      assert.deepEqual([status, json?.id, json?.error?.code, json?.error?.data], [400, 2, -32022, { supported: [MODERN], requested }]);
    }
  });

  const right = { 'mcp-protocol-version': MODERN, 'mcp-method': 'tools/call', 'mcp-name': 'approved' };
  const mismatches: readonly [string, Readonly<Record<string, string>>][] = [
    ['another version', { ...right, 'mcp-protocol-version': '2025-11-25' }],
    ['no version', { 'mcp-method': 'tools/call', 'mcp-name': 'approved' }],
    ['another method', { ...right, 'mcp-method': 'tools/list' }],
    ['the method in capitals', { ...right, 'mcp-method': 'TOOLS/CALL' }],
    ['no method', { 'mcp-protocol-version': MODERN, 'mcp-name': 'approved' }],
    ['another name', { ...right, 'mcp-name': 'other' }],
    ['no name', { 'mcp-protocol-version': MODERN, 'mcp-method': 'tools/call' }],
    ['a broken wrapping of the name', { ...right, 'mcp-name': '=?base64?YXBwcm92ZWQ?=' }],
  ];
  for (const [name, headers] of mismatches) {
    it(`must not be contradicted by headers with ${name}`, async () => {
      await using rig = await startRig();
      const { message } = modernMessage('tools/call', { name: 'approved' });
      const { status, json } = await tell(rig, message, headers);
      assert.deepEqual([status, json?.error?.code, json?.id], [400, -32020, 1]);
      assert.equal(rig.handler.requests.length, 0);
    });
  }

  it('matches names wrapped in base64 or surrounded by space', async () => {
    await using rig = await startRig();
    rig.handler.answers.set('tools/call', () => ({ result: '{"content":[]}' }));
    for (const [name, header] of [
      ['grüße', `=?base64?${Buffer.from('grüße').toString('base64')}?=`],
      ['approved', '  approved  '],
    ] as const) {
      const { message } = modernMessage('tools/call', { name });
      assert.equal((await tell(rig, message, { ...right, 'mcp-name': header })).status, 200, header);
    }
  });

  it('wins over a session header, and over initialize', async () => {
    await using rig = await startRig();
    rig.handler.answers.set('tools/list', () => ({ result: '{"tools":[]}' }));
    assert.equal((await ask(rig, 'tools/list', {}, { 'mcp-session-id': 'whatever' })).status, 200);
    const { status, json } = await ask(rig, 'initialize');
    assert.deepEqual([status, json?.error?.code], [404, -32601]);
    assert.equal(rig.handler.requests.length, 1);
  });
});

describe('modern requests', () => {
  it('discovers what there is', async () => {
    await using rig = await startRig();
    const { status, json } = await ask(rig, 'server/discover');
    assert.equal(status, 200);
    assert.deepEqual(json?.result, {
      supportedVersions: [MODERN],
      capabilities: { tools: { listChanged: true } },
      instructions: 'Search first.',
      resultType: 'complete',
      ttlMs: 0,
      cacheScope: 'private',
      _meta: META,
    });
  });

  it('completes results with what is missing, and leaves what is there', async () => {
    await using rig = await startRig();
    const results = new Map<string, readonly [string, string]>([
      ['tools/list', ['{"tools":[]}', `{"tools":[],"resultType":"complete","ttlMs":0,"cacheScope":"private","_meta":${JSON.stringify(META)}}`]],
      ['tools/call', ['{ "n": 9007199254740993 }', `{ "n": 9007199254740993 ,"resultType":"complete","_meta":${JSON.stringify(META)}}`]],
      ['prompts/list', ['{"ttlMs":5,"cacheScope":"public","resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"up"}}}', '']],
      ['resources/read', ['{"resultType":"input_required","_meta":{"a":1}}', `{"resultType":"input_required","_meta":{"a":1,"io.modelcontextprotocol/serverInfo":${JSON.stringify(SERVER_INFO)}}}`]],
      ['completion/complete', ['{}', `{"resultType":"complete","_meta":${JSON.stringify(META)}}`]],
    ]);
    for (const [method, [given, expected]] of results) {
      rig.handler.answers.set(method, () => ({ result: given }));
      const { text } = await ask(rig, method);
      assert.equal(text, `{"jsonrpc":"2.0","id":1,"result":${expected === '' ? given : expected}}`);
    }
  });

  it('says unknown and removed methods with 404, a missing capability with 400, other errors with 200', async () => {
    await using rig = await startRig();
    // The handler has these for the legacy era.
    for (const method of ['ping', 'logging/setLevel', 'resources/subscribe']) rig.handler.answers.set(method, () => ({ result: '{}' }));
    for (const method of ['unknown/method', 'ping', 'logging/setLevel', 'resources/subscribe', 'resources/unsubscribe', '__proto__', 'constructor']) {
      const { status, json } = await ask(rig, method);
      assert.deepEqual([status, json?.error?.code, json?.id], [404, -32601, 1], method);
    }
    rig.handler.answers.set('tools/call', () => ({ error: rpcError(-32021, 'needs', { requiredCapabilities: { sampling: {} } }) }));
    assert.equal((await ask(rig, 'tools/call')).status, 400);
    rig.handler.answers.set('tools/call', () => ({ error: rpcError(-32602, 'bad') }));
    assert.equal((await ask(rig, 'tools/call')).status, 200);
  });

  it('takes notifications with 202 and nothing else; refuses answers to nothing', async () => {
    await using rig = await startRig();
    const { status, text } = await tell(rig, { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } }, {});
    assert.deepEqual([status, text], [202, '']);
    const { status: refused, json } = await tell(rig, { jsonrpc: '2.0', id: 1, result: {} }, {});
    assert.deepEqual([refused, json?.error?.code], [400, -32600]);
    assert.equal(rig.handler.notifications.length, 0);
  });

  it('streams progress ahead of the answer, and log messages only to those who asked', async () => {
    await using rig = await startRig();
    rig.handler.answers.set('tools/call', (request) => {
      request.notify('notifications/progress', '{"progressToken":0,"progress":1}');
      request.notify('notifications/message', '{"level":"info","data":"x"}');
      return { result: '{"content":[]}' };
    });
    const methods = async (params: Readonly<Record<string, unknown>>): Promise<unknown[]> => {
      const { headers, message } = modernMessage('tools/call', params);
      const events = new EventReader(await open(rig.port, { headers: { ...rig.headers, ...headers }, body: JSON.stringify(message) }));
      const seen: unknown[] = [];
      for (let event = await events.next(); event !== undefined; event = await events.next()) {
        assert.equal(event.id, undefined, 'nothing to resume here');
        seen.push(event.message?.method ?? event.message?.result?.['resultType']);
      }
      return seen;
    };
    assert.deepEqual(await methods({}), ['notifications/progress', 'complete']);
    const logs = { _meta: { 'io.modelcontextprotocol/logLevel': 'info' } };
    assert.deepEqual(await methods(logs), ['notifications/progress', 'notifications/message', 'complete']);
  });

  it('is cancelled by closing the response, before and after it has started', async () => {
    await using rig = await startRig();
    for (const early of [true, false]) {
      const started = deferred<AbortSignal>();
      rig.handler.answers.set('tools/call', (request) => {
        if (!early) request.notify('notifications/progress', '{"progressToken":0,"progress":1}');
        started.resolve(request.signal);
        return new Promise(() => undefined);
      });
      const { headers, message } = modernMessage('tools/call');
      const abort = new AbortController();
      const response = fetch(rig.url, { method: 'POST', headers: { ...rig.headers, ...headers }, body: JSON.stringify(message), signal: abort.signal });
      const signal = await started.promise;
      if (!early) await response;
      const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve));
      abort.abort();
      await response.catch(() => undefined);
      await aborted;
    }
  });

  it('knows a caller again by principal, client and capabilities', async () => {
    await using rig = await startRig();
    const ids: string[] = [];
    rig.handler.answers.set('tools/list', ({ session }) => {
      ids.push(session.id);
      return { result: '{"tools":[]}' };
    });
    await ask(rig, 'tools/list');
    await ask(rig, 'tools/list');
    await ask(rig, 'tools/list', {}, { authorization: `Bearer ${rig.agentToken}` });
    await ask(rig, 'tools/list', { _meta: { 'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '2' } } });
    await ask(rig, 'tools/list', { _meta: { 'io.modelcontextprotocol/clientCapabilities': { elicitation: {} } } });
    assert.equal(ids[0], ids[1]);
    assert.equal(new Set(ids).size, 4);
    assert.equal(rig.listener.sessions().length, 4);
    assert.ok(rig.listener.sessions().every(({ era }) => era === 'modern'));
  });

  it('cannot be asked anything', async () => {
    await using rig = await startRig();
    rig.handler.answers.set('tools/call', async (request) => {
      await assert.rejects(request.request('roots/list'), { kind: 'unsupported' });
      return { result: '{}' };
    });
    assert.equal((await ask(rig, 'tools/call')).json?.result?.['resultType'], 'complete');
  });
});

describe('subscriptions/listen', () => {
  it('acknowledges what can be delivered, then delivers that and no more, marked with its id', async () => {
    await using rig = await startRig();
    rig.handler.capabilities = '{"tools":{"listChanged":true},"resources":{"subscribe":true}}';
    const opened = next(rig.handler.onOpened);
    const listening = next(rig.handler.onListening);
    const events = await openListen(rig, { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true, resourceSubscriptions: ['a:1'] }, 0);
    const meta = { 'io.modelcontextprotocol/subscriptionId': 0 };
    assert.deepEqual((await events.next())?.message, {
      jsonrpc: '2.0',
      method: 'notifications/subscriptions/acknowledged',
      params: { notifications: { toolsListChanged: true, resourceSubscriptions: ['a:1'] }, _meta: meta },
    });
    assert.deepEqual([...(await listening)], ['a:1']);
    const session = await opened;
    session.notify('notifications/prompts/list_changed');
    session.notify('notifications/resources/list_changed');
    session.notify('notifications/resources/updated', '{"uri":"a:2"}');
    session.notify('notifications/message', '{"level":"info"}');
    session.notify('notifications/resources/updated', '{"uri":"a:1","_meta":{"k":1}}');
    session.notify('notifications/tools/list_changed');
    assert.deepEqual((await events.next())?.message?.params, { uri: 'a:1', _meta: { k: 1, ...meta } });
    assert.deepEqual((await events.next())?.message, { jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: { _meta: meta } });
    const silent = next(rig.handler.onListening);
    events.close();
    assert.equal((await silent).size, 0);
  });

  it('ends with its result when the endpoint closes', async () => {
    await using rig = await startRig();
    const events = await openListen(rig, { toolsListChanged: true }, 'listen:0');
    await events.next();
    const closing = rig.listener.close(1_000);
    assert.deepEqual((await events.next())?.message, {
      jsonrpc: '2.0',
      id: 'listen:0',
      result: { resultType: 'complete', _meta: { 'io.modelcontextprotocol/subscriptionId': 'listen:0', ...META } },
    });
    assert.equal(await events.next(), undefined);
    await closing;
  });

  it('ends at once when nothing asked for can be delivered', async () => {
    await using rig = await startRig();
    const events = await openListen(rig, { promptsListChanged: true });
    assert.deepEqual((await events.next())?.message?.params?.['notifications'], {});
    assert.equal((await events.next())?.message?.result?.['resultType'], 'complete');
    assert.equal(await events.next(), undefined);
  });

  it('refuses malformed filters and too many streams', async () => {
    await using rig = await startRig({ limits: { listensPerCaller: 1 } });
    const uris = Array.from({ length: 1_001 }, (_, n) => `a:${n}`);
    for (const notifications of [undefined, [], 'all', { toolsListChanged: 'yes' }, { resourceSubscriptions: 'a:1' }, { resourceSubscriptions: [1] }, { resourceSubscriptions: uris }]) {
      const { status, json } = await ask(rig, 'subscriptions/listen', { notifications });
      assert.deepEqual([status, json?.error?.code], [200, -32602], `filter ${JSON.stringify({ notifications }).slice(0, 60)}`);
    }
    const first = await openListen(rig, { toolsListChanged: true });
    await first.next();
    const { json } = await ask(rig, 'subscriptions/listen', { notifications: { toolsListChanged: true } });
    assert.equal(json?.error?.code, -32000);
    first.close();
    const { status } = await ask(rig, 'subscriptions/listen', { notifications: {} }, { accept: 'application/json' });
    assert.equal(status, 406);
  });
});

describe('deciding the era', () => {
  it('takes a version header beyond the legacy list as modern, and any listed one as legacy', async () => {
    await using rig = await startRig();
    const release = deferred<RawReply>();
    release.resolve({ result: '{"tools":[]}' });
    rig.handler.answers.set('tools/list', () => release.promise);
    const bare = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
    assert.equal((await tell(rig, bare, { 'mcp-session-id': 'x', 'mcp-protocol-version': MODERN })).json?.error?.code, -32602);
    assert.equal((await tell(rig, bare, { 'mcp-session-id': 'x', 'mcp-protocol-version': '2025-06-18' })).json?.error?.code, -32001);
  });

  it('reads an envelope whose slashes are escaped', async () => {
    await using rig = await startRig();
    const { headers, message } = modernMessage('server/discover');
    const body = JSON.stringify(message).replaceAll('/', '\\/');
    const answer = await send(rig.port, { headers: { ...rig.headers, ...headers }, body });
    assert.deepEqual([answer.status, answer.json?.result?.['supportedVersions']], [200, [MODERN]]);
  });

  it('is not misled by envelope keys outside of _meta', async () => {
    await using rig = await startRig();
    const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { arguments: { _meta: ENVELOPE, ...ENVELOPE } } };
    const { status, json } = await send(rig.port, { headers: { ...rig.headers, 'mcp-session-id': 'x' }, body: JSON.stringify(message) });
    assert.deepEqual([status, json?.error?.code], [404, -32001]);
  });
});
