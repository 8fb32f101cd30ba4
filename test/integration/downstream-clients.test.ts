import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Client as ClientV2, ProtocolError, StreamableHTTPClientTransport as TransportV2 } from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema, ErrorCode, McpError, ResultSchema, ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import type { AgentRequest } from '../../src/proxy/downstream/types.ts';
import { rpcError } from '../../src/proxy/json/frame.ts';
import { members } from '../../src/proxy/json/slice.ts';
import type { RawReply } from '../../src/proxy/model.ts';
import { deferred, next, type Rig, startRig } from './downstream-kit.ts';

const CLIENT = { name: 'peer', version: '3.2.1' };
const TOOLS = '{"tools":[{"name":"echo","inputSchema":{"type":"object"}}]}';
const TEXT: RawReply = { result: '{"content":[{"type":"text","text":"done"}]}' };

/** An endpoint that lists one tool; calls report progress, if asked to, before they answer. */
async function startServer(): Promise<Rig> {
  const rig = await startRig();
  rig.handler.answers.set('tools/list', () => ({ result: TOOLS }));
  rig.handler.answers.set('tools/call', (request) => {
    progress(request, 1);
    progress(request, 2);
    return TEXT;
  });
  return rig;
}

function progress(request: AgentRequest, step: number): void {
  const token = members(members(request.params ?? '{}')?.get('_meta') ?? '{}')?.get('progressToken');
  if (token !== undefined) request.notify('notifications/progress', `{"progressToken":${token},"progress":${step},"total":2}`);
}

const authorized = (rig: Rig): { readonly requestInit: RequestInit } => ({ requestInit: { headers: { authorization: `Bearer ${rig.token}` } } });

async function connectV1(rig: Rig, client: ClientV1): Promise<TransportV1> {
  const transport = new TransportV1(new URL(rig.url), authorized(rig));
  await client.connect(transport);
  return transport;
}

async function connectV2(rig: Rig, client: ClientV2): Promise<TransportV2> {
  const transport = new TransportV2(new URL(rig.url), authorized(rig));
  await client.connect(transport);
  return transport;
}

describe('SDK v1 client', () => {
  it('connects, lists, calls with progress and says goodbye', async () => {
    await using rig = await startServer();
    const client = new ClientV1(CLIENT);
    const transport = await connectV1(rig, client);
    assert.deepEqual(client.getServerVersion(), { name: 'vestibule', title: 'Vestibule', version: '9.8.7' });
    assert.equal(client.getInstructions(), 'Search first.');
    await client.ping();
    assert.deepEqual((await client.listTools()).tools.map(({ name }) => name), ['echo']);
    const seen: number[] = [];
    const result = await client.request({ method: 'tools/call', params: { name: 'echo', arguments: {} } }, ResultSchema, {
      onprogress: ({ progress: step }) => seen.push(step),
    });
    assert.deepEqual(result['content'], [{ type: 'text', text: 'done' }]);
    assert.deepEqual(seen, [1, 2]);
    const closed = next(rig.handler.onClosed);
    await transport.terminateSession();
    assert.deepEqual((await closed).client, CLIENT);
    await client.close();
  });

  it('hears of changed tools on its GET stream, without a call', async () => {
    await using rig = await startServer();
    const client = new ClientV1(CLIENT);
    const changed = deferred<undefined>();
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => changed.resolve(undefined));
    const opened = next(rig.handler.onOpened);
    await connectV1(rig, client);
    const session = await opened;
    // The client opens its stream on its own time; what was sent before is not for it.
    const repeat = setInterval(() => session.notify('notifications/tools/list_changed'), 10);
    await changed.promise;
    clearInterval(repeat);
    await client.close();
  });

  it('cancels by notification, and its call ends at once', async () => {
    await using rig = await startServer();
    const started = deferred<AbortSignal>();
    rig.handler.answers.set('tools/call', ({ signal }) => {
      started.resolve(signal);
      return new Promise(() => undefined);
    });
    const client = new ClientV1(CLIENT);
    await connectV1(rig, client);
    const abort = new AbortController();
    const call = client.callTool({ name: 'echo' }, undefined, { signal: abort.signal });
    const signal = await started.promise;
    const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve));
    abort.abort();
    await assert.rejects(call);
    await aborted;
    await client.ping();
    await client.close();
  });

  it('is asked in the middle of a call and its answer reaches the caller', async () => {
    await using rig = await startServer();
    rig.handler.answers.set('tools/call', async (request) => {
      const reply = await request.request('elicitation/create', '{"message":"Name?","requestedSchema":{"type":"object","properties":{}}}');
      return { result: `{"content":[],"reply":${'result' in reply ? reply.result : reply.error}}` };
    });
    const client = new ClientV1(CLIENT, { capabilities: { elicitation: {} } });
    client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: { name: 'Ada' } }));
    await connectV1(rig, client);
    const result = await client.request({ method: 'tools/call', params: { name: 'echo' } }, ResultSchema);
    assert.deepEqual(result['reply'], { action: 'accept', content: { name: 'Ada' } });
    await client.close();
  });

  it('gets protocol errors as errors, and an expired session as 404', async () => {
    await using rig = await startServer();
    rig.handler.answers.set('tools/call', () => ({ error: rpcError(-32602, 'Unknown tool', { near: ['echo'] }) }));
    const client = new ClientV1(CLIENT);
    const transport = await connectV1(rig, client);
    await assert.rejects(client.callTool({ name: 'nope' }), (error) => {
      assert.ok(error instanceof McpError);
      assert.deepEqual([error.code, error.data], [ErrorCode.InvalidParams, { near: ['echo'] }]);
      return true;
    });
    await fetch(rig.url, { method: 'DELETE', headers: { authorization: `Bearer ${rig.token}`, 'mcp-session-id': transport.sessionId ?? '' } });
    await assert.rejects(client.listTools(), { code: 404 });
    await client.close();
  });

  it('is refused with a wrong token', async () => {
    await using rig = await startServer();
    const transport = new TransportV1(new URL(rig.url), { requestInit: { headers: { authorization: 'Bearer nope' } } });
    await assert.rejects(new ClientV1(CLIENT).connect(transport), { code: 401 });
    assert.equal(rig.listener.sessions().length, 0);
  });

  it('makes many calls at once on one session', async () => {
    await using rig = await startServer();
    rig.handler.answers.set('tools/call', async (request) => {
      progress(request, 1);
      await new Promise(setImmediate);
      return { result: `{"content":[],"echo":${members(request.params ?? '{}')?.get('arguments') ?? '{}'}}` };
    });
    const client = new ClientV1(CLIENT);
    await connectV1(rig, client);
    const echoes = await Promise.all(
      Array.from({ length: 100 }, async (_, n) => {
        const params = { name: 'echo', arguments: { n } };
        return (await client.request({ method: 'tools/call', params }, ResultSchema, { onprogress: () => undefined }))['echo'];
      }),
    );
    for (const [n, echo] of echoes.entries()) assert.deepEqual(echo, { n });
    await client.close();
  });
});

