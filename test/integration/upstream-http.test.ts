import assert from 'node:assert/strict';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import type { ServerResponse } from 'node:http';
import { after, describe, it } from 'node:test';
import { VestibuleError } from '../../src/proxy/errors.ts';
import { UpstreamError } from '../../src/proxy/upstream/failure.ts';
import { UpstreamCallError } from '../../src/proxy/upstream/types.ts';
import { httpServer, INITIALIZE_RESULT, isCall, mcpServer, openStream, resultOf, sendJson, SESSION } from '../fixtures/upstreams/http-server.ts';
import { callTool, httpAt, supervise, textOf, toolText } from '../fixtures/upstreams/supervised.ts';
import { TLS_CERTIFICATE, TLS_KEY } from '../fixtures/upstreams/self-signed.ts';

const MiB = 1024 * 1024;
const text = (value: string): unknown => ({ content: [{ type: 'text', text: value }] });

function isCallError(kind: UpstreamCallError['kind'], sent?: boolean): (error: unknown) => boolean {
  return (error) => error instanceof UpstreamCallError && error.kind === kind && (sent === undefined || error.sent === sent);
}

/** Rejects with a typed failure whose message and action are there. */
async function failsWith(url: string, reason: string, message: RegExp, type: 'http' | 'sse' = 'http'): Promise<UpstreamError> {
  const { upstream } = supervise(httpAt(url, {}, type), { times: { handshakeMs: 2_000 } });
  const error: unknown = await upstream.connect().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof UpstreamError, String(error));
  assert.equal(error.reason, reason);
  assert.match(error.message, message);
  assert.notEqual(error.action, '');
  return error;
}

