/* Spans of calls, at a receiver of OTLP over HTTP, and the trace context on its way through. */
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { userServers } from '../fixtures/cli.ts';
import { makePlace, serve, type Place, type Serving } from '../fixtures/serve.ts';
import { mcpServer, type HttpFixture } from '../fixtures/upstreams/http-server.ts';

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string };
}

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Attribute[];
  readonly status: { readonly code: number };
}

interface Export {
  readonly resourceSpans: readonly { readonly resource: { readonly attributes: readonly Attribute[] }; readonly scopeSpans: readonly { readonly spans: readonly Span[] }[] }[];
}

/** Takes OTLP as JSON. */
class Receiver {
  readonly exports: Export[] = [];
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      this.#take(request, Buffer.concat(chunks).toString('utf8'));
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  readonly #waiting = new Set<() => void>();

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get spans(): readonly Span[] {
    return this.exports.flatMap(({ resourceSpans }) => resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)));
  }

  /** Resolves with the first span that is meant, as soon as it has come. */
  span(matches: (span: Span) => boolean): Promise<Span> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = this.spans.find(matches);
        if (found === undefined) return;
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #take({ url }: IncomingMessage, body: string): void {
    assert.equal(url, '/v1/traces');
    this.exports.push(JSON.parse(body) as Export);
    for (const look of [...this.#waiting]) look();
  }
}

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const TRACEPARENT = `00-${TRACE}-${PARENT}-01`;

const attribute = ({ attributes }: { readonly attributes: readonly Attribute[] }, key: string): string | undefined => attributes.find((one) => one.key === key)?.value.stringValue;

/** Calls a tool in the stateless way of the older era: one session, one call. */
async function call(serving: Serving, params: object, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const post = async (message: object, more: Readonly<Record<string, string>>): Promise<Response> =>
    fetch(serving.url, { method: 'POST', headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', authorization: `Bearer ${serving.token}`, ...more }, body: JSON.stringify(message) });
  const opened = await post({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'traced', version: '1' } } }, {});
  const session = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' };
  await (await post({ jsonrpc: '2.0', method: 'notifications/initialized' }, session)).text();
  return (await post({ jsonrpc: '2.0', id: 2, method: 'tools/call', params }, { ...session, ...headers })).text();
}

/** What the upstream was sent for a call with this argument: `_meta`, and the header. */
async function received(upstream: HttpFixture, said: string): Promise<{ readonly meta: Record<string, unknown>; readonly header: unknown }> {
  const { rpc, headers } = await upstream.got((request) => request.rpc.method === 'tools/call' && request.body.includes(said));
  return { meta: (rpc.params?.['_meta'] ?? {}) as Record<string, unknown>, header: headers['traceparent'] };
}

// Closed when all tests of this file are over.
const upstream = await mcpServer();

describe('traces', { timeout: 120_000 }, () => {
  const receiver = new Receiver();
  let place: Place;
  let serving: Serving;

  before(async () => {
    place = await makePlace();
    const traces = await receiver.listen();
    await userServers(place, { gateway: { traces, mode: 'direct' }, servers: { up: { type: 'http', url: upstream.url } } });
    serving = await serve(place, '--approve-all');
  });
  after(async () => {
    await serving.stop();
    receiver.close();
    await place.dispose();
  });

  it('continue the trace of an HTTP header to the upstream, with the span of the call in between', async () => {
    await call(serving, { name: 'up_echo', arguments: { said: 'by header' } }, { traceparent: TRACEPARENT, tracestate: 'vendor=1' });
    const span = await receiver.span(({ parentSpanId }) => parentSpanId === PARENT);
    assert.deepEqual([span.traceId, span.kind, span.status.code], [TRACE, 2, 0]);
    const { header, meta } = await received(upstream, 'by header');
    assert.deepEqual([meta['traceparent'], meta['tracestate'], header], [`00-${TRACE}-${span.spanId}-01`, 'vendor=1', `00-${TRACE}-${span.spanId}-01`]);
    assert.deepEqual(['gen_ai.tool.name', 'vestibule.server', 'vestibule.outcome', 'vestibule.route', 'mcp.method.name'].map((key) => attribute(span, key)), ['echo', 'up', 'ok', 'direct', 'tools/call']);
    assert.ok(BigInt(span.endTimeUnixNano) >= BigInt(span.startTimeUnixNano));
    assert.equal(attribute(receiver.exports[0]?.resourceSpans[0]?.resource ?? { attributes: [] }, 'service.name'), 'vestibule');
  });

  it('continue the trace of _meta, which counts over the header; nothing of arguments is in a span', async () => {
    const other = 'c7ad6b7169203332';
    await call(serving, { name: 'up_echo', arguments: { said: 'by meta' }, _meta: { traceparent: `00-${TRACE}-${other}-01` } }, { traceparent: TRACEPARENT });
    const span = await receiver.span(({ parentSpanId }) => parentSpanId === other);
    assert.equal((await received(upstream, 'by meta')).meta['traceparent'], `00-${TRACE}-${span.spanId}-01`);
    assert.doesNotMatch(JSON.stringify(receiver.spans), /by meta|by header/);
  });

  it('begin a trace where there is none, and tell refusals', async () => {
    await call(serving, { name: 'up_gone', arguments: {} });
    const span = await receiver.span(({ name }) => name === 'tools/call up_gone');
    assert.equal(span.parentSpanId ?? '', '');
    assert.deepEqual([span.status.code, attribute(span, 'error.type'), attribute(span, 'vestibule.outcome')], [2, 'unknown_tool', 'refused']);
  });

  it('send nothing of a call whose agent does not record its trace', async () => {
    await call(serving, { name: 'up_echo', arguments: { said: 'unrecorded' } }, { traceparent: `00-${'d'.repeat(32)}-${PARENT}-00` });
    assert.match(String((await received(upstream, 'unrecorded')).meta['traceparent']), /^00-d{32}-[0-9a-f]{16}-00$/);
    await call(serving, { name: 'up_gone2', arguments: {} });
    await receiver.span(({ name }) => name === 'tools/call up_gone2');
    assert.ok(receiver.spans.every(({ traceId }) => !traceId.startsWith('dddd')));
  });
});

describe('traces, off', { timeout: 120_000 }, () => {
  it('pass the context on as it came, and send nothing, also when a workspace names a receiver', async () => {
    const receiver = new Receiver();
    const place = await makePlace();
    try {
      await place.servers({ gateway: { traces: await receiver.listen() } });
      await userServers(place, { gateway: { mode: 'direct' }, servers: { up: { type: 'http', url: upstream.url } } });
      const serving = await serve(place, '--approve-all');
      await call(serving, { name: 'up_echo', arguments: { said: 'off' } }, { traceparent: TRACEPARENT });
      assert.equal((await received(upstream, 'off')).meta['traceparent'], TRACEPARENT);
      await call(serving, { name: 'up_echo', arguments: { said: 'nothing' } }, { traceparent: 'nonsense' });
      assert.deepEqual(Object.keys((await received(upstream, 'nothing')).meta), []);
      assert.match(serving.stderr(), /A workspace file cannot say where/);
      assert.equal(await serving.stop(), 0);
      assert.deepEqual(receiver.exports, []);
    } finally {
      receiver.close();
      await place.dispose();
    }
  });
});
