import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { AgentRequestError, type AgentSession } from '../../src/proxy/downstream/types.ts';
import type { RawReply } from '../../src/proxy/model.ts';
import { deferred, EventReader, initialize, initializeMessage, listen, next, open, post, send, startRig } from './downstream-kit.ts';

const call = (id: unknown, name = 'slow'): unknown => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name } });
const textOf = async (res: IncomingMessage): Promise<string> => Buffer.concat((await res.toArray()) as Buffer[]).toString('utf8');
/** Resolves when the endpoint knows that this agent has no GET stream open. */
async function gone(agent: AgentSession): Promise<void> {
  for (;;) {
    const kind = await agent.request('ping', undefined, { timeoutMs: 1 }).catch((error: unknown) => error instanceof AgentRequestError && error.kind);
    if (kind === 'no-stream') return;
  }
}

const DONE: RawReply = { result: '{"content":[]}' };

describe('legacy sessions', () => {
  it('negotiates each known version, and answers an unknown one with the newest', async () => {
    await using rig = await startRig();
    for (const version of ['2024-10-07', '2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25']) {
      const { json, status } = await post(rig, initializeMessage(version));
      assert.equal(status, 200);
      assert.equal(json?.result?.['protocolVersion'], version);
    }
    const { json } = await post(rig, initializeMessage('2031-01-01'));
    assert.deepEqual(json?.result, {
      protocolVersion: '2025-11-25',
      capabilities: { tools: { listChanged: true } },
      serverInfo: { name: 'vestibule', title: 'Vestibule', version: '9.8.7' },
      instructions: 'Search first.',
    });
  });

  it('tells the handler who opened a session, with the capabilities as sent', async () => {
    await using rig = await startRig();
    const opened = next(rig.handler.onOpened);
    const header = await initialize(rig);
    const session = await opened;
    assert.equal(session.id, header['mcp-session-id']);
    assert.equal(session.era, 'legacy');
    assert.equal(session.principal.id, 'editor');
    assert.deepEqual(session.client, { name: 'raw', version: '1' });
    assert.equal(session.capabilities, '{"roots":{}}');
    assert.deepEqual(
      rig.listener.sessions().map(({ id, agent, client, era }) => ({ id, agent, client, era })),
      [{ id: session.id, agent: 'Editor', client: 'raw 1', era: 'legacy' }],
    );
  });

  it('refuses an initialize without a version and opens nothing', async () => {
    await using rig = await startRig();
    const { status, json, headers } = await post(rig, { jsonrpc: '2.0', id: 7, method: 'initialize', params: {} });
    assert.deepEqual([status, json?.error?.code, json?.id, headers['mcp-session-id']], [400, -32602, 7, undefined]);
    assert.equal(rig.listener.sessions().length, 0);
  });

  it('relays params and results byte for byte, and hides what the handler throws', async () => {
    await using rig = await startRig();
    rig.handler.answers.set('tools/call', ({ params }) => ({ result: `{"echo":${params ?? ''}}` }));
    rig.handler.answers.set('tools/list', () => Promise.reject(new Error('secret detail')));
    const session = await initialize(rig);
    const params = '{"big": 9007199254740993, "e":1.0,"__proto__":{"x":1}}';
    const answer = await send(rig.port, { headers: { ...rig.headers, ...session }, body: `{"jsonrpc":"2.0","id":"a","method":"tools/call","params":${params}}` });
    assert.equal(answer.text, `{"jsonrpc":"2.0","id":"a","result":{"echo":${params}}}`);
    assert.equal(answer.headers['content-type'], 'application/json');
    const failed = await post(rig, { jsonrpc: '2.0', id: 0, method: 'tools/list' }, session);
    assert.equal(failed.text, '{"jsonrpc":"2.0","id":0,"error":{"code":-32603,"message":"Internal error"}}');
    assert.ok(rig.log.some(({ level, data }) => level === 'error' && JSON.stringify(data).includes('secret detail')));
  });

  it('answers ping itself, takes notifications with 202 and hands them on', async () => {
    await using rig = await startRig();
    const session = await initialize(rig);
    const ping = await post(rig, { jsonrpc: '2.0', id: '', method: 'ping' }, session);
    assert.equal(ping.text, '{"jsonrpc":"2.0","id":"","result":{}}');
    assert.equal(rig.handler.requests.length, 0);
    const { status, text } = await post(rig, { jsonrpc: '2.0', method: 'notifications/roots/list_changed' }, session);
    assert.deepEqual([status, text], [202, '']);
    assert.deepEqual(rig.handler.notifications, [{ method: 'notifications/roots/list_changed', params: undefined }]);
  });

  it('answers an unknown session with 404 and -32001, on every method', async () => {
    await using rig = await startRig();
    const unknown = { 'mcp-session-id': 'b6f1f0de-0000-4000-8000-000000000000' };
    const answer = await post(rig, call(3), unknown);
    assert.deepEqual([answer.status, answer.json?.error?.code, answer.json?.id], [404, -32001, 3]);
    for (const method of ['GET', 'DELETE']) {
      const { status, json } = await send(rig.port, { method, headers: { ...rig.headers, ...unknown } });
      assert.deepEqual([status, json?.error?.code], [404, -32001], method);
    }
  });

  it('asks for a session or an envelope when neither is there; GET and DELETE without session are 405', async () => {
    await using rig = await startRig();
    const { status, json } = await post(rig, call(3));
    assert.deepEqual([status, json?.error?.code, json?.id], [400, -32602, 3]);
    for (const method of ['GET', 'DELETE']) {
      const answer = await send(rig.port, { method, headers: rig.headers });
      assert.deepEqual([answer.status, answer.headers.allow], [405, 'POST'], method);
    }
  });

  it('ends a session by DELETE: its requests are cancelled, its id is unknown', async () => {
    await using rig = await startRig();
    const started = deferred<AbortSignal>();
    rig.handler.answers.set('tools/call', ({ signal }) => {
      started.resolve(signal);
      return new Promise(() => undefined);
    });
    const session = await initialize(rig);
    const pending = post(rig, call(1), session);
    const signal = await started.promise;
    const closed = next(rig.handler.onClosed);
    const { status } = await send(rig.port, { method: 'DELETE', headers: { ...rig.headers, ...session } });
    assert.equal(status, 200);
    assert.equal((await closed).id, session['mcp-session-id']);
    assert.ok(signal.aborted);
    assert.equal((await pending).json?.error?.code, -32000);
    assert.equal((await post(rig, call(2), session)).status, 404);
  });

  it('keeps a session to its principal', async () => {
    await using rig = await startRig();
    const session = await initialize(rig);
    const stranger = { ...session, authorization: `Bearer ${rig.agentToken}` };
    assert.equal((await post(rig, call(1), stranger)).status, 404);
    assert.equal((await send(rig.port, { method: 'DELETE', headers: { ...rig.headers, ...stranger } })).status, 404);
    assert.equal((await post(rig, { jsonrpc: '2.0', id: 1, method: 'ping' }, session)).status, 200);
  });
});