describe('Streamable HTTP', () => {
  it('introduces itself, keeps the session and the revision in headers, and ends the session', async () => {
    const server = await mcpServer();
    const { upstream } = supervise(httpAt(server.url, { Authorization: 'Bearer key', 'Mcp-Session-Id': 'forged', Host: 'evil' }));
    const connection = await upstream.connect();
    assert.ok((await toolText(connection, 'echo', '{"n":9007199254740993}')).includes('{"n":9007199254740993}'));
    await server.got(({ method }) => method === 'GET');
    await upstream.stop();

    const [initialize, initialized, list, ...rest] = server.seen;
    assert.deepEqual(initialize?.rpc.params, { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'vestibule', version: '0.0.0-test' } });
    assert.equal(initialize.headers['mcp-session-id'], undefined);
    assert.equal(initialize.headers['mcp-protocol-version'], undefined);
    assert.equal(initialize.headers.accept, 'application/json, text/event-stream');
    assert.equal(initialize.headers['content-type'], 'application/json');
    assert.equal(initialized?.rpc.method, 'notifications/initialized');
    assert.ok([list, ...rest].some((request) => request?.rpc.method === 'tools/list'));
    for (const request of server.seen.slice(1)) {
      assert.equal(request.headers['mcp-session-id'], SESSION);
      assert.equal(request.headers['mcp-protocol-version'], '2025-11-25');
    }
    for (const request of server.seen) {
      assert.equal(request.headers.authorization, 'Bearer key');
      assert.equal(request.headers.host, `127.0.0.1:${server.port}`);
    }
    assert.equal(server.seen.at(-1)?.method, 'DELETE');
  });

  it('reads answers as JSON and as a stream, and keeps what came by a stream with its call', async () => {
    const server = await mcpServer((request, response) => {
      if (!isCall(request, 'stream')) return false;
      const token = (request.rpc.params?.['_meta'] as { progressToken: number }).progressToken;
      const send = openStream(response);
      send({ data: JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: token, progress: 1 } }) });
      send({ data: '{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"for this call"}}' });
      response.write(': keep-alive\n\n');
      send({ event: 'message', data: resultOf(request, text('streamed ☃')) });
      response.end();
      return true;
    });
    const connection = await supervise(httpAt(server.url)).upstream.connect();
    const unsolicited: string[] = [];
    connection.onNotification(({ method }) => unsolicited.push(method));
    const heard: string[] = [];
    const reply = await callTool(connection, 'stream', '{}', {
      onProgress: (params) => heard.push(params),
      onNotification: ({ method, params }) => heard.push(`${method} ${params ?? ''}`),
    });
    assert.equal(textOf(reply), 'streamed ☃');
    assert.match(heard[0] ?? '', /^\{"progressToken":\d+,"progress":1\}$/);
    assert.equal(heard[1], 'notifications/message {"data":"for this call"}');
    assert.deepEqual(unsolicited, []);
  });

  it('keeps two concurrent streams apart', async () => {
    const open = new Map<string, () => void>();
    const server = await mcpServer((request, response) => {
      if (request.rpc.method !== 'tools/call') return false;
      const name = String(request.rpc.params?.['name']);
      const send = openStream(response);
      send({ data: `{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"${name}"}}` });
      open.set(name, () => {
        send({ data: resultOf(request, text(name)) });
        response.end();
      });
      if (open.size === 2) for (const finish of [...open.values()].reverse()) finish();
      return true;
    });
    const connection = await supervise(httpAt(server.url)).upstream.connect();
    const heard: Record<string, string[]> = { a: [], b: [] };
    const call = (name: string): Promise<string> => toolText(connection, name, '{}', { onNotification: ({ params }) => heard[name]?.push(params ?? '') });
    assert.deepEqual(await Promise.all([call('a'), call('b')]), ['a', 'b']);
    assert.deepEqual(heard, { a: ['{"data":"a"}'], b: ['{"data":"b"}'] });
  });

  it('passes a JSON-RPC error on as an answer, whatever the status', async () => {
    const server = await mcpServer((request, response) => isCall(request, 'fail') && sendJson(response, `{"jsonrpc":"2.0","id":${request.rpc.id ?? ''},"error":{"code":-32602,"message":"bad","data":{"n":1.0}}}`, 400));
    const connection = await supervise(httpAt(server.url)).upstream.connect();
    assert.deepEqual(await callTool(connection, 'fail'), { error: '{"code":-32602,"message":"bad","data":{"n":1.0}}' });
  });

  it('resumes a stream that the server lets go of before the answer', async () => {
    const server = await mcpServer((request, response) => {
      if (isCall(request, 'poll')) {
        const send = openStream(response);
        send({ id: 'event-1', retry: 150, data: '' });
        response.end();
        return true;
      }
      if (request.method !== 'GET' || request.headers['last-event-id'] === undefined) return false;
      const send = openStream(response);
      const call = server.seen.find((one) => isCall(one, 'poll'));
      if (request.headers['last-event-id'] === 'event-1') send({ id: 'event-2', data: '{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"half"}}' });
      else if (call !== undefined) send({ id: 'event-3', data: resultOf(call, text('resumed')) });
      response.end();
      return true;
    });
    const connection = await supervise(httpAt(server.url)).upstream.connect();
    const heard: string[] = [];
    const start = performance.now();
    assert.equal(await toolText(connection, 'poll', '{}', { onNotification: ({ params }) => heard.push(params ?? '') }), 'resumed');
    assert.ok(performance.now() - start >= 290, 'the retry time of the server is kept, twice');
    assert.deepEqual(heard, ['{"data":"half"}']);
    assert.equal(server.seen.filter((one) => isCall(one, 'poll')).length, 1);
  });

  it('does not resume a stream without ids: nobody knows what became of the call', async () => {
    const server = await mcpServer((request, response) => {
      if (!isCall(request, 'drop')) return false;
      openStream(response)({ data: '{"jsonrpc":"2.0","method":"notifications/message","params":{}}' });
      response.end();
      return true;
    });
    const connection = await supervise(httpAt(server.url)).upstream.connect();
    await assert.rejects(callTool(connection, 'drop'), isCallError('connection-lost', true));
  });

  it('listens on the GET stream, and comes back to it where it left off', async () => {
    let streams = 0;
    const server = await mcpServer((request, response) => {
      if (request.method !== 'GET') return false;
      const send = openStream(response);
      streams++;
      send({ id: `get-${streams}`, retry: 120, data: `{"jsonrpc":"2.0","method":"notifications/message","params":{"data":${streams}}}` });
      if (streams === 1) response.end();
      return true;
    });
    const { upstream } = supervise(httpAt(server.url));
    const connection = await upstream.connect();
    const second = await server.got(({ headers }) => headers['last-event-id'] === 'get-1');
    assert.equal(second.method, 'GET');
    assert.equal(second.headers['mcp-session-id'], SESSION);
    const heard: string[] = [];
    await new Promise<void>((resolve) => {
      connection.onNotification(({ params }) => {
        heard.push(params ?? '');
        resolve();
      });
    });
    assert.deepEqual(heard, ['{"data":2}']);
  });

  it('lists anew when a change is announced on any stream', async () => {
    const server = await mcpServer((request, response) => {
      if (!isCall(request, 'change')) return false;
      const send = openStream(response);
      send({ data: '{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}' });
      send({ data: resultOf(request, text('changed')) });
      response.end();
      return true;
    });
    const { upstream, listed } = supervise(httpAt(server.url));
    const connection = await upstream.connect();
    await toolText(connection, 'change', '{}', { onNotification: () => assert.fail('not of this call') });
    await listed(2);
  });

  it('answers requests of the server that come by a stream', async () => {
    const server = await mcpServer((request, response) => {
      if (isCall(request, 'ask')) {
        const send = openStream(response);
        send({ data: '{"jsonrpc":"2.0","id":"q","method":"roots/list","params":{}}' });
        void server.got(({ body }) => body.includes('"id":"q"') && !body.includes('roots')).then((answer) => {
          send({ data: resultOf(request, text(answer.body)) });
          response.end();
        });
        return true;
      }
      return false;
    });
    const connection = await supervise(httpAt(server.url)).upstream.connect();
    connection.onRequest = () => Promise.resolve({ result: '{"answered":true}' });
    assert.equal(await toolText(connection, 'ask'), '{"jsonrpc":"2.0","id":"q","result":{"answered":true}}');
  });

  it('cancels with a notification and lets go of the stream', async () => {
    let closed: () => void = () => undefined;
    const gone = new Promise<void>((resolve) => (closed = resolve));
    const server = await mcpServer((request, response) => {
      if (!isCall(request, 'hang')) return false;
      openStream(response);
      response.on('close', closed);
      return true;
    });
    const connection = await supervise(httpAt(server.url)).upstream.connect();
    await assert.rejects(callTool(connection, 'hang', '{}', { timeoutMs: 200 }), isCallError('timeout', true));
    const call = server.seen.find((one) => isCall(one, 'hang'));
    const { rpc } = await server.got(({ rpc }) => rpc.method === 'notifications/cancelled');
    assert.equal(rpc.params?.['requestId'], call?.rpc.id);
    await gone;
  });

  it('opens a new session when the server has lost it, on the next use', async () => {
    for (const [status, body] of [
      [404, '{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"Session not found"}}'],
      [400, '{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Bad Request: No valid session ID provided"}}'],
    ] as const) {
      let lost = true;
      const server = await mcpServer((request, response) => isCall(request, 'echo') && lost && sendJson(response, body, status));
      const { upstream, until } = supervise(httpAt(server.url));
      await assert.rejects(callTool(await upstream.connect(), 'echo'), isCallError('session-lost'));
      await until('idle');
      lost = false;
      assert.ok((await toolText(await upstream.connect(), 'echo')).includes('tools/call'));
      assert.equal(server.seen.filter(({ rpc }) => rpc.method === 'initialize').length, 2);
      assert.equal(server.seen.filter(({ method }) => method === 'DELETE').length, 0);
    }
  });

  it('asks for a sign-in when a key stops working', async () => {
    let valid = true;
    const server = await mcpServer((_request, response) => !valid && sendJson(response, '{}', 401));
    const { upstream, until } = supervise(httpAt(server.url));
    const connection = await upstream.connect();
    valid = false;
    await assert.rejects(callTool(connection, 'echo'), isCallError('auth-required'));
    await until('sign-in-needed');
    await assert.rejects(upstream.connect(), (error: unknown) => VestibuleError.is(error, 'auth-required'));
  });

  it('notices on the next call that the server is gone, and comes back when it is', async () => {
    const server = await mcpServer();
    const { upstream, until } = supervise(httpAt(server.url));
    const connection = await upstream.connect();
    await server.close();
    const lost = async (): Promise<UpstreamCallError> => {
      const error: unknown = await callTool(connection, 'echo').catch((thrown: unknown) => thrown);
      assert.ok(error instanceof UpstreamCallError && error.kind === 'connection-lost');
      return error;
    };
    // The first calls may still meet pooled connections whose end has not been noticed.
    while ((await lost()).sent);
    await until('failed');
    await mcpServer(undefined, server.port);
    await until('ready');
    assert.ok((await toolText(await upstream.connect(), 'echo')).includes('tools/call'));
  });

  it('caps answers, as JSON and as an event', async () => {
    const server = await mcpServer((request, response) => {
      if (isCall(request, 'json')) return sendJson(response, resultOf(request, text('x'.repeat(17 * MiB))));
      if (!isCall(request, 'event')) return false;
      openStream(response)({ data: resultOf(request, text('x'.repeat(17 * MiB))) });
      return true;
    });
    const connection = await supervise(httpAt(server.url)).upstream.connect();
    await assert.rejects(callTool(connection, 'json'), isCallError('too-large', true));
    await assert.rejects(callTool(connection, 'event'), isCallError('too-large', true));
    assert.ok((await toolText(connection, 'echo')).includes('tools/call'));
  });

  it('relays 10 MB by JSON and by stream', async () => {
    const server = await mcpServer((request, response) => {
      const answer = resultOf(request, text('y'.repeat(10_000_000)));
      if (isCall(request, 'json')) return sendJson(response, answer);
      if (!isCall(request, 'event')) return false;
      openStream(response)({ data: answer });
      response.end();
      return true;
    });
    const connection = await supervise(httpAt(server.url)).upstream.connect();
    for (const tool of ['json', 'event']) assert.equal((await toolText(connection, tool)).length, 10_000_000);
  });

  it('uses its connections again', async () => {
    const sockets = new Set<unknown>();
    const server = await mcpServer((_request, response) => {
      sockets.add(response.socket);
      return false;
    });
    const connection = await supervise(httpAt(server.url)).upstream.connect();
    for (let n = 0; n < 20; n++) await toolText(connection, 'echo');
    assert.ok(sockets.size <= 3, `${sockets.size} connections`);
  });
});