describe('SDK v2 client', () => {
  it('negotiates the legacy era by default, and the modern one when it may', async () => {
    await using rig = await startServer();
    const eras: string[] = [];
    rig.handler.answers.set('tools/call', ({ session }) => {
      eras.push(session.era);
      return TEXT;
    });
    for (const options of [{}, { versionNegotiation: { mode: 'auto' as const } }, { versionNegotiation: { mode: { pin: '2026-07-28' } } }]) {
      const client = new ClientV2(CLIENT, options);
      await connectV2(rig, client);
      assert.deepEqual((await client.listTools()).tools.map(({ name }) => name), ['echo']);
      assert.deepEqual((await client.callTool({ name: 'echo' })).content, [{ type: 'text', text: 'done' }]);
      assert.equal(client.getInstructions(), 'Search first.');
      assert.equal(client.getServerVersion()?.name, 'vestibule');
      await client.close();
    }
    assert.deepEqual(eras, ['legacy', 'modern', 'modern']);
  });

  for (const mode of ['legacy', 'auto'] as const) {
    it(`gets progress, errors and cancellation right in mode ${mode}`, async () => {
      await using rig = await startServer();
      const client = new ClientV2(CLIENT, { versionNegotiation: { mode } });
      await connectV2(rig, client);
      const steps: number[] = [];
      await client.callTool({ name: 'echo' }, { onprogress: ({ progress: step }) => steps.push(step) });
      assert.deepEqual(steps, [1, 2]);
      rig.handler.answers.set('tools/call', () => ({ error: rpcError(-32602, 'Unknown tool') }));
      await assert.rejects(client.callTool({ name: 'nope' }), (error) => error instanceof ProtocolError && error.code === -32602);
      const started = deferred<AbortSignal>();
      rig.handler.answers.set('tools/call', ({ signal }) => {
        started.resolve(signal);
        return new Promise(() => undefined);
      });
      const abort = new AbortController();
      const call = client.callTool({ name: 'echo' }, { signal: abort.signal });
      const signal = await started.promise;
      const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve));
      abort.abort();
      await assert.rejects(call);
      await aborted;
      await client.close();
    });

    it(`hears of changed tools in mode ${mode}`, async () => {
      await using rig = await startServer();
      const changed = deferred<unknown>();
      const client = new ClientV2(CLIENT, {
        versionNegotiation: { mode },
        listChanged: { tools: { autoRefresh: false, debounceMs: 0, onChanged: () => changed.resolve(undefined) } },
      });
      await connectV2(rig, client);
      const repeat = setInterval(() => {
        for (const session of rig.handler.sessions) session.notify('notifications/tools/list_changed');
      }, 10);
      await changed.promise;
      clearInterval(repeat);
      await client.close();
    });
  }
});
