import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { VestibuleError } from '../../src/proxy/errors.ts';
import { DEFAULT_LIMITS } from '../../src/proxy/downstream/limits.ts';
import { UnreadAnswers } from '../../src/proxy/downstream/unread-answers.ts';
import type { RawReply } from '../../src/proxy/model.ts';
import { deferred, EventReader, initialize, initializeMessage, listen, modernMessage, next, open, post, readToEnd, type Rig, send, startRig } from './downstream-kit.ts';

const SHORT = { headersTimeoutMs: 300, requestTimeoutMs: 600, checkIntervalMs: 20, keepAliveTimeoutMs: 100 };
const call = (id: number): unknown => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'x' } });
const DONE: RawReply = { result: '{"content":[]}' };

/** Sends `text` a byte at a time, every 20 ms, for as long as the connection lasts. */
function drip(socket: Socket, text: string): void {
  let at = 0;
  const timer = setInterval(() => socket.write(text[at++ % text.length] ?? ' '), 20);
  socket.once('close', () => clearInterval(timer));
}

describe('slow clients', () => {
  const slow: readonly (readonly [string, (rig: Rig, socket: Socket) => void])[] = [
    ['says nothing', () => undefined],
    ['never ends its headers', (rig, socket) => {
      socket.write(`POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:${rig.port}\r\n`);
      drip(socket, 'X-a: b\r\n');
    }],
    ['never ends its body', (rig, socket) => {
      socket.write(`POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:${rig.port}\r\nAuthorization: Bearer ${rig.token}\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n`);
      drip(socket, ' ');
    }],
    ['never ends its chunks', (rig, socket) => {
      socket.write(`POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:${rig.port}\r\nAuthorization: Bearer ${rig.token}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`);
      drip(socket, '1\r\n \r\n');
    }],
    ['keeps a connection without using it', (rig, socket) => {
      socket.write(`GET /health HTTP/1.1\r\nHost: 127.0.0.1:${rig.port}\r\n\r\n`);
    }],
  ];
  for (const [name, behave] of slow) {
    it(`cuts off one that ${name}, and serves the others meanwhile`, async () => {
      await using rig = await startRig({ limits: SHORT });
      const socket = connect(rig.port, '127.0.0.1');
      await once(socket, 'connect');
      const end = readToEnd(socket);
      behave(rig, socket);
      assert.equal((await post(rig, initializeMessage())).status, 200);
      assert.doesNotMatch(await end, /"result"/);
    });
  }

  it('cuts off one that does not read its stream', async () => {
    await using rig = await startRig({ limits: { backlogBytes: 64 * 1024 } });
    const session = await initialize(rig);
    const socket = connect(rig.port, '127.0.0.1');
    socket.write(`GET /mcp HTTP/1.1\r\nHost: 127.0.0.1:${rig.port}\r\nAuthorization: Bearer ${rig.token}\r\nMcp-Session-Id: ${session['mcp-session-id']}\r\nAccept: text/event-stream\r\n\r\n`);
    await once(socket, 'readable');
    const [agent] = [...rig.handler.sessions];
    const params = JSON.stringify({ data: 'x'.repeat(32 * 1024) });
    // Far beyond what the kernel buffers on both ends; without the bound all of it would be held.
    for (let n = 0; n < 1_000; n++) agent?.notify('notifications/message', params);
    const text = await readToEnd(socket);
    assert.ok(text.length < 1_000 * 32 * 1024);
    assert.doesNotMatch(text, /\r\n0\r\n\r\n$/, 'cut, not ended');
    assert.equal((await post(rig, { jsonrpc: '2.0', id: 1, method: 'ping' }, session)).status, 200);
  });

  it('holds up who speaks to one that reads nothing, until it is cut off for that', async () => {
    await using rig = await startRig({ limits: { stalledMs: 500 } });
    const session = await initialize(rig);
    const socket = connect(rig.port, '127.0.0.1');
    socket.write(`GET /mcp HTTP/1.1\r\nHost: 127.0.0.1:${rig.port}\r\nAuthorization: Bearer ${rig.token}\r\nMcp-Session-Id: ${session['mcp-session-id']}\r\nAccept: text/event-stream\r\n\r\n`);
    await once(socket, 'readable');
    const [agent] = [...rig.handler.sessions];
    assert.ok(agent !== undefined);
    assert.equal(agent.congestion(), undefined);
    const params = JSON.stringify({ data: 'x'.repeat(32 * 1024) });
    let sent = 0;
    // Each turn the kernel may take more of it.
    for (; agent.congestion() === undefined; sent++) {
      agent.notify('notifications/message', params);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(sent > 8, 'a little is always taken');
    await agent.congestion();
    assert.equal(agent.congestion(), undefined, 'nobody is held up for a stream that is gone');
    const text = await readToEnd(socket);
    assert.doesNotMatch(text, /\r\n0\r\n\r\n$/, 'cut, not ended');
    assert.equal((await post(rig, { jsonrpc: '2.0', id: 1, method: 'ping' }, session)).status, 200);
  });

  /** Far more than the kernel buffers on both ends. */
  const long: RawReply = { result: `{"text":"${'x'.repeat(16 * 1024 * 1024)}"}` };

  /** A connection whose client asks for the long answer, and reads no more than that it comes. */
  async function unread(rig: Rig, token: string, session: { readonly 'mcp-session-id': string }, accept: string): Promise<Socket> {
    const socket = connect(rig.port, '127.0.0.1');
    const body = JSON.stringify(call(1));
    socket.write(`POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:${rig.port}\r\nAuthorization: Bearer ${token}\r\nMcp-Session-Id: ${session['mcp-session-id']}\r\nAccept: ${accept}\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    await once(socket, 'readable');
    return socket;
  }

  for (const accept of ['application/json', 'text/event-stream']) {
    it(`cuts off the oldest of the answers that its principal does not read, once they are too much, and nobody else’s (${accept})`, async () => {
      await using rig = await startRig({ limits: { unreadBytes: 24 * 1024 * 1024 } });
      rig.handler.answers.set('tools/call', () => long);
      const other = await unread(rig, rig.agentToken, await initialize(rig, { authorization: `Bearer ${rig.agentToken}` }), accept);
      const session = await initialize(rig);
      const sockets: Socket[] = [];
      while (sockets.length < 6) sockets.push(await unread(rig, rig.token, session, accept));
      const texts = await Promise.all([other, ...sockets].map(readToEnd));
      const whole = texts.map((text) => text.length > 16 * 1024 * 1024);
      assert.deepEqual([whole[0], whole[1], whole.at(-1)], [true, false, true]);
      assert.equal((await post(rig, { jsonrpc: '2.0', id: 1, method: 'ping' }, session)).status, 200);
    });
  }

  it('cuts off an answer of which nothing is read for too long', async () => {
    const answers = new UnreadAnswers({ ...DEFAULT_LIMITS, stalledMs: 200 });
    const server = createServer((_req, res) => {
      res.end('x'.repeat(16 * 1024 * 1024));
      answers.add(res, 'editor');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.on('error', () => undefined).write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    const [, res] = (await once(server, 'request')) as [unknown, ServerResponse];
    await once(res, 'close');
    assert.equal(res.writableFinished, false);
    socket.destroy();
    server.close();
  });
});

describe('many sessions', () => {
  it('ends the idle session that was not used for longest when another is opened', async () => {
    await using rig = await startRig();
    const first = await initialize(rig);
    const second = await initialize(rig);
    const stream = await listen(rig, second);
    const third = await initialize(rig);
    for (let n = 3; n < 64; n++) await initialize(rig);
    assert.equal(rig.listener.sessions().length, 64);
    // Time in milliseconds orders sessions; this one must differ from all that were opened just now.
    const started = Date.now();
    while (Date.now() === started) await send(rig.port, { method: 'GET', path: '/health' });
    await post(rig, { jsonrpc: '2.0', id: 1, method: 'ping' }, first);
    const closed = next(rig.handler.onClosed);
    await initialize(rig);
    assert.equal((await closed).id, third['mcp-session-id'], 'neither the one just used nor the one that listens');
    assert.equal(rig.listener.sessions().length, 64);
    assert.equal((await post(rig, { jsonrpc: '2.0', id: 1, method: 'ping' }, third)).status, 404);
    assert.equal((await post(rig, { jsonrpc: '2.0', id: 1, method: 'ping' }, first)).status, 200);
    stream.close();
  });

  it('never costs another principal its session', async () => {
    await using rig = await startRig({ limits: { sessions: 4 } });
    const asAgent = { authorization: `Bearer ${rig.agentToken}` };
    const quiet = await initialize(rig, asAgent);
    for (let n = 0; n < 10; n++) {
      await initialize(rig);
      const { headers, message } = modernMessage('tools/list', { _meta: { 'io.modelcontextprotocol/clientInfo': { name: `c${n}`, version: '1' } } });
      await post(rig, message, headers);
    }
    assert.equal(rig.listener.sessions().length, 4);
    assert.equal((await post(rig, { jsonrpc: '2.0', id: 1, method: 'ping' }, { ...quiet, ...asAgent })).status, 200);
  });

  it('refuses another when all are at work, in either era', async () => {
    await using rig = await startRig({ limits: { sessions: 1 } });
    const started = deferred<undefined>();
    const release = deferred<RawReply>();
    rig.handler.answers.set('tools/call', () => {
      started.resolve(undefined);
      return release.promise;
    });
    const session = await initialize(rig);
    const pending = post(rig, call(1), session);
    await started.promise;
    assert.equal((await post(rig, initializeMessage())).status, 503);
    const { headers, message } = modernMessage('tools/list');
    assert.equal((await post(rig, message, headers)).status, 503);
    release.resolve(DONE);
    assert.equal((await pending).status, 200);
  });

  it('ends sessions that nobody uses, but not one that listens or works', async () => {
    await using rig = await startRig({ limits: { idleMs: 300, sweepMs: 20 } });
    const started = deferred<undefined>();
    const release = deferred<RawReply>();
    rig.handler.answers.set('tools/call', () => {
      started.resolve(undefined);
      return release.promise;
    });
    const listening = await initialize(rig);
    const events = await listen(rig, listening);
    const working = await initialize(rig);
    const pending = post(rig, call(1), working);
    await started.promise;
    const closed = next(rig.handler.onClosed);
    const idle = await initialize(rig);
    assert.equal((await closed).id, idle['mcp-session-id']);
    assert.equal(rig.listener.sessions().length, 2);
    const alsoClosed = next(rig.handler.onClosed);
    release.resolve(DONE);
    await pending;
    assert.equal((await alsoClosed).id, working['mcp-session-id']);
    events.close();
  });
});

describe('a principal that loses its rights', () => {
  it('loses its sessions, streams and requests; others keep theirs', async () => {
    await using rig = await startRig();
    const asAgent = { authorization: `Bearer ${rig.agentToken}` };
    rig.handler.answers.set('tools/call', () => new Promise(() => undefined));
    const kept = await initialize(rig);
    const lost = await initialize(rig, asAgent);
    const events = await listen(rig, { ...lost, ...asAgent });
    await events.next();
    const { headers, message } = modernMessage('subscriptions/listen', { notifications: { toolsListChanged: true } });
    const listening = new EventReader(await open(rig.port, { headers: { ...rig.headers, ...headers, ...asAgent }, body: JSON.stringify(message) }));
    await listening.next();
    rig.listener.revoke('agent-1');
    assert.equal(await events.next(), undefined);
    assert.equal((await listening.next())?.message?.result?.['resultType'], 'complete');
    assert.deepEqual(rig.listener.sessions().map(({ id }) => id), [kept['mcp-session-id']]);
  });
});

describe('a handler that fails', () => {
  it('costs one request, says nothing of why, and leaves the endpoint standing', async () => {
    await using rig = await startRig();
    const session = await initialize(rig);
    const broken = (): never => {
      throw new Error('secret detail');
    };
    Object.assign(rig.handler, { opened: broken, notified: broken });
    assert.equal((await post(rig, initializeMessage())).status, 200);
    Object.assign(rig.handler, { describe: broken });
    const answer = await post(rig, initializeMessage());
    assert.deepEqual([answer.status, answer.text], [500, '{"jsonrpc":"2.0","id":null,"error":{"code":-32603,"message":"Internal error"}}']);
    const told = await post(rig, { jsonrpc: '2.0', method: 'notifications/roots/list_changed' }, session);
    assert.equal(told.status, 202);
    assert.equal((await post(rig, { jsonrpc: '2.0', id: 1, method: 'ping' }, session)).status, 200);
    assert.equal(rig.log.filter(({ data }) => JSON.stringify(data).includes('secret detail')).length, 3);
  });
});

describe('many requests', () => {
  for (const era of ['legacy', 'modern'] as const) {
    it(`answers what is beyond the bound of one ${era} client at once, and serves another meanwhile`, async () => {
      await using rig = await startRig({ limits: { inFlightPerSession: 10 } });
      const release = deferred<RawReply>();
      const full = deferred<undefined>();
      rig.handler.answers.set('tools/call', () => {
        if (rig.handler.requests.length === 10) full.resolve(undefined);
        return release.promise;
      });
      const session = era === 'legacy' ? await initialize(rig) : undefined;
      const { headers, message } = modernMessage('tools/call');
      const one = (id: number): ReturnType<typeof post> => (session === undefined ? post(rig, message, headers) : post(rig, call(id), session));
      const admitted = Array.from({ length: 10 }, (_, id) => one(id));
      await full.promise;
      const refused = await Promise.all(Array.from({ length: 90 }, (_, id) => one(10 + id)));
      for (const { status, json } of refused) {
        assert.deepEqual([status, json?.error?.code, json?.error?.data], [200, -32000, { retryable: true }]);
      }
      assert.equal(rig.handler.requests.length, 10);
      rig.handler.answers.set('tools/list', () => ({ result: '{"tools":[]}' }));
      const other = await initialize(rig, { authorization: `Bearer ${rig.agentToken}` });
      const list = await post(rig, { jsonrpc: '2.0', id: 1, method: 'tools/list' }, { ...other, authorization: `Bearer ${rig.agentToken}` });
      assert.deepEqual(list.json?.result, { tools: [] });
      release.resolve(DONE);
      assert.ok((await Promise.all(admitted)).every(({ json }) => json?.result !== undefined));
    });
  }

  it('answers a thousand at once, each with its own', async () => {
    await using rig = await startRig({ limits: { inFlightPerSession: 1_000 } });
    rig.handler.answers.set('tools/call', async ({ params }) => {
      await Promise.resolve();
      return { result: params ?? '{}' };
    });
    const session = await initialize(rig);
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, async (_, n) => {
        const { json } = await post(rig, { jsonrpc: '2.0', id: n, method: 'tools/call', params: { n } }, session);
        return json?.id === n && json.result?.['n'] === n;
      }),
    );
    assert.ok(answers.every(Boolean));
  });
});

describe('starting to listen', () => {
  const taken = async (): Promise<{ readonly port: number } & AsyncDisposable> => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return {
      port: (server.address() as AddressInfo).port,
      [Symbol.asyncDispose]: async () => {
        server.close();
        await once(server, 'close');
      },
    };
  };

  it('takes another port when the one asked for is taken, and says so', async () => {
    await using other = await taken();
    await using rig = await startRig({ port: other.port });
    assert.notEqual(rig.port, other.port);
    assert.equal(rig.url, `http://127.0.0.1:${rig.port}/mcp`);
    assert.ok(rig.log.some(({ level, data }) => level === 'warn' && (data as { port?: number }).port === other.port));
    assert.equal((await post(rig, initializeMessage())).status, 200);
  });

  it('fails with cannot-bind and advice when that port is required', async () => {
    await using other = await taken();
    await assert.rejects(startRig({ port: other.port, portRequired: true }), (error) => {
      assert.ok(VestibuleError.is(error, 'cannot-bind'));
      assert.match(error.message, new RegExp(`port ${other.port}`));
      assert.match(error.action, /--port/);
      return true;
    });
  });

  it('happens once, and not after close', async () => {
    const rig = await startRig();
    assert.deepEqual(await rig.listener.listen(), rig.listener.endpoint);
    assert.equal(rig.listener.endpoint?.port, rig.port);
    await rig.listener.close(0);
    assert.equal(rig.listener.endpoint, undefined);
  });
});

describe('closing', () => {
  it('lets requests finish, ends streams, refuses what is new', async () => {
    const rig = await startRig();
    const started = deferred<AbortSignal>();
    const release = deferred<RawReply>();
    rig.handler.answers.set('tools/call', ({ signal }) => {
      started.resolve(signal);
      return release.promise;
    });
    const session = await initialize(rig);
    const events = await listen(rig, session);
    await events.next();
    const pending = post(rig, call(1), session);
    const signal = await started.promise;
    const closing = rig.listener.close(10_000);
    assert.equal(await events.next(), undefined, 'the GET stream has ended');
    const late = connect(rig.port, '127.0.0.1');
    const outcome = await Promise.race([once(late, 'connect').then(() => 'connected'), once(late, 'error').then(() => 'refused')]).catch(() => 'refused');
    assert.equal(outcome, 'refused');
    assert.equal(signal.aborted, false);
    release.resolve(DONE);
    assert.deepEqual((await pending).json?.result, { content: [] });
    await closing;
    assert.equal(rig.handler.sessions.size, 0);
  });

  it('cancels after the grace what has not finished, with an answer', async () => {
    const rig = await startRig();
    const started = deferred<AbortSignal>();
    rig.handler.answers.set('tools/call', (request) => {
      request.notify('notifications/progress', '{"progressToken":1,"progress":1}');
      started.resolve(request.signal);
      return new Promise(() => undefined);
    });
    const session = await initialize(rig);
    const events = new EventReader(await open(rig.port, { headers: { ...rig.headers, ...session }, body: JSON.stringify(call(1)) }));
    const signal = await started.promise;
    const closing = rig.listener.close(30);
    await events.next();
    assert.equal((await events.next())?.message?.error?.message, 'The session has ended');
    assert.ok(signal.aborted);
    assert.equal(await events.next(), undefined);
    await closing;
  });

  it('can be asked for twice, and before listening', async () => {
    const rig = await startRig();
    await Promise.all([rig.listener.close(0), rig.listener.close(0)]);
    await assert.rejects(fetch(rig.url));
  });
});