describe('redirects', () => {
  it('follows those within the origin, and remembers where they lead', async () => {
    const server = await mcpServer((request, response) => {
      if (request.path !== '/mcp') return false;
      response.writeHead(307, { location: '/mcp/' }).end();
      return true;
    });
    const connection = await supervise(httpAt(server.url)).upstream.connect();
    await toolText(connection, 'echo');
    assert.equal(server.seen.filter(({ path }) => path === '/mcp').length, 1);
    assert.ok(server.seen.some(({ path, rpc }) => path === '/mcp/' && rpc.method === 'initialize'));
  });

  it('sends nothing to another origin, and names it', async () => {
    const other = await mcpServer();
    const server = await httpServer((_request, response) => void response.writeHead(307, { location: other.url }).end());
    const error = await failsWith(server.url, 'http-status', new RegExp(`redirects to http://127\\.0\\.0\\.1:${other.port}`));
    assert.match(error.action, new RegExp(`127\\.0\\.0\\.1:${other.port}`));
    assert.deepEqual(other.seen, []);
  });

  it('does not go round in circles, nor turn a POST into a GET', async () => {
    const circle = await httpServer((_request, response) => void response.writeHead(308, { location: '/mcp' }).end());
    await failsWith(circle.url, 'http-status', /redirects/);
    assert.equal(circle.seen.length, 4);
    const found = await httpServer((_request, response) => void response.writeHead(302, { location: '/elsewhere' }).end());
    await failsWith(found.url, 'http-status', /HTTP 302/);
    assert.equal(found.seen.length, 1);
  });
});

