import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { homedir } from 'node:os';
import { describe, it } from 'node:test';
import { VestibuleError } from '../../src/proxy/errors.ts';
import { UpstreamCallError, type UpstreamFailure, type UpstreamState } from '../../src/proxy/upstream/types.ts';
import { UpstreamError } from '../../src/proxy/upstream/failure.ts';
import { callTool, rawServer, supervise, textOf, toolText } from '../fixtures/upstreams/supervised.ts';

const MiB = 1024 * 1024;

function failureIn(state: UpstreamState): UpstreamFailure {
  assert.equal(state.kind, 'failed');
  return state.error;
}

describe('a stdio upstream', () => {
  it('negotiates, lists raw definitions and says what it is', async () => {
    const odd = '{"name":"odd","inputSchema":{"maximum":9007199254740993},"x":1.0}';
    const { upstream, listings, states } = supervise(rawServer({ tools: [odd] }));
    assert.equal(upstream.state.kind, 'idle');
    const { info } = await upstream.connect();
    assert.deepEqual(listings.map(({ tools }) => tools), [[odd]]);
    assert.deepEqual(states, ['starting', 'ready']);
    assert.deepEqual(
      { ...info },
      {
        era: 'legacy',
        protocolVersion: '2025-11-25',
        name: 'raw',
        version: '1.2.3',
        title: 'Raw Server',
        capabilities: '{"tools":{"listChanged":true}}',
        instructions: JSON.stringify('Be \u2603 nice.'),
      },
    );
  });

  it('relays params byte for byte: big integers, unknown members, line breaks between tokens', async () => {
    const { upstream } = supervise(rawServer());
    const connection = await upstream.connect();
    const args = '{"big":9007199254740993,"one":1.0,\n"text":"a\\nb"}';
    const raw = await toolText(connection, 'echo', args);
    assert.match(raw, /"params":\{"name":"echo","arguments":\{"big":9007199254740993,"one":1\.0, "text":"a\\nb"\}\}/);
  });

  it('passes names with spaces, emoji and 300 characters through untouched', async () => {
    const names = ['with space', '🎉 party', 'x'.repeat(300)];
    const tools = names.map((name) => `{"name":${JSON.stringify(name)},"inputSchema":{"type":"object"}}`);
    const { upstream, listings } = supervise(rawServer({ tools }));
    const connection = await upstream.connect();
    assert.deepEqual(listings[0]?.tools, tools);
    for (const name of names) assert.ok((await toolText(connection, name)).includes(JSON.stringify(name)));
  });

  it('lists good tools beside malformed ones', async () => {
    const tools = ['{"name":"good","inputSchema":{}}', '42', '{"name":7}', 'null', '"text"', '[1]', '{"name":"also good","inputSchema":{}}'];
    const { upstream, listings } = supervise(rawServer({ tools }));
    await upstream.connect();
    assert.deepEqual(listings[0]?.tools, tools);
  });

  it('stops at a cursor that comes twice and keeps what was read', async () => {
    const { upstream, listings, log } = supervise(rawServer({ tools: ['{"name":"a"}'], cursorLoop: true }));
    await upstream.connect();
    assert.deepEqual(listings[0]?.tools, ['{"name":"a"}', '{"name":"a"}']);
    assert.ok(log.some(({ source, text }) => source === 'protocol' && text.includes('a cursor for the second time')));
  });

  it('answers with the right result when two calls are answered in reverse order', async () => {
    const connection = await supervise(rawServer()).upstream.connect();
    const [first, second] = await Promise.all([toolText(connection, 'pair', '{"n":1}'), toolText(connection, 'pair', '{"n":2}')]);
    assert.deepEqual([first, second], ['1', '2']);
  });

  it('keeps characters whole that arrive byte by byte', async () => {
    const connection = await supervise(rawServer()).upstream.connect();
    assert.equal(await toolText(connection, 'split'), 'snowman ☃ and 🎉');
  });

  it('never takes a string, a float or an unknown id for one of ours', async () => {
    const connection = await supervise(rawServer()).upstream.connect();
    assert.equal(await toolText(connection, 'confuse'), 'right');
  });

  it('skips noise around valid frames and logs it', async () => {
    const noise = ['Starting up...', '{not json', '[]', '{"hello":"world"}', ''];
    const { upstream, log } = supervise(rawServer({ noise }));
    const connection = await upstream.connect();
    assert.ok((await toolText(connection, 'pid')).length > 0);
    const noted = log.filter(({ source }) => source === 'stdout-noise').map(({ text }) => text);
    assert.ok(noted.includes('Starting up...'));
    assert.ok(noted.includes('{not json'));
    assert.ok(noted.includes('(batch) []'));
    assert.ok(noted.includes('(not-jsonrpc) {"hello":"world"}'));
  });

  it('relays a result of 10 MB', async () => {
    const connection = await supervise(rawServer()).upstream.connect();
    const text = await toolText(connection, 'big', '{"bytes":10000000}');
    assert.equal(text.length, 10_000_000);
  });

  for (const tool of ['big', 'bigIdLast']) {
    it(`fails only the call whose line is over the cap (${tool})`, async () => {
      const connection = await supervise(rawServer()).upstream.connect();
      const waiting = toolText(connection, 'pair', '{"n":1}');
      await assert.rejects(callTool(connection, tool, `{"bytes":${17 * MiB}}`), (error: unknown) => error instanceof UpstreamCallError && error.kind === 'too-large' && error.sent);
      assert.equal(await toolText(connection, 'pair', '{"n":2}'), '2');
      assert.equal(await waiting, '1');
    });
  }

  it('keeps a flood on stderr out of the log and out of memory', async () => {
    const { upstream, log } = supervise(rawServer());
    const connection = await upstream.connect();
    assert.equal(await toolText(connection, 'floodStderr', '{"lines":50000}'), 'flooded');
    assert.ok(log.filter(({ source }) => source === 'stderr').length < 500);
  });

  it('answers ping itself, other requests with -32601 or by the hook', async () => {
    const connection = await supervise(rawServer()).upstream.connect();
    assert.deepEqual(JSON.parse(await toolText(connection, 'ask', '{"method":"ping"}')), { jsonrpc: '2.0', id: 'ask-1', result: {} });
    const refused = JSON.parse(await toolText(connection, 'ask', '{"method":"roots/list"}')) as { readonly error: { readonly code: number } };
    assert.equal(refused.error.code, -32601);
    connection.onRequest = ({ method, params }) => Promise.resolve({ result: `{"method":${JSON.stringify(method)},"params":${params ?? 'null'}}` });
    const answered = JSON.parse(await toolText(connection, 'ask', '{"method":"roots/list"}')) as { readonly result: unknown };
    assert.deepEqual(answered.result, { method: 'roots/list', params: { n: 1 } });
  });

  it('hands notifications that belong to no call to the connection', async () => {
    const connection = await supervise(rawServer()).upstream.connect();
    const heard: string[] = [];
    connection.onNotification(({ method, params }) => heard.push(`${method} ${params ?? ''}`));
    await toolText(connection, 'log');
    assert.deepEqual(heard, ['notifications/message {"level":"info","data":"hello"}']);
  });
});