describe('cancelling a legacy request', () => {
  for (const [id, others] of [
    [0, ['', '0', 1]],
    ['', [0, '0']],
    ['0', [0, '']],
  ] as const) {
    it(`reaches the request ${JSON.stringify(id)} and no other`, async () => {
      await using rig = await startRig();
      const signals = new Map<number, AbortSignal>();
      const allStarted = deferred<undefined>();
      rig.handler.answers.set('tools/call', ({ signal }) => {
        signals.set(signals.size, signal);
        if (signals.size === 1 + others.length) allStarted.resolve(undefined);
        return new Promise(() => undefined);
      });
      const session = await initialize(rig);
      const mine = post(rig, call(id), session);
      while (signals.size === 0) await turn();
      const rest = others.map((other) => post(rig, call(other), session));
      await allStarted.promise;
      await post(rig, { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id } }, session);
      const { status, json } = await mine;
      assert.deepEqual([status, json?.id, json?.error?.message], [200, id, 'Request cancelled']);
      assert.deepEqual([...signals.values()].map((signal) => signal.aborted), [true, ...others.map(() => false)]);
      await rig.listener.close(0);
      await Promise.all(rest);
    });
  }

  it('is not what a lost connection means', async () => {
    await using rig = await startRig();
    const started = deferred<AbortSignal>();
    const release = deferred<RawReply>();
    rig.handler.answers.set('tools/call', (request) => {
      request.notify('notifications/progress', '{"progressToken":0,"progress":1}');
      started.resolve(request.signal);
      return release.promise;
    });
    const session = await initialize(rig);
    const res = await open(rig.port, { headers: { ...rig.headers, ...session, 'mcp-protocol-version': '2025-11-25' }, body: JSON.stringify(call(5)) });
    const events = new EventReader(res);
    const primed = await events.next();
    assert.equal(primed?.data, '');
    const signal = await started.promise;
    events.close();
    const back = await listen(rig, session, primed.id);
    assert.equal(signal.aborted, false);
    assert.equal((await back.next())?.message?.method, 'notifications/progress');
    release.resolve(DONE);
    assert.deepEqual((await back.next())?.message, { jsonrpc: '2.0', id: 5, result: { content: [] } });
    assert.equal(await back.next(), undefined);
  });
});