describe('HTTP+SSE of 2024-11-05', () => {
  /** A server of that era; posts go to `endpoint`. */
  async function sseServer(endpoint: string): Promise<Awaited<ReturnType<typeof httpServer>>> {
    let stream: ((fields: { readonly event?: string; readonly data: string }) => void) | undefined;
    return httpServer((request, response: ServerResponse) => {
      if (request.method === 'GET' && request.path === '/mcp') {
        stream = openStream(response);
        stream({ event: 'endpoint', data: endpoint });
      } else if (request.method === 'POST' && request.path.startsWith('/messages')) {
        response.writeHead(202).end('Accepted');
        const { method, id } = request.rpc;
        if (id === undefined) return;
        const result =
          method === 'initialize'
            ? { ...INITIALIZE_RESULT, protocolVersion: '2024-11-05' }
            : method === 'tools/list'
              ? { tools: [{ name: 'echo', inputSchema: {} }] }
              : text(request.body);
        stream?.({ event: 'message', data: resultOf(request, result) });
      } else {
        response.writeHead(405).end();
      }
    });
  }

  for (const type of ['http', 'sse'] as const) {
    it(`is spoken where the server speaks nothing newer (type ${type})`, async () => {
      const server = await sseServer('/messages?sessionId=1');
      const connection = await supervise(httpAt(server.url, { authorization: 'Bearer key' }, type)).upstream.connect();
      assert.equal(connection.info.protocolVersion, '2024-11-05');
      assert.ok((await toolText(connection, 'echo', '{"n":1}')).includes('{"n":1}'));
      assert.ok(server.seen.every(({ headers }) => headers.authorization === 'Bearer key'));
      assert.equal(server.seen[0]?.method, type === 'http' ? 'POST' : 'GET');
    });
  }

  it('posts to no other origin', async () => {
    const other = await mcpServer();
    const server = await sseServer(other.url);
    await failsWith(server.url, 'handshake-failed', /wants messages posted to http:\/\/127\.0\.0\.1/, 'sse');
    assert.deepEqual(other.seen, []);
  });

  it('gives up when no endpoint is named', async () => {
    const server = await httpServer((_request, response) => void openStream(response));
    await failsWith(server.url, 'handshake-timeout', /did not answer within 2 s/, 'sse');
  });
});