describe('time and cancellation', () => {
  it('gives up after silence, tells the upstream, and drops the late answer', async () => {
    const connection = await supervise(rawServer()).upstream.connect();
    await assert.rejects(callTool(connection, 'hang', '{}', { timeoutMs: 50 }), (error: unknown) => error instanceof UpstreamCallError && error.kind === 'timeout' && error.sent);
    const cancelled = JSON.parse(await toolText(connection, 'cancelled')) as unknown[];
    assert.equal(cancelled.length, 1);
    assert.equal(typeof cancelled[0], 'number');
  });

  it('cancels at the upstream when the caller aborts, and leaves no listener behind', async () => {
    const connection = await supervise(rawServer()).upstream.connect();
    const abort = new AbortController();
    const call = callTool(connection, 'hang', '{}', { signal: abort.signal });
    abort.abort();
    await assert.rejects(call, (error: unknown) => error instanceof UpstreamCallError && error.kind === 'cancelled');
    assert.equal((JSON.parse(await toolText(connection, 'cancelled')) as unknown[]).length, 1);
    const quiet = new AbortController();
    await toolText(connection, 'pid', '{}', { signal: quiet.signal });
    assert.equal(getEventListeners(quiet.signal, 'abort').length, 0);
  });

  it('lets progress reset the clock, and hands on the raw params with our own token', async () => {
    const connection = await supervise(rawServer()).upstream.connect();
    const progress: string[] = [];
    const params = '{"name":"progress","arguments":{"steps":6,"everyMs":200},"_meta":{"progressToken":"theirs","x":1}}';
    const reply = await connection.call('tools/call', params, { timeoutMs: 600, maxTimeoutMs: 20_000, onProgress: (raw) => progress.push(raw) });
    assert.equal(textOf(reply), 'done');
    assert.equal(progress.length, 6);
    assert.match(progress[0] ?? '', /^\{"progressToken":\d+,"progress":1\}$/);
  });

  it('ends a call at its overall limit in spite of progress', async () => {
    const connection = await supervise(rawServer()).upstream.connect();
    const call = callTool(connection, 'progress', '{"steps":40,"everyMs":50}', { timeoutMs: 10_000, maxTimeoutMs: 400, onProgress: () => undefined });
    await assert.rejects(call, /did not finish within 0\.4 s/);
  });

  it('leaves the token of a call without onProgress alone', async () => {
    const connection = await supervise(rawServer()).upstream.connect();
    const reply = await connection.call('tools/call', '{"name":"echo","_meta":{"progressToken":0}}', { timeoutMs: 5_000, maxTimeoutMs: 5_000 });
    assert.ok(textOf(reply).includes('"_meta":{"progressToken":0}'));
  });
});

