import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { inPlace, run } from '../fixtures/cli.ts';
import { makePlace } from '../fixtures/serve.ts';
import { openCanary, type Canary } from './kit/canary.ts';
import { RecordingClient } from './kit/client.ts';
import { openEvil, type Evil } from './kit/evil.ts';
import { openHouse, type House } from './kit/house.ts';
import { residentBytes } from './kit/processes.ts';

const MiB = 1024 * 1024;
/** Stands in what attackers send; no answer may repeat it. */
const ECHO = 'canary-4711';
const TOOL = 'http-echo-args:act';

/** One thing that is changed of a request that would go through. `null` leaves a header out, a list repeats it. */
interface Probe {
  readonly method?: string;
  readonly target?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly body?: string;
}

describe('the endpoint of a running serve', { timeout: 240_000 }, () => {
  let canary: Canary;
  let evil: Evil;
  let house: House;
  let agent: RecordingClient;
  let session: string;
  /** Connections that begin a request at the start and never go on (N10). */
  let slow: readonly Socket[];
  let cutOff: Promise<readonly string[]>;

  before(async () => {
    canary = await openCanary();
    evil = await openEvil(canary.url);
    house = await openHouse({ servers: { 'http-echo-args': evil.entry('http', 'echo-args'), 'http-clean': evil.entry('http', 'clean') }, args: ['--approve-all'] });
    agent = await RecordingClient.connect(house.ready);
    session = (await answerTo({ headers: { 'mcp-session-id': null }, body: INITIALIZE })).match(/mcp-session-id: (\S+)/i)?.[1] ?? '';
    assert.notEqual(session, '');
    slow = Array.from({ length: 200 }, () => connect(house.ready.port, '127.0.0.1'));
    slow.forEach((socket) => socket.write('POST /mcp HTTP/1.1\r\nHost: 127.0'));
    cutOff = Promise.all(slow.map(closed));
  });
  after(async () => {
    await agent.close();
    await house[Symbol.asyncDispose]();
    await evil[Symbol.asyncDispose]();
    await canary[Symbol.asyncDispose]();
  });

  const INITIALIZE = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } } });
  const call = (tool = TOOL): string => JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'call_tool', arguments: { tool, arguments: { text: ECHO } } } });
  const calls = (): number => evil.seen('http', 'echo-args').filter(({ method }) => method === 'tools/call').length;

  function bytesOf({ method = 'POST', target = '/mcp', headers = {}, body = method === 'POST' ? call() : '' }: Probe): string {
    const all: Record<string, string | readonly string[] | null> = {
      host: `127.0.0.1:${house.ready.port}`,
      authorization: `Bearer ${house.ready.token}`,
      'mcp-session-id': session,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'content-length': String(Buffer.byteLength(body)),
      connection: 'close',
      ...headers,
    };
    const lines = Object.entries(all).flatMap(([name, value]) => [value ?? []].flat().map((one) => `${name}: ${one}`));
    return `${method} ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`;
  }

  const sent = async (bytes: string): Promise<string> => {
    const socket = connect(house.ready.port, '127.0.0.1');
    socket.write(bytes);
    return closed(socket);
  };
  const answerTo = (probe: Probe): Promise<string> => sent(bytesOf(probe));
  const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);

  /** A refusal that repeats nothing, tells nothing (N15), and let nothing through. 0 stands for a closed connection. */
  async function refused(bytes: string, ...statuses: readonly number[]): Promise<void> {
    const before = calls();
    const answer = await sent(bytes);
    assert.ok(statuses.includes(statusOf(answer)), `${bytes.slice(0, 120)}\n→ ${answer.slice(0, 200)}`);
    assert.doesNotMatch(answer, /access-control|resource_metadata|canary-4711|node_modules|\bat \w+ \(|<\w+>|server:|x-powered-by/i);
    assert.ok(!answer.includes(house.ready.token));
    assert.equal(calls(), before, 'the upstream was reached');
  }

  it('the unchanged request goes through', async () => {
    const before = calls();
    assert.equal(statusOf(await answerTo({})), 200);
    assert.equal(calls(), before + 1);
  });

  it('N1: forged hosts are refused, with the right token too', async () => {
    const { port } = house.ready;
    for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1', 'localhost', `[::1]:${port}`, `0.0.0.0:${port}`, `127.1:${port}`, `localhost.:${port}`, `127.0.0.1:${port}@evil.example`, `127.0.0.1:${port}.evil.example`, null]) {
      await refused(bytesOf({ headers: { host } }), 400, 403);
      await refused(bytesOf({ method: 'GET', target: '/health', headers: { host, authorization: null } }), 400, 403);
    }
    await refused(bytesOf({ headers: { host: [`127.0.0.1:${port}`, 'evil.example'] } }), 400, 403);
  });

  it('N2: any origin and every preflight is refused', async () => {
    for (const origin of ['null', 'https://evil.example', `http://127.0.0.1:${house.ready.port}`, `http://localhost:${house.ready.port}`, 'vscode-webview://x', 'file://', '']) {
      for (const method of ['POST', 'GET', 'DELETE', 'OPTIONS']) await refused(bytesOf({ method, headers: { origin } }), 403);
    }
    await refused(bytesOf({ method: 'OPTIONS', headers: { 'access-control-request-method': 'POST', 'access-control-request-private-network': 'true' } }), 405);
  });

  it('N3: bodies of any type but JSON are refused', async () => {
    for (const type of [null, '', 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/plain; x=application/json', 'application/jsonp']) {
      await refused(bytesOf({ headers: { 'content-type': type } }), 415);
    }
  });

  it('N4: there is nothing to navigate to', async () => {
    const browser = { authorization: null, accept: 'text/html,*/*;q=0.8', 'sec-fetch-mode': 'navigate' };
    for (const target of ['/', '/mcp', '/mcp/', '/metrics', '/sse', '/index.html', `/mcp?token=${house.ready.token}`, `/${ECHO}<script>`]) await refused(bytesOf({ method: 'GET', target, headers: browser }), 401);
    for (const target of ['/.well-known/oauth-protected-resource', '/.well-known/mcp.json']) await refused(bytesOf({ method: 'GET', target, headers: browser }), 404);
  });

  it('N5: no other address of this machine listens', async () => {
    const others = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []).map(({ address, scopeid }) => (scopeid === undefined || scopeid === 0 ? address : undefined)).filter((address) => address !== undefined && address !== '127.0.0.1') as string[];
    for (const host of ['::1', '127.0.0.2', ...others]) {
      const socket = connect(house.ready.port, host);
      const outcome = await new Promise<string>((resolve) => socket.once('connect', () => resolve('connected')).once('error', () => resolve('refused')));
      socket.destroy();
      assert.equal(outcome, 'refused', host);
    }
  });

  it('N5: another user of this machine gets no further than the token', async () => {
    const request = `GET /mcp HTTP/1.1\\r\\nHost: 127.0.0.1:${house.ready.port}\\r\\nConnection: close\\r\\n\\r\\n`;
    // Only root can be somebody else; any other account still asks as a process that knows no token.
    const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const { stdout } = await promisify(execFile)('bash', ['-c', `exec 3<>/dev/tcp/127.0.0.1/${house.ready.port}; printf '${request}' >&3; cat <&3`], { ...nobody, cwd: '/' });
    assert.match(stdout, /^HTTP\/1\.1 401 /);
  });

  it('N6: only the whole token in the one right header counts', async () => {
    const { token } = house.ready;
    const values = ['', 'Bearer', 'Bearer ', `Bearer ${token.slice(0, -1)}`, `Bearer ${token}x`, `bearer`, token, `Token ${token}`, `Basic ${Buffer.from(`x:${token}`).toString('base64')}`, `Bearer  ${token}`, `Bearer x, Bearer ${token}`, `Bearer ${token} ${token}`, 'Bearer *', 'Bearer null', 'Bearer undefined', `Bearer ${token.repeat(50)}`];
    for (const authorization of values) await refused(bytesOf({ headers: { authorization } }), 400, 401);
    for (const headers of [{ cookie: `token=${token}` }, { 'x-api-key': token }, { 'proxy-authorization': `Bearer ${token}` }, { 'mcp-session-id': token }]) await refused(bytesOf({ headers: { authorization: null, ...headers } }), 401);
    await refused(bytesOf({ target: `/mcp?token=${token}&access_token=${token}`, headers: { authorization: null } }), 401);
    for (const pair of [[token, 'x'], ['x', token]]) await refused(bytesOf({ headers: { authorization: pair.map((one) => `Bearer ${one}`) } }), 400);
  });

  it('N7: a session id opens nothing, and the session survives the attempt', async () => {
    for (const method of ['POST', 'GET', 'DELETE']) await refused(bytesOf({ method, headers: { authorization: null } }), 401);
    for (const method of ['POST', 'GET', 'DELETE']) await refused(bytesOf({ method, headers: { 'mcp-session-id': '00000000-0000-4000-8000-000000000000' } }), 404);
    assert.equal(statusOf(await answerTo({})), 200);
  });

  it('N9: bodies and headers beyond the bounds are refused, and cost no memory', async () => {
    const before = residentBytes(house.ready.pid);
    await refused(bytesOf({ headers: { 'content-length': String(5 * MiB) } }), 413);
    await refused(bytesOf({ headers: { 'x-long': 'a'.repeat(20 * 1024) } }), 431);
    await refused(bytesOf({ headers: Object.fromEntries(Array.from({ length: 2_000 }, (_, n) => [`x-${n}`, 'aaaaaaaa'])) }), 431);
    const flood = Array.from({ length: 8 }, async () => {
      const socket = connect(house.ready.port, '127.0.0.1');
      const answer = closed(socket);
      socket.write(bytesOf({ headers: { 'content-length': null, 'transfer-encoding': 'chunked' }, body: ' ' }).replace(/ $/, ''));
      const chunk = `${MiB.toString(16)}\r\n${' '.repeat(MiB)}\r\n`;
      for (let n = 0; n < 12 && !socket.destroyed; n++) await new Promise((resolve) => socket.write(chunk, resolve));
      socket.destroy();
      return answer;
    });
    await Promise.all(flood);
    assert.ok(residentBytes(house.ready.pid) - before < 150 * MiB);
    assert.equal((await agent.use(TOOL)).isError, false);
  });

  it('N11: smuggling, odd targets, upgrades and unknown methods are refused', async () => {
    const { port, token } = house.ready;
    const head = `Host: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\n`;
    const inner = bytesOf({});
    for (const bytes of [
      `POST /mcp HTTP/1.1\r\n${head}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX`,
      `POST /mcp HTTP/1.1\r\n${head}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`,
      `POST /mcp HTTP/1.1\r\n${head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
      `POST /mcp HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n`,
      `POST /mcp HTTP/1.1\nHost: 127.0.0.1:${port}\n\n`,
      `GET /mcp HTTP/1.1\r\n${head}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n`,
      `CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n`,
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    ]) {
      await refused(bytes, 0, 400, 403, 405);
    }
    await refused(`POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer x\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(inner)}\r\n\r\n${inner}`, 401);
    for (const target of [`http://127.0.0.1:${port}/mcp`, 'http://evil.example/mcp', '*']) await refused(bytesOf({ target }), 400);
    for (const target of ['//mcp', '/mcp/../mcp', '/%6dcp', '/mcp;x', '/MCP']) await refused(bytesOf({ target }), 404);
    for (const method of ['TRACE', 'PUT', 'PATCH', 'PROPFIND', 'HEAD']) await refused(bytesOf({ method, headers: { 'content-length': null } }), 405);
  });

  it('N12: odd JSON is an error and nothing else', async () => {
    const bodies = ['', ECHO, '{', '{} {}', '[]', '[{"jsonrpc":"2.0","id":1,"method":"ping"}]', 'null', '{"jsonrpc":"1.0","id":1,"method":"ping"}', '{"jsonrpc":"2.0","id":{},"method":"ping"}', '{"jsonrpc":"2.0","id":1,"method":7}', '{"a":'.repeat(200_000), `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"a":${'['.repeat(100)}${']'.repeat(100)}}}`, '\ufeff{"jsonrpc":"2.0","id":1,"method":"ping"}'];
    for (const body of bodies) await refused(bytesOf({ body }), 400);
    for (const method of ['__proto__', 'constructor', 'hasOwnProperty', 'toString']) {
      assert.match(await answerTo({ body: JSON.stringify({ jsonrpc: '2.0', id: 1, method }) }), /-32601/);
    }
    const polluting = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"__proto__":{"name":"call_tool"},"constructor":{"prototype":{"isError":false}}}}';
    assert.match(await answerTo({ body: polluting }), /-32602/);
    assert.equal((await agent.use(TOOL)).isError, false);
  });

  it('N13: the body decides, whatever the headers say of it', async () => {
    assert.equal((await agent.use('http-clean:keep', { pass: 1 })).text, 'kept');
    await agent.untilCode('http-clean:tempting', 'awaiting_approval');
    const version = '2026-07-28';
    const meta = { 'io.modelcontextprotocol/protocolVersion': version, 'io.modelcontextprotocol/clientCapabilities': {}, 'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' } };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'http-clean:tempting', arguments: {}, _meta: meta } });
    const modern = { 'mcp-session-id': null, 'mcp-protocol-version': version };
    for (const headers of [{ 'mcp-method': 'tools/list' }, { 'mcp-method': 'tools/call', 'mcp-name': TOOL }, { 'mcp-method': 'tools/call', 'mcp-name': 'retrieve_tools' }]) {
      const answer = await answerTo({ headers: { ...modern, ...headers }, body });
      assert.equal(statusOf(answer), 400);
      assert.match(answer, /-32020/);
    }
    // With headers that tell the truth it is our own refusal: the request itself was sound.
    assert.match(await answerTo({ headers: { ...modern, 'mcp-method': 'tools/call', 'mcp-name': 'http-clean:tempting' }, body }), /awaiting_approval/);
    assert.ok(!evil.seen('http', 'clean').some(({ name }) => name === 'tempting'));
  });

  it('N16: a thousand calls at once are all answered, and others are served meanwhile', async () => {
    const other = await RecordingClient.connect(house.ready);
    const answers = Promise.all(Array.from({ length: 1_000 }, () => agent.use(TOOL).then(() => 'answered', () => 'turned away')));
    assert.equal((await other.use(TOOL)).isError, false);
    const outcomes = await answers;
    assert.equal(outcomes.length, 1_000);
    assert.ok(outcomes.includes('answered'));
    await other.close();
  });

  it('N10: whoever begins a request and goes quiet is cut off, and kept nobody waiting', async () => {
    assert.equal(slow.length, 200);
    assert.equal((await agent.use(TOOL)).isError, false);
    for (const answer of await cutOff) assert.ok([0, 408].includes(statusOf(answer)), answer);
  });

  it('N14: a port that is taken is an error, and who has it hears nothing of us', async () => {
    const place = await makePlace();
    const { code, stdout } = await run(inPlace(place, ['serve', '--port', String(canary.port)]));
    assert.deepEqual([code, stdout, canary.contacts], [4, '', []]);
    await place.dispose();
  });

  it('N14: every start has a token of its own', async () => {
    const { token } = house.ready;
    await agent.close();
    await house.restart();
    assert.notEqual(house.ready.token, token);
    assert.equal(statusOf(await answerTo({ headers: { authorization: `Bearer ${token}`, 'mcp-session-id': null }, body: INITIALIZE })), 401);
    agent = await RecordingClient.connect(house.ready);
  });
});

/** All that comes on a socket until it is closed, even by a reset. */
async function closed(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk) => (text += chunk.toString('latin1')));
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('close', resolve));
  return text;
}
