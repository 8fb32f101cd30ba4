import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { realpathSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { createServer as createHttpServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, type McpHttpHandler, type McpServer } from '@modelcontextprotocol/server';
import type { ResolvedTransport } from '../../src/proxy/config/types.ts';
import type { Era } from '../../src/proxy/model.ts';
import { connectUpstream } from '../../src/proxy/upstream/connect.ts';
import { ownProfile } from '../../src/proxy/upstream/profile.ts';
import type { RpcConnection } from '../../src/proxy/upstream/rpc-connection.ts';
import { UpstreamCallError } from '../../src/proxy/upstream/types.ts';
import { mcpServer } from '../fixtures/upstreams/http-server.ts';
import { sdkServer } from '../fixtures/upstreams/sdk-server.ts';
import { callTool, httpAt, rawServer, supervise, textOf, toolText } from '../fixtures/upstreams/supervised.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';

const EVERYTHING = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'));
const FILESYSTEM = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-filesystem/dist/index.js'));
const SDK_SERVER = fileURLToPath(new URL('../fixtures/upstreams/sdk-server.ts', import.meta.url));

function node(...args: readonly string[]): ResolvedTransport {
  return { type: 'stdio', command: process.execPath, args, env: {}, cwd: undefined };
}

/** Starts server-everything on a free port and returns its port once it listens. */
async function everythingOnHttp(transport: 'streamableHttp' | 'sse'): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  const child = spawn(process.execPath, [EVERYTHING, transport], { env: { ...process.env, PORT: String(port) }, stdio: ['ignore', 'ignore', 'pipe'] });
  after(async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  for await (const line of createInterface({ input: child.stderr })) if (line.includes(`port ${port}`)) break;
  child.stderr.resume();
  return port;
}

async function useEverything(transport: ResolvedTransport): Promise<void> {
  const { upstream, listings } = supervise(transport);
  const connection = await upstream.connect();
  assert.equal(connection.info.name, 'mcp-servers/everything');
  assert.ok((listings[0]?.tools.length ?? 0) >= 10);
  assert.equal(await toolText(connection, 'echo', '{"message":"hi ☃"}'), 'Echo: hi ☃');
  const progress: string[] = [];
  const reply = await callTool(connection, 'trigger-long-running-operation', '{"duration":0.3,"steps":3}', { onProgress: (params) => progress.push(params) });
  assert.match(textOf(reply), /completed/);
  assert.equal(progress.length, 3);
  const failing = await callTool(connection, 'get-sum', '{"a":"x"}');
  assert.ok('result' in failing && failing.result.includes('"isError":true'));
}

describe('server-everything', () => {
  it('over stdio', () => useEverything(node(EVERYTHING)));
  it('over Streamable HTTP', async () => useEverything(httpAt(`http://127.0.0.1:${await everythingOnHttp('streamableHttp')}/mcp`)));
  it('over HTTP+SSE, found by falling back', async () => useEverything(httpAt(`http://127.0.0.1:${await everythingOnHttp('sse')}/sse`)));
});

describe('server-filesystem', () => {
  it('over stdio', async () => {
    const folder = realpathSync(tempFolder());
    writeFileSync(join(folder, 'note.txt'), 'written ☃');
    const { upstream } = supervise(node(FILESYSTEM, folder));
    const connection = await upstream.connect();
    assert.equal(await toolText(connection, 'read_text_file', JSON.stringify({ path: join(folder, 'note.txt') })), 'written ☃');
    const refused = await callTool(connection, 'read_text_file', '{"path":"/etc/passwd"}');
    assert.ok('result' in refused && refused.result.includes('"isError":true'));
  });
});

/** The SDK's HTTP handler in this process, with what it received. */
async function sdkOnHttp(legacy: 'stateless' | 'reject', factory: () => McpServer = sdkServer): Promise<{ readonly url: string; readonly handler: McpHttpHandler; readonly seen: IncomingHttpHeaders[] }> {
  const handler = createMcpHandler(factory, { legacy });
  const listener = toNodeHandler(handler) as RequestListener;
  const seen: IncomingHttpHeaders[] = [];
  const server = createHttpServer((request, response) => {
    seen.push(request.headers);
    listener(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(async () => {
    await handler.close();
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`, handler, seen };
}

async function connectAs(prefer: Era, transport: ResolvedTransport): Promise<RpcConnection> {
  const connection = await connectUpstream(transport, {
    profile: ownProfile(prefer, '0.0.0-test'),
    asked: undefined,
    handshakeMs: 10_000,
    signal: new AbortController().signal,
    gate: () => undefined,
    log: () => undefined,
    stateDir: tempFolder(),
  });
  after(() => connection.close());
  return connection;
}

describe('a server of the modern era', () => {
  for (const [name, transport] of [
    ['stdio', () => Promise.resolve(node(SDK_SERVER, 'reject'))],
    ['HTTP', async () => httpAt((await sdkOnHttp('reject')).url)],
  ] as const) {
    it(`is used where it speaks nothing older, over ${name}`, async () => {
      const { upstream, listings } = supervise(await transport());
      const connection = await upstream.connect();
      const { era, protocolVersion, name: serverName, version, title, instructions } = connection.info;
      assert.deepEqual({ era, protocolVersion, serverName, version, title, instructions }, { era: 'modern', protocolVersion: '2026-07-28', serverName: 'sdk', version: '2.0.0', title: 'SDK Server', instructions: '"Use it well."' });
      assert.equal(listings[0]?.tools.length, 4);
      assert.match(await toolText(connection, 'echo'), /^echo \d+$/);
      const reply = await callTool(connection, 'echo');
      assert.ok('result' in reply && reply.result.includes('"resultType":"complete"'));
      const progress: string[] = [];
      assert.equal(await toolText(connection, 'progress', '{}', { onProgress: (params) => progress.push(params) }), 'done');
      assert.equal(progress.length, 3);
    });
  }

  it('is told name and method in headers, also where a header cannot hold the name', async () => {
    const { url, seen } = await sdkOnHttp('reject');
    const connection = await supervise(httpAt(url)).upstream.connect();
    await toolText(connection, 'echo');
    assert.equal(seen.at(-1)?.['mcp-name'], 'echo');
    // The server checks the header against the body before it looks for the tool.
    const unknown = await callTool(connection, 'snow ☃');
    assert.ok('error' in unknown && unknown.error.includes('snow ☃'));
    const headers = seen.at(-1);
    assert.equal(headers?.['mcp-method'], 'tools/call');
    assert.equal(headers['mcp-protocol-version'], '2026-07-28');
    assert.equal(headers['mcp-name'], `=?base64?${Buffer.from('snow ☃').toString('base64')}?=`);
    assert.equal(headers['mcp-session-id'], undefined);
  });

  it('hears of a cancellation by the end of the response', async () => {
    const abort = new AbortController();
    let cancel: () => void = () => undefined;
    const cancelled = new Promise<void>((resolve) => (cancel = resolve));
    const { url, seen } = await sdkOnHttp('reject', () => sdkServer({ hanging: () => abort.abort(), cancelled: cancel }));
    const connection = await supervise(httpAt(url)).upstream.connect();
    const requests = seen.length;
    await assert.rejects(callTool(connection, 'hang', '{}', { signal: abort.signal }), (error: unknown) => error instanceof UpstreamCallError && error.kind === 'cancelled');
    await cancelled;
    assert.ok(seen.slice(requests).every((headers) => headers['mcp-method'] !== undefined), 'no notification was posted');
  });

  it('announces changes of its tools to our subscription', async () => {
    const { url, handler } = await sdkOnHttp('reject');
    const { upstream, listed } = supervise(httpAt(url));
    await upstream.connect();
    // When the subscription is open cannot be seen from outside, so the announcement is repeated.
    const timer = setInterval(() => handler.notify.toolsChanged(), 50);
    await listed(2);
    clearInterval(timer);
  });

  it('announces changes over stdio too', async () => {
    const { upstream, listed } = supervise(node(SDK_SERVER, 'reject'));
    const connection = await upstream.connect();
    await toolText(connection, 'change');
    await listed(2);
  });

  it('is not kept running by our subscription', async () => {
    const { upstream, until } = supervise(node(SDK_SERVER, 'reject'), { config: { idleStopMinutes: 1 }, times: { minuteMs: 500 } });
    await upstream.connect();
    await until('idle');
  });
});

describe('a server of both eras', () => {
  for (const prefer of ['legacy', 'modern'] as const) {
    it(`speaks the era that is preferred: ${prefer}`, async () => {
      const overStdio = await connectAs(prefer, node(SDK_SERVER, 'serve'));
      assert.equal(overStdio.info.era, prefer);
      assert.match(await toolText(overStdio, 'echo'), /^echo/);
      const overHttp = await connectAs(prefer, httpAt((await sdkOnHttp('stateless')).url));
      assert.equal(overHttp.info.era, prefer);
      assert.match(await toolText(overHttp, 'echo'), /^echo/);
    });
  }
});

describe('a server of the legacy era, when the modern one is preferred', () => {
  it('answers the probe with an error', async () => {
    const connection = await connectAs('modern', rawServer());
    assert.equal(connection.info.era, 'legacy');
    assert.equal(typeof (await toolText(connection, 'pid')), 'string');
  });

  it('does not answer the probe at all', async () => {
    const connection = await connectAs('modern', rawServer({ exitsOnProbe: true }));
    assert.equal(connection.info.era, 'legacy');
  });

  it('answers the probe with a status', async () => {
    const server = await mcpServer((request, response) => {
      if (request.rpc.method !== 'server/discover') return false;
      response.writeHead(400, { 'content-type': 'text/plain' }).end('Bad Request: no session');
      return true;
    });
    assert.equal((await connectAs('modern', httpAt(server.url))).info.era, 'legacy');
  });
});