describe('a stdio upstream that does not start', () => {
  it('names a command that is not found and where it was looked for', async () => {
    const { upstream } = supervise({ type: 'stdio', command: 'no-such-command-here', args: [], env: {}, cwd: undefined });
    await assert.rejects(upstream.connect(), (error: unknown) => {
      assert.ok(error instanceof UpstreamError);
      assert.equal(error.reason, 'command-not-found');
      assert.match(error.message, /"no-such-command-here"/);
      assert.ok(error.evidence.some((line) => line.startsWith('PATH: /')));
      return true;
    });
    const failure = failureIn(upstream.state);
    assert.equal(failure.reason, 'command-not-found');
    assert.notEqual(failure.action, '');
  });

  it('says that the working folder is missing', async () => {
    const { upstream } = supervise({ type: 'stdio', command: process.execPath, args: [], env: {}, cwd: '/no/such/folder' });
    await assert.rejects(upstream.connect(), /working folder \/no\/such\/folder/);
  });

  it('shows exit code and last words of a server that dies before initialize', async () => {
    const { upstream } = supervise(rawServer({ dies: 'API_KEY is not set' }));
    await assert.rejects(upstream.connect(), /ended with code 7 before it answered initialize/);
    const failure = failureIn(upstream.state);
    assert.equal(failure.reason, 'exited-early');
    assert.deepEqual(failure.evidence, ['stderr: API_KEY is not set']);
  });

  it('gives up on a server that never answers', async () => {
    const { upstream } = supervise(rawServer({ silent: true }), { times: { handshakeMs: 300 } });
    await assert.rejects(upstream.connect(), /did not answer initialize within 0\.3 s/);
    assert.equal(failureIn(upstream.state).reason, 'handshake-timeout');
  });

  it('says so when stdout holds text only', async () => {
    // Wide enough for the process to come up and speak on a slow machine.
    const { upstream } = supervise(rawServer({ silent: true, noise: ['Usage: server [options]'] }), { times: { handshakeMs: 3_000 } });
    await assert.rejects(upstream.connect(), /wrote text to stdout that is not MCP/);
    assert.deepEqual(failureIn(upstream.state).evidence, ['stdout: Usage: server [options]']);
  });

  it('quotes the error of a server that rejects initialize', async () => {
    const { upstream } = supervise(rawServer({ initializeError: '{"code":-32000,"message":"License expired"}' }));
    await assert.rejects(upstream.connect(), /rejected initialize: License expired/);
    assert.equal(failureIn(upstream.state).reason, 'handshake-failed');
  });

  it('refuses a revision that is newer than it knows, and tolerates unknown older ones', async () => {
    await assert.rejects(supervise(rawServer({ protocolVersion: '2031-01-01' })).upstream.connect(), /protocol version 2031-01-01/);
    const { info } = await supervise(rawServer({ protocolVersion: '2024-10-07' })).upstream.connect();
    assert.equal(info.protocolVersion, '2024-10-07');
  });

  it('fails with the reason when an input is missing', async () => {
    const missing = new VestibuleError('missing-input', 'The server "fixture" needs a value for the input "api-key".', { action: 'Enter it.' });
    const { upstream } = supervise(rawServer(), { deps: { resolve: () => Promise.reject(missing) } });
    await assert.rejects(upstream.connect(), missing);
    assert.deepEqual(upstream.state, { kind: 'needs-input', input: 'api-key' });
  });
});

describe('what a server inherits', () => {
  it('is an allow-list and the own entries; null removes', async () => {
    process.env['VESTIBULE_TEST_SECRET'] = 'leak';
    process.env['LC_VESTIBULE'] = 'de';
    const connection = await supervise(rawServer({}, { OWN: 'yes', LC_VESTIBULE: null })).upstream.connect();
    const env = JSON.parse(await toolText(connection, 'env')) as Record<string, string>;
    assert.equal(env['OWN'], 'yes');
    assert.equal(env['HOME'], process.env['HOME']);
    assert.ok(env['PATH']?.startsWith(process.env['PATH'] ?? '?'));
    assert.equal('LC_VESTIBULE' in env, false);
    const allowed = /^(PATH|HOME|USER|LOGNAME|SHELL|TERM|TZ|TMPDIR|TMP|TEMP|LANG|LANGUAGE|LC_.*|XDG_.*|DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|NODE_EXTRA_CA_CERTS|SSL_CERT_.*|OWN|VESTIBULE_LAUNCH)$/;
    assert.deepEqual(Object.keys(env).filter((name) => !allowed.test(name)), []);
  });

  it('starts in the home folder, never in ours', async () => {
    const connection = await supervise(rawServer()).upstream.connect();
    assert.equal(await toolText(connection, 'cwd'), homedir());
  });
});