describe('streams of a legacy session', () => {
  it('turns a response into a stream for what must precede the answer, each message on its own request', async () => {
    await using rig = await startRig();
    rig.handler.answers.set('tools/call', (request) => {
      request.notify('notifications/progress', `{"progressToken":${request.params ?? ''},"progress":1}`);
      return DONE;
    });
    const session = await initialize(rig);
    const standalone = await listen(rig, session);
    await standalone.next();
    const answers = await Promise.all([1, 2, 3].map((id) => post(rig, { jsonrpc: '2.0', id, method: 'tools/call', params: { n: id } }, session)));
    for (const [index, { headers, text }] of answers.entries()) {
      assert.equal(headers['content-type'], 'text/event-stream');
      assert.equal(headers['x-accel-buffering'], 'no');
      assert.match(headers['cache-control'] ?? '', /no-store/);
      const messages = text.split('\n').filter((line) => line.startsWith('data: {'));
      assert.deepEqual(messages, [
        `data: {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":{"n":${index + 1}},"progress":1}}`,
        `data: {"jsonrpc":"2.0","id":${index + 1},"result":{"content":[]}}`,
      ]);
    }
    for (const session of rig.handler.sessions) session.notify('notifications/tools/list_changed');
    assert.equal((await standalone.next())?.message?.method, 'notifications/tools/list_changed');
    standalone.close();
  });

  it('sends the notifications of a JSON-only request on the GET stream, or nowhere', async () => {
    await using rig = await startRig();
    rig.handler.answers.set('tools/call', (request) => {
      request.notify('notifications/message', '{"level":"info","data":"x"}');
      return DONE;
    });
    const session = await initialize(rig);
    const jsonOnly = { ...session, accept: 'application/json' };
    assert.deepEqual((await post(rig, call(1), jsonOnly)).json, { jsonrpc: '2.0', id: 1, result: { content: [] } });
    const events = await listen(rig, session);
    await events.next();
    assert.equal((await post(rig, call(2), jsonOnly)).headers['content-type'], 'application/json');
    assert.equal((await events.next())?.message?.method, 'notifications/message');
    events.close();
  });

  it('gives a silent call a stream with signs of life, and a JSON-only client white space', async () => {
    await using rig = await startRig({ limits: { silentMs: 20, keepAliveMs: 20 } });
    const release = deferred<RawReply>();
    rig.handler.answers.set('tools/call', () => release.promise);
    const session = await initialize(rig);
    const events = new EventReader(await open(rig.port, { headers: { ...rig.headers, ...session }, body: JSON.stringify(call(1)) }));
    const padded = await open(rig.port, { headers: { ...rig.headers, ...session, accept: 'application/json' }, body: JSON.stringify(call(2)) });
    await events.commented(2);
    release.resolve(DONE);
    assert.equal((await events.next())?.message?.id, 1);
    const text = await textOf(padded);
    assert.match(text, /^ +\{/);
    assert.deepEqual(JSON.parse(text), { jsonrpc: '2.0', id: 2, result: { content: [] } });
  });

  it('primes GET streams of clients that know it, and no others', async () => {
    await using rig = await startRig();
    const now = await listen(rig, await initialize(rig));
    assert.deepEqual(await now.next(), { id: 'g1-0', data: '', message: undefined });
    assert.equal(now.retry, 1000);
    const before = await initialize(rig, {}, '2025-06-18');
    const then = await listen(rig, before);
    [...rig.handler.sessions][1]?.notify('notifications/tools/list_changed');
    assert.equal((await then.next())?.message?.method, 'notifications/tools/list_changed');
    now.close();
    then.close();
  });

  it('does not prime POST streams of clients that send no version: VS Code takes such events for broken ones', async () => {
    await using rig = await startRig();
    rig.handler.answers.set('tools/call', (request) => {
      request.notify('notifications/progress', '{"progressToken":0,"progress":1}');
      return DONE;
    });
    const session = await initialize(rig);
    assert.doesNotMatch((await post(rig, call(1), session)).text, /data: \n/);
    assert.match((await post(rig, call(2), { ...session, 'mcp-protocol-version': '2025-11-25' })).text, /^id: p2-0\nretry: 1000\ndata: \n\n/);
  });

  it('replays a GET stream from the last event id, within its bound', async () => {
    await using rig = await startRig({ limits: { replayEvents: 3 } });
    const session = await initialize(rig);
    const [agent] = [...rig.handler.sessions];
    assert.ok(agent !== undefined);
    const events = await listen(rig, session);
    await events.next();
    agent.notify('notifications/message', '{"n":1}');
    const seen = await events.next();
    events.close();
    await gone(agent);
    for (let n = 2; n <= 6; n++) agent.notify('notifications/message', `{"n":${n}}`);
    const back = await listen(rig, session, seen?.id);
    const numbers = [await back.next(), await back.next(), await back.next()].map((event) => event?.message?.params?.['n']);
    assert.deepEqual(numbers, [4, 5, 6]);
    agent.notify('notifications/message', '{"n":7}');
    assert.equal((await back.next())?.message?.params?.['n'], 7);
    back.close();
  });

  it('forgets a stream that was delivered, and lost ones beyond the newest few', async () => {
    await using rig = await startRig({ limits: { lostStreams: 1 } });
    rig.handler.answers.set('tools/call', (request) => {
      request.notify('notifications/progress', '{"progressToken":0,"progress":1}');
      return DONE;
    });
    const session = await initialize(rig);
    const [agent] = [...rig.handler.sessions];
    assert.ok(agent !== undefined);
    const { text } = await post(rig, call(1), session);
    assert.match(text, /^id: p1-2$/m);
    const afterDelivered = await listen(rig, session, 'p1-1');
    assert.equal((await afterDelivered.next())?.id, 'g2-0', 'another stream');
    afterDelivered.close();
    await gone(agent);
    const newer = await listen(rig, session);
    assert.equal((await newer.next())?.id, 'g3-0');
    newer.close();
    await gone(agent);
    agent.notify('notifications/tools/list_changed');
    const forgotten = await listen(rig, session, 'g2-0');
    assert.equal((await forgotten.next())?.id, 'g4-0', 'another stream');
    const remembered = await listen(rig, session, 'g3-0');
    let method: string | undefined;
    while (method !== 'notifications/tools/list_changed') method = (await remembered.next())?.message?.method;
    forgotten.close();
    remembered.close();
  });

  it('starts another GET stream for an event id it does not know', async () => {
    await using rig = await startRig();
    const session = await initialize(rig);
    for (const id of ['p99-3', 'nonsense', '-', 'g1-', '__proto__-1']) {
      const events = await listen(rig, session, id);
      [...rig.handler.sessions][0]?.notify('notifications/tools/list_changed');
      const first = await events.next();
      assert.equal(first?.data === '' ? (await events.next())?.message?.method : undefined, 'notifications/tools/list_changed', id);
      events.close();
    }
  });

  it('keeps a bounded number of streams: the oldest GET makes room for another', async () => {
    await using rig = await startRig({ limits: { streamsPerSession: 8 } });
    const session = await initialize(rig);
    const gets: EventReader[] = [];
    for (let i = 0; i < 9; i++) gets.push(await listen(rig, session));
    const [first, second, ...rest] = gets;
    assert.deepEqual([(await first?.next())?.data, await first?.next()], ['', undefined], 'the first has ended');
    await second?.next();
    for (const reader of rest) reader.close();
    second?.close();
  });

  it('answers calls beyond all streams but one in JSON, so that a GET always finds room', async () => {
    await using rig = await startRig({ limits: { streamsPerSession: 8 } });
    const release = deferred<RawReply>();
    rig.handler.answers.set('tools/call', (request) => {
      request.notify('notifications/progress', '{"progressToken":0,"progress":1}');
      return release.promise;
    });
    const session = await initialize(rig);
    const start = (id: number): Promise<IncomingMessage> =>
      open(rig.port, { headers: { ...rig.headers, ...session }, body: JSON.stringify(call(id)) });
    const streams = await Promise.all([1, 2, 3, 4, 5, 6, 7].map(start));
    assert.ok(streams.every((res) => res.headers['content-type'] === 'text/event-stream'));
    const eighth = post(rig, call(8), session);
    while (rig.handler.requests.length < 8) await turn();
    const standalone = await listen(rig, session);
    await standalone.next();
    const ninth = post(rig, call(9), session);
    assert.equal((await standalone.next())?.message?.method, 'notifications/progress');
    release.resolve(DONE);
    assert.equal((await eighth).headers['content-type'], 'application/json');
    assert.equal((await ninth).headers['content-type'], 'application/json');
    for (const res of streams) assert.match(await textOf(res), /"result":/);
    standalone.close();
  });

  it('wants a GET to accept event streams', async () => {
    await using rig = await startRig();
    const session = await initialize(rig);
    const { status } = await send(rig.port, { method: 'GET', headers: { ...rig.headers, ...session, accept: 'application/json' } });
    assert.equal(status, 406);
  });
});

describe('asking a legacy agent', () => {
  it('goes on the stream of the request it belongs to, and the POSTed answer comes back', async () => {
    await using rig = await startRig();
    rig.handler.answers.set('tools/call', async (request) => {
      const reply = await request.request('elicitation/create', '{"message":"Sure?"}');
      return { result: `{"got":${'result' in reply ? reply.result : reply.error}}` };
    });
    const session = await initialize(rig);
    const standalone = await listen(rig, session);
    const events = new EventReader(await open(rig.port, { headers: { ...rig.headers, ...session }, body: JSON.stringify(call(1)) }));
    const asked = (await events.next())?.message;
    assert.deepEqual([asked?.method, asked?.params], ['elicitation/create', { message: 'Sure?' }]);
    const { status } = await post(rig, { jsonrpc: '2.0', id: asked?.id, result: { action: 'accept' } }, session);
    assert.equal(status, 202);
    assert.deepEqual((await events.next())?.message?.result, { got: { action: 'accept' } });
    standalone.close();
  });

  it('passes errors as answers, and takes only the exact id', async () => {
    await using rig = await startRig();
    const session = await initialize(rig);
    const events = await listen(rig, session);
    await events.next();
    const [agent] = [...rig.handler.sessions];
    const reply = agent?.request('roots/list');
    const asked = (await events.next())?.message;
    assert.equal(typeof asked?.id, 'number');
    await post(rig, { jsonrpc: '2.0', id: String(asked?.id), result: { roots: ['forged'] } }, session);
    await post(rig, { jsonrpc: '2.0', id: asked?.id, error: { code: -1, message: 'no' } }, session);
    assert.deepEqual(await reply, { error: '{"code":-1,"message":"no"}' });
    events.close();
  });

  it('fails without a stream, by its time limit, by its signal and with its session', async () => {
    await using rig = await startRig();
    const session = await initialize(rig);
    const [agent] = [...rig.handler.sessions];
    assert.ok(agent !== undefined);
    const kindOf = (reply: Promise<unknown>): Promise<unknown> =>
      reply.then(
        () => 'answered',
        (error: unknown) => (error instanceof AgentRequestError ? error.kind : error),
      );
    assert.equal(await kindOf(agent.request('roots/list')), 'no-stream');
    const events = await listen(rig, session);
    await events.next();
    assert.equal(await kindOf(agent.request('roots/list', undefined, { timeoutMs: 5 })), 'timeout');
    const timedOut = (await events.next())?.message?.id;
    assert.deepEqual((await events.next())?.message?.params, { requestId: timedOut, reason: 'No answer within 5 ms' });
    const abort = new AbortController();
    const cancelled = agent.request('roots/list', undefined, { signal: abort.signal });
    await events.next();
    abort.abort();
    assert.equal(await kindOf(cancelled), 'cancelled');
    assert.equal((await events.next())?.message?.method, 'notifications/cancelled');
    const orphaned = kindOf(agent.request('roots/list'));
    await send(rig.port, { method: 'DELETE', headers: { ...rig.headers, ...session } });
    assert.equal(await orphaned, 'closed');
  });

  it('is called off when the request it belongs to is over', async () => {
    await using rig = await startRig();
    const outcome = deferred<unknown>();
    rig.handler.answers.set('tools/call', (request) => {
      request.request('elicitation/create', '{}').catch(outcome.resolve);
      return new Promise(() => undefined);
    });
    const session = await initialize(rig);
    const events = new EventReader(await open(rig.port, { headers: { ...rig.headers, ...session }, body: JSON.stringify(call(1)) }));
    assert.equal((await events.next())?.message?.method, 'elicitation/create');
    await post(rig, { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } }, session);
    assert.equal((await outcome.promise as AgentRequestError).kind, 'cancelled');
    assert.equal((await events.next())?.message?.method, 'notifications/cancelled');
    assert.equal((await events.next())?.message?.error?.message, 'Request cancelled');
    assert.equal(await events.next(), undefined);
  });

  it('is bounded', async () => {
    await using rig = await startRig({ limits: { agentRequests: 2 } });
    const session = await initialize(rig);
    const events = await listen(rig, session);
    const [agent] = [...rig.handler.sessions];
    const waiting = [agent?.request('roots/list'), agent?.request('roots/list')];
    await assert.rejects(agent?.request('roots/list') ?? Promise.resolve(), { kind: 'overloaded' });
    await rig.listener.close(0);
    for (const reply of waiting) await assert.rejects(reply ?? Promise.resolve(), { kind: 'closed' });
    events.close();
  });
});
