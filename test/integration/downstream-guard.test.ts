import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { connect } from 'node:net';
import { createAuthenticator } from '../../src/proxy/downstream/authenticator.ts';
import { FULL_GRANT } from '../../src/proxy/model.ts';
import { ENVELOPE, initialize, initializeMessage, MODERN, modernMessage, post, raw, readToEnd, type Rig, send, startRig } from './downstream-kit.ts';

/** A request that works as it stands; probes change one thing. `null` leaves a header out, a list repeats it. */
type Probe = {
  readonly method?: string;
  readonly target?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly body?: string;
};

/** The connection was closed without an answer. */
const HUNG_UP = 0;

const PARAMS = { name: 'marker', arguments: { text: 'canary-4711' } };

describe('the guard of the endpoint', () => {
  let rig: Rig;
  before(async () => {
    rig = await startRig();
    rig.handler.answers.set('tools/call', () => ({ result: '{"content":[]}' }));
  });
  after(() => rig.listener.close(0));

  function write({ method = 'POST', target = '/mcp', headers = {}, body }: Probe, token: string | null): string {
    const { headers: protocol, message } = modernMessage('tools/call', PARAMS);
    const text = body ?? (method === 'POST' ? JSON.stringify(message) : '');
    const all: Record<string, string | readonly string[] | null> = {
      host: `127.0.0.1:${rig.port}`,
      authorization: token === null ? null : `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'content-length': String(Buffer.byteLength(text)),
      connection: 'close',
      ...protocol,
      ...headers,
    };
    const lines = Object.entries(all).flatMap(([name, value]) => [value ?? []].flat().map((one) => `${name}: ${one}`));
    return `${method} ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${text}`;
  }

  /** Sends a probe and checks that it met a plain refusal: nothing repeated, nothing let through, no CORS. */
  async function refused(bytes: string, statuses: readonly number[]): Promise<void> {
    const calls = rig.handler.requests.length;
    const answer = await raw(rig.port, bytes);
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
    assert.ok(statuses.includes(status), answer.slice(0, 200) || '(closed without an answer)');
    assert.equal(rig.handler.requests.length, calls, 'the handler was reached');
    assert.doesNotMatch(answer, /access-control|resource_metadata|canary-4711|evil|node_modules|\bat \w+ \(|<\w+>|server:|x-powered-by/i);
    assert.doesNotMatch(answer, new RegExp(rig.token));
  }

  it('lets the unchanged request through', async () => {
    const calls = rig.handler.requests.length;
    assert.match(await raw(rig.port, write({}, rig.token)), /^HTTP\/1\.1 200 /);
    assert.match(await raw(rig.port, write({ headers: { host: `localhost:${rig.port}` } }, rig.token)), /^HTTP\/1\.1 200 /);
    assert.match(await raw(rig.port, write({ headers: { 'content-type': 'Application/JSON; charset="UTF-8"' } }, rig.token)), /^HTTP\/1\.1 200 /);
    assert.match(await raw(rig.port, write({ headers: { upgrade: 'h2c', connection: 'Upgrade, close' } }, rig.token)), /^HTTP\/1\.1 200 /);
    assert.equal(rig.handler.requests.length, calls + 4);
  });

  const HOSTS: readonly (string | readonly string[] | null)[] = [
    null,
    '',
    'evil.example',
    '127.0.0.1',
    'localhost',
    'localhost:1',
    'LOCALHOST:PORT',
    '[::1]:PORT',
    '0.0.0.0:PORT',
    '127.0.0.2:PORT',
    '127.1:PORT',
    'localhost.:PORT',
    'localhost.evil.example:PORT',
    'evil.example@127.0.0.1:PORT',
    '127.0.0.1:PORT, evil.example',
    ['127.0.0.1:PORT', 'evil.example'],
    ['127.0.0.1:PORT', '127.0.0.1:PORT'],
  ];
  for (const host of HOSTS) {
    it(`refuses Host ${JSON.stringify(host)}, token or not`, async () => {
      const value = JSON.parse(JSON.stringify(host).replaceAll('PORT', String(rig.port))) as typeof host;
      for (const token of [rig.token, null]) await refused(write({ headers: { host: value } }, token), [400, 403]);
      await refused(write({ method: 'GET', target: '/health', headers: { host: value, 'content-length': null } }, null), [400, 403]);
    });
  }

  for (const origin of ['null', '', 'https://evil.example', 'http://127.0.0.1:PORT', 'http://localhost:PORT', 'vscode-webview://x', 'file://', 'chrome-extension://x']) {
    it(`refuses Origin ${JSON.stringify(origin)} on every method`, async () => {
      const value = origin.replace('PORT', String(rig.port));
      for (const method of ['POST', 'GET', 'DELETE', 'OPTIONS']) {
        for (const token of [rig.token, null]) await refused(write({ method, headers: { origin: value } }, token), [403]);
      }
      await refused(write({ method: 'GET', target: '/health', headers: { origin: value } }, null), [403]);
    });
  }

  it('answers no preflight, whoever asks for what', async () => {
    const preflight = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization', 'access-control-request-private-network': 'true' };
    await refused(write({ method: 'OPTIONS', headers: preflight }, null), [405]);
    await refused(write({ method: 'OPTIONS', headers: { ...preflight, origin: 'https://evil.example' } }, rig.token), [403]);
  });

  const AUTHORIZATIONS: readonly (readonly [string, (token: string) => Probe['headers']])[] = [
    ['none', () => ({ authorization: null })],
    ['an empty value', () => ({ authorization: '' })],
    ['the scheme alone', () => ({ authorization: 'Bearer' })],
    ['an empty token', () => ({ authorization: 'Bearer ' })],
    ['a prefix of the token', (token) => ({ authorization: `Bearer ${token.slice(0, -1)}` })],
    ['the token and more', (token) => ({ authorization: `Bearer ${token}x` })],
    ['the token in other case', (token) => ({ authorization: `Bearer ${token.toUpperCase()}${token.toLowerCase()}`.slice(0, 7 + token.length) })],
    ['the token twice', (token) => ({ authorization: `Bearer ${token} ${token}` })],
    ['the token without scheme', (token) => ({ authorization: token })],
    ['another scheme', (token) => ({ authorization: `Token ${token}` })],
    ['Basic', (token) => ({ authorization: `Basic ${Buffer.from(`x:${token}`).toString('base64')}` })],
    ['two spaces', (token) => ({ authorization: `Bearer  ${token}` })],
    ['a comma list', (token) => ({ authorization: `Bearer x, Bearer ${token}` })],
    ['a wildcard', () => ({ authorization: 'Bearer *' })],
    ['null', () => ({ authorization: 'Bearer null' })],
    ['the hash of the token', () => ({ authorization: `Bearer ${'0'.repeat(64)}` })],
    ['a cookie', (token) => ({ authorization: null, cookie: `token=${token}; authorization=Bearer ${token}` })],
    ['another header', (token) => ({ authorization: null, 'x-api-key': token, 'proxy-authorization': `Bearer ${token}` })],
    ['a NUL', (token) => ({ authorization: `Bearer ${token}\u0000` })],
    ['a huge token', (token) => ({ authorization: `Bearer ${token.repeat(100)}` })],
  ];
  for (const [name, headers] of AUTHORIZATIONS) {
    it(`refuses authorization by ${name}, on POST, GET and DELETE`, async () => {
      const session = await initialize(rig);
      for (const method of ['POST', 'GET', 'DELETE']) {
        await refused(write({ method, headers: { ...headers(rig.token), ...session } }, rig.token), [400, 401]);
      }
      const { status } = await post(rig, { jsonrpc: '2.0', id: 1, method: 'ping' }, session);
      assert.equal(status, 200, 'the session survives');
    });
  }

  it('refuses a second Authorization, whichever is right', async () => {
    for (const pair of [[rig.token, 'x'], ['x', rig.token], [rig.token, rig.token]]) {
      await refused(write({ headers: { authorization: pair.map((token) => `Bearer ${token}`) } }, null), [400]);
    }
  });

  it('says 401 plainly, and closes the connection', async () => {
    const { status, headers, json } = await send(rig.port, { headers: { ...rig.headers, authorization: 'Bearer x' }, body: '{}' });
    assert.equal(status, 401);
    assert.equal(headers['www-authenticate'], 'Bearer');
    assert.equal(headers.connection, 'close');
    assert.equal(json?.error?.message, 'A valid bearer token is required');
  });

  for (const type of [null, '', 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/plain; x=application/json', 'application/jsonp', 'application/json, text/plain', 'application/json; charset=utf-16', 'application/json; x=1']) {
    it(`refuses a POST of type ${JSON.stringify(type)}`, async () => {
      await refused(write({ headers: { 'content-type': type } }, rig.token), [415]);
    });
  }

  it('refuses encoded bodies', async () => {
    await refused(write({ headers: { 'content-encoding': 'gzip' } }, rig.token), [415]);
  });

  for (const method of ['HEAD', 'PUT', 'PATCH', 'TRACE', 'OPTIONS', 'PROPFIND', 'CONNECT']) {
    it(`refuses the method ${method}`, async () => {
      await refused(write({ method, headers: { 'content-length': null } }, rig.token), [405]);
    });
  }

  for (const target of ['/', '/mcp/', '/MCP', '//mcp', '/mcp?token=TOKEN', '/mcp?', '/mcp/../mcp', '/%6dcp', '/mcp;x', '/health', '/health/', '/metrics', '/sse', '/favicon.ico', '/canary-4711<script>']) {
    it(`knows no POST to ${target}`, async () => {
      await refused(write({ target: target.replace('TOKEN', rig.token) }, rig.token), [404]);
      await refused(write({ target: target.replace('TOKEN', rig.token) }, null), [401]);
    });
  }

  for (const target of ['http://127.0.0.1:PORT/mcp', 'http://evil.example/mcp', '*', 'evil.example:80']) {
    it(`refuses the request target ${target}`, async () => {
      for (const token of [rig.token, null]) await refused(write({ target: target.replace('PORT', String(rig.port)) }, token), [400]);
    });
  }

  it('has nothing well-known, with a token or without', async () => {
    for (const target of ['oauth-protected-resource', 'oauth-protected-resource/mcp', 'oauth-authorization-server', 'openid-configuration', 'mcp.json', '']) {
      for (const token of [rig.token, null]) await refused(write({ method: 'GET', target: `/.well-known/${target}` }, token), [404]);
    }
  });

  it('tells its health to anybody on this machine, and nothing else', async () => {
    const { status, text, headers } = await send(rig.port, { method: 'GET', path: '/health' });
    assert.deepEqual([status, text], [200, '{"status":"ok"}']);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(headers['access-control-allow-origin'], undefined);
    assert.equal(headers['server'], undefined);
  });

  it('refuses navigation: GET without a token, with what a browser would accept', async () => {
    await refused(write({ method: 'GET', headers: { accept: 'text/html,*/*;q=0.8', 'sec-fetch-mode': 'navigate' } }, null), [401]);
  });

  const TRICKS: readonly (readonly [string, (rig: Rig) => string])[] = [
    ['length and chunks together', ({ port, token }) => `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX`],
    ['chunks and length together', ({ port, token }) => `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\nX`],
    ['two lengths', ({ port }) => `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}`],
    ['a negative length', ({ port }) => `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: -1\r\n\r\n{}`],
    ['an unknown coding', ({ port }) => `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`],
    ['a broken chunk size', ({ port, token }) => `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n`],
    ['a space before the colon', ({ port }) => `GET /health HTTP/1.1\r\nHost : 127.0.0.1:${port}\r\n\r\n`],
    ['a folded header', ({ port }) => `GET /health HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nX: a\r\n b\r\n\r\n`],
    ['a bare line feed', ({ port }) => `GET /health HTTP/1.1\nHost: 127.0.0.1:${port}\n\n`],
    ['HTTP/0.9', () => 'GET /mcp\r\n\r\n'],
    ['HTTP/2 preface', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['TLS', () => '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003'],
    ['a socks greeting', () => '\u0005\u0001\u0000'],
    ['an upgrade to a web socket', ({ port, token }) => `GET /mcp HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n`],
    ['a tunnel', ({ token }) => `CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\nAuthorization: Bearer ${token}\r\n\r\n`],
    ['an expectation', ({ port, token }) => `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\nExpect: evil\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}`],
  ];
  for (const [name, bytes] of TRICKS) {
    it(`refuses ${name}`, async () => {
      await refused(bytes(rig), [400, 403, 405, 417, HUNG_UP]);
    });
  }

  it('takes no second request out of a smuggled body', async () => {
    const inner = write({}, rig.token);
    const outer = `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:${rig.port}\r\nAuthorization: Bearer x\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(inner)}\r\n\r\n`;
    await refused(outer + inner, [401]);
  });

  it('refuses headers beyond 16 KiB, many or long', async () => {
    await refused(write({ headers: { 'x-long': 'a'.repeat(17 * 1024) } }, rig.token), [431]);
    const many = Object.fromEntries(Array.from({ length: 1_500 }, (_, n) => [`x-${n}`, 'aaaaaaaa']));
    await refused(write({ headers: many }, rig.token), [431]);
  });

  it('sees a repeated header behind hundreds of others', async () => {
    const fill = Object.fromEntries(Array.from({ length: 900 }, (_, n) => [`x-${n}`, 'a']));
    const bytes = write({ headers: fill }, rig.token).replace('\r\n\r\n', `\r\nAuthorization: Bearer ${rig.token}\r\n\r\n`);
    await refused(bytes, [400]);
  });

  it('refuses an announced body beyond 4 MiB without waiting for it', async () => {
    const announced = { 'content-length': String(4 * 1024 * 1024 + 1), connection: 'keep-alive' };
    await refused(write({ headers: announced, body: '' }, rig.token), [413]);
  });

  const BODIES: readonly (readonly [string, string | Buffer, number])[] = [
    ['nothing', '', -32700],
    ['a word', 'canary-4711', -32700],
    ['half an object', '{"jsonrpc":"2.0","id":1', -32700],
    ['two values', '{} {}', -32700],
    ['a byte order mark', Buffer.from('\ufeff{"jsonrpc":"2.0","id":1,"method":"ping"}'), -32700],
    ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0xfe, 0x22]), -32700],
    ['an overlong encoding', Buffer.from([0x22, 0xc0, 0xaf, 0x22]), -32700],
    ['a surrogate in UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), -32700],
    ['deep arrays', `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"a":${'['.repeat(64)}${']'.repeat(64)}}}`, -32700],
    ['abysmal objects', '{"a":'.repeat(100_000), -32700],
    ['null', 'null', -32600],
    ['a number', '1', -32600],
    ['an empty object', '{}', -32600],
    ['an empty batch', '[]', -32600],
    ['a batch', `[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"method":"ping"}]`, -32600],
    ['JSON-RPC 1.0', '{"jsonrpc":"1.0","id":1,"method":"ping"}', -32600],
    ['no version', '{"id":1,"method":"ping"}', -32600],
    ['a null id', '{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600],
    ['an object as id', '{"jsonrpc":"2.0","id":{},"method":"ping"}', -32600],
    ['a fractional id', '{"jsonrpc":"2.0","id":1.5,"method":"ping"}', -32600],
    ['a method that is no string', '{"jsonrpc":"2.0","id":1,"method":1}', -32600],
    ['params that are a list', '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[1]}', -32600],
  ];
  for (const [name, body, code] of BODIES) {
    it(`refuses ${name} as a message`, async () => {
      const calls = rig.handler.requests.length;
      const session = await initialize(rig);
      const { status, json, text } = await send(rig.port, { headers: { ...rig.headers, ...session }, body });
      assert.deepEqual([status, json?.error?.code, json?.id], [400, code, null]);
      assert.doesNotMatch(text, /canary/);
      assert.equal(rig.handler.requests.length, calls);
    });
  }

  it('takes __proto__ for a name like any other', async () => {
    const session = await initialize(rig);
    for (const method of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '']) {
      const { status, json } = await post(rig, { jsonrpc: '2.0', id: 1, method }, session);
      assert.deepEqual([status, json?.error?.code], [200, -32601], method);
    }
    const body = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}}';
    assert.equal((await send(rig.port, { headers: { ...rig.headers, ...session }, body })).status, 200);
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
  });

  it('writes refusals down without what was sent, and not once for each', () => {
    const reasons = rig.log.filter(({ message }) => message === 'A request was refused').map(({ data }) => (data as { reason: string }).reason);
    const kinds = new Set(reasons).size;
    assert.ok(kinds > 3);
    assert.ok(reasons.length <= 3 * kinds, 'one line in ten seconds for each reason');
    const text = JSON.stringify(rig.log);
    assert.ok(!text.includes(rig.token) && !text.includes('evil') && !text.includes('canary'));
  });

  it('is reachable on 127.0.0.1 and on no other address', async () => {
    for (const address of ['::1', '127.0.0.2', '0.0.0.0']) {
      const socket = connect(rig.port, address);
      // Linux routes 0.0.0.0 to loopback, which is where the endpoint is: there the Host check answers.
      const outcome = await new Promise<string>((resolve) => {
        socket.once('connect', () => resolve('connected'));
        socket.once('error', () => resolve('refused'));
      });
      socket.destroy();
      if (address !== '0.0.0.0') assert.equal(outcome, 'refused', address);
    }
  });
});

describe('bodies beyond the limit', () => {
  it('are refused when announced, and the client that sends them all the same hears of it', async () => {
    await using rig = await startRig();
    const { status, headers } = await send(rig.port, { headers: rig.headers, body: Buffer.alloc(4 * 1024 * 1024 + 1, 0x20) });
    assert.deepEqual([status, headers.connection], [413, 'close']);
  });

  it('are refused when counted, and an endless one is cut off', async () => {
    await using rig = await startRig({ limits: { bodyBytes: 64 * 1024 } });
    const socket = connect(rig.port, '127.0.0.1');
    const received = readToEnd(socket);
    socket.write(`POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:${rig.port}\r\nAuthorization: Bearer ${rig.token}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`);
    const chunk = `4000\r\n${' '.repeat(0x4000)}\r\n`;
    let written = 0;
    const flood = (): void => {
      while (!socket.destroyed && socket.write(chunk)) written += 0x4000;
      written += 0x4000;
    };
    socket.on('drain', flood);
    flood();
    assert.match(await received, /^HTTP\/1\.1 413 /);
    // Twice the limit is read to no purpose; the rest of this is what the kernel holds on both ends.
    assert.ok(written >= 64 * 1024 && written < 32 * 1024 * 1024, String(written));
    assert.equal((await post(rig, initializeMessage())).status, 200);
  });

  it('are not there at exactly the limit', async () => {
    await using rig = await startRig({ limits: { bodyBytes: 1024 } });
    const body = JSON.stringify(initializeMessage());
    assert.equal((await send(rig.port, { headers: rig.headers, body: body.padEnd(1024) })).status, 200);
    assert.equal((await send(rig.port, { headers: rig.headers, body: body.padEnd(1025) })).status, 413);
  });
});

describe('an endpoint without authentication', () => {
  it('serves its own origin, for test clients that send it, and no other', async () => {
    const local = { id: 'local', kind: 'local', label: 'Local', grant: FULL_GRANT } as const;
    await using rig = await startRig({ authenticator: createAuthenticator({ noAuth: local }) });
    const headers = { 'content-type': 'application/json', 'mcp-protocol-version': MODERN, 'mcp-method': 'server/discover' };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'server/discover', params: { _meta: ENVELOPE } });
    for (const [origin, status] of [
      [`http://127.0.0.1:${rig.port}`, 200],
      [`http://localhost:${rig.port}`, 200],
      [`http://localhost:${rig.port + 1}`, 403],
      [`https://localhost:${rig.port}`, 403],
      ['null', 403],
      ['http://evil.example', 403],
    ] as const) {
      const answer = await send(rig.port, { headers: { ...headers, origin }, body });
      assert.equal(answer.status, status, origin);
      assert.equal(answer.headers['access-control-allow-origin'], undefined);
    }
    const forged = await send(rig.port, { headers: { ...headers, host: 'evil.example' }, body });
    assert.equal(forged.status, 403);
  });
});