describe('an HTTP upstream that cannot be reached', () => {
  it('answers with a web page', async () => {
    const server = await httpServer((_request, response) => void response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<html>Welcome'));
    const error = await failsWith(server.url, 'handshake-failed', /answers with a web page/);
    assert.ok(error.evidence.some((line) => line.includes('<html>Welcome')));
  });

  it('answers 404, 401, 403, 503', async () => {
    for (const [status, reason, message] of [
      [404, 'http-status', /no MCP endpoint/],
      [401, 'auth-required', /requires a sign-in/],
      [403, 'auth-required', /requires a sign-in/],
      [503, 'http-status', /has a problem of its own/],
    ] as const) {
      const server = await httpServer((_request, response) => void response.writeHead(status, { 'content-type': 'text/plain' }).end('no'));
      await failsWith(server.url, reason, message);
      // Only a 4xx that is no refusal can be the answer of an HTTP+SSE server.
      assert.equal(server.seen.some(({ method }) => method === 'GET'), status === 404);
    }
  });

  it('does not listen, does not exist, breaks off, never answers', async () => {
    const server = await mcpServer();
    await server.close();
    await failsWith(server.url, 'connection-failed', /Nothing listens at 127\.0\.0\.1/);
    await failsWith('http://no-such-host.invalid/mcp', 'connection-failed', /cannot be resolved/);
    const hangingUp = createTcpServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => hangingUp.listen(0, '127.0.0.1', resolve));
    after(() => hangingUp.close());
    await failsWith(`http://127.0.0.1:${(hangingUp.address() as AddressInfo).port}/`, 'connection-failed', /closed the connection/);
    const mute = await httpServer(() => undefined);
    await failsWith(mute.url, 'handshake-timeout', /did not answer within 2 s/);
  });

  it('has a certificate that is not trusted, or no TLS at all', async () => {
    const secure = await httpServer(
      (_request, response) => void response.end(),
      (listener) => createTlsServer({ key: TLS_KEY, cert: TLS_CERTIFICATE }, listener),
    );
    await failsWith(`https://127.0.0.1:${secure.port}/mcp`, 'connection-failed', /is not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\)/);
    const plain = await mcpServer();
    await failsWith(`https://127.0.0.1:${plain.port}/mcp`, 'connection-failed', /does not speak TLS/);
    assert.deepEqual(plain.seen, []);
  });

  it('has an address that must not be dialled', async () => {
    for (const url of ['http://169.254.169.254/', 'http://[::ffff:169.254.169.254]/', 'http://2852039166/', 'http://[fe80::1]/', 'http://0xa9fea9fe/']) {
      await failsWith(url, 'bad-url', /link-local or metadata/);
    }
    await failsWith('file:///etc/passwd', 'bad-url', /not an http/);
    await failsWith('http://user:secret@127.0.0.1/', 'bad-url', /user name or password/);
  });

  it('dials nothing while the launch is not approved', async () => {
    const server = await mcpServer();
    const { upstream } = supervise(httpAt(server.url), { deps: { launchApproved: () => false } });
    await assert.rejects(upstream.connect(), (error: unknown) => VestibuleError.is(error, 'launch-not-approved'));
    assert.deepEqual(server.seen, []);
  });

  it('has a header that HTTP cannot carry', async () => {
    const server = await mcpServer();
    const { upstream } = supervise(httpAt(server.url, { authorization: 'Bearer a\nb' }));
    await assert.rejects(upstream.connect(), /character that HTTP does not allow/);
  });
});
