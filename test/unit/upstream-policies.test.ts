import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { headerValue, legacyDialect, modernDialect } from '../../src/proxy/upstream/dialect.ts';
import { failureOf, UpstreamError } from '../../src/proxy/upstream/failure.ts';
import { dialableUrl, isRefusedAddress, shownUrl } from '../../src/proxy/upstream/http/dial-guard.ts';
import { PendingCall } from '../../src/proxy/upstream/pending-call.ts';
import { RestartPolicy } from '../../src/proxy/upstream/restart-policy.ts';
import { declares, serverInfo } from '../../src/proxy/upstream/server-info.ts';
import { throttledLog } from '../../src/proxy/upstream/throttled-log.ts';

describe('RestartPolicy', () => {
  it('pauses a second after a failed start, not after a loss', () => {
    let now = 0;
    const policy = new RestartPolicy(() => now, () => 0);
    policy.started();
    policy.failed();
    assert.equal(policy.waitForUse, 1_000);
    now = 1_000;
    assert.equal(policy.waitForUse, 0);
    policy.started();
    policy.ready();
    policy.lost();
    assert.equal(policy.waitForUse, 0);
  });

  it('allows six starts a minute, and any start to a person', () => {
    let now = 0;
    const policy = new RestartPolicy(() => now, () => 0);
    for (; now < 6_000; now += 1_000) policy.started();
    assert.equal(policy.waitForUse, 54_000);
    now = 60_000;
    assert.equal(policy.waitForUse, 0);
    policy.started();
    assert.equal(policy.waitForUse, 1_000);
    policy.reset();
    assert.equal(policy.waitForUse, 0);
  });

  it('does not count the starts of what was stopped because nobody used it', () => {
    const policy = new RestartPolicy(() => 0, () => 0);
    for (let n = 0; n < 20; n++) {
      policy.started();
      policy.ready();
      policy.rested();
    }
    assert.equal(policy.waitForUse, 0);
    for (let n = 0; n < 6; n++) policy.started();
    assert.notEqual(policy.waitForUse, 0, 'others count as before');
  });

  it('waits longer with each failure, with full jitter and a ceiling, and never stops', () => {
    let now = 0;
    let random = 1;
    const policy = new RestartPolicy(() => now, () => random);
    const delays: number[] = [];
    for (let n = 0; n < 40; n++) {
      policy.started();
      delays.push(policy.failed());
      now += 120_000;
    }
    assert.deepEqual(delays.slice(0, 8), [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    assert.equal(delays.at(-1), 60_000);
    random = 0.5;
    assert.equal(policy.failed(), 30_000);
    random = 1;
    policy.started();
    policy.ready();
    now += 30_000;
    assert.equal(policy.lost(), 1_000, 'a connection that lived counts as well again');
  });
});

describe('throttledLog', () => {
  it('drops a flood, counts it, and goes on at the allowed rate', () => {
    let now = 0;
    const lines: string[] = [];
    const log = throttledLog('s', ({ text, source }) => lines.push(`${source} ${text}`), () => now);
    for (let n = 0; n < 1_000; n++) log('stdout-noise', `line ${n}`);
    assert.equal(lines.length, 50);
    log('stderr', 'another source is not held up');
    now = 1_000;
    log('stdout-noise', 'later');
    assert.deepEqual(lines.slice(-3), ['stderr another source is not held up', 'stdout-noise (950 lines left out)', 'stdout-noise later']);
  });

  it('cuts long lines', () => {
    const lines: string[] = [];
    throttledLog('s', ({ text }) => lines.push(text))('stderr', 'x'.repeat(5_000));
    assert.equal(lines[0]?.length, 2_001);
  });
});

describe('dialects', () => {
  it('legacy leaves params alone unless it adds a token', () => {
    const params = '{ "name":"t", "arguments":{"n":9007199254740993} }';
    const legacy = legacyDialect('2025-11-25');
    assert.deepEqual(legacy.request('tools/call', params, undefined), { params, headers: { 'mcp-protocol-version': '2025-11-25' } });
    assert.equal(legacy.request('tools/call', '{"_meta":{"progressToken":0,"a":1.0},"name":"t"}', 5).params, '{"_meta":{"progressToken":5,"a":1.0},"name":"t"}');
    assert.equal(legacy.request('x', undefined, 5).params, '{"_meta":{"progressToken":5}}');
    assert.deepEqual(legacyDialect(undefined).headers, { 'mcp-method': 'initialize' });
  });

  it('modern adds its envelope in place of any other, and mirrors method and name', () => {
    const modern = modernDialect('2026-07-28', { clientInfo: '{"name":"vestibule","version":"1"}', capabilities: '{}' });
    const written = modern.request('resources/read', '{"uri":"file:///ü","_meta":{"io.modelcontextprotocol/protocolVersion":"forged","traceparent":"00"}}', 3);
    assert.deepEqual(JSON.parse(written.params ?? ''), {
      uri: 'file:///ü',
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        traceparent: '00',
        'io.modelcontextprotocol/clientInfo': { name: 'vestibule', version: '1' },
        'io.modelcontextprotocol/clientCapabilities': {},
        progressToken: 3,
      },
    });
    assert.deepEqual(written.headers, { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'resources/read', 'mcp-name': headerValue('file:///ü') });
  });

  it('modern speaks for another sender where one is given', () => {
    const modern = modernDialect('2026-07-28', { clientInfo: '{"name":"vestibule","version":"1"}', capabilities: '{}' });
    const sender = { clientInfo: undefined, capabilities: '{"sampling":{}}', logLevel: '"debug"' };
    assert.deepEqual(JSON.parse(modern.request('tools/call', '{"name":"t"}', undefined, sender).params ?? ''), {
      name: 't',
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientCapabilities': { sampling: {} },
        'io.modelcontextprotocol/logLevel': 'debug',
      },
    });
  });

  it('encodes what a header field cannot hold', () => {
    for (const plain of ['a', 'get_issue', 'with space', 'tab\there']) assert.equal(headerValue(plain), plain);
    for (const text of ['', ' padded ', 'ü', 'a\r\nb: c', '=?base64?eA==?=', '\u0000']) {
      const encoded = headerValue(text);
      assert.match(encoded, /^=\?base64\?[A-Za-z0-9+/=]*\?=$/);
      assert.equal(Buffer.from(encoded.slice(9, -2), 'base64').toString('utf8'), text);
    }
  });
});

describe('addresses', () => {
  it('refuses link-local and metadata addresses in every spelling', () => {
    for (const address of ['169.254.169.254', '169.254.0.1', '::ffff:169.254.169.254', '::ffff:a9fe:a9fe', 'fe80::1', 'fe80::1%eth0', 'febf::1', '[fe80::1]', 'fd00:ec2::254', '64:ff9b::a9fe:a9fe', '2002:a9fe:a9fe::1', '100.100.100.200']) {
      assert.ok(isRefusedAddress(address), address);
    }
    for (const address of ['127.0.0.1', '::1', '10.0.0.1', '192.168.1.1', '169.253.0.1', 'fec0::1', 'fd00::1', '1.1.1.1', 'localhost', 'example.com']) {
      assert.equal(isRefusedAddress(address), false, address);
    }
    for (const host of ['2852039166', '0xa9fea9fe', '0251.0376.0251.0376', '169.254.43518']) assert.throws(() => dialableUrl(`http://${host}/`), /link-local/, host);
  });

  it('shows no query', () => {
    assert.equal(shownUrl(new URL('https://h/p?key=secret')), 'https://h/p?…');
    assert.equal(shownUrl(new URL('http://h:1/p')), 'http://h:1/p');
  });
});

describe('what a server says of itself', () => {
  it('is read leniently and bounded', () => {
    const info = serverInfo('legacy', '2025-11-25', `{"capabilities":[],"serverInfo":{"name":"${'n'.repeat(2_000)}","version":7},"instructions":{"a":1}}`);
    assert.equal(info.name.length, 500);
    assert.equal(info.version, '');
    assert.equal(info.capabilities, '{}');
    assert.equal(info.instructions, undefined);
    assert.equal(declares(info, 'tools'), false);
    const modern = serverInfo('modern', '2026-07-28', '{"capabilities":{"tools":{"listChanged":true}},"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"m"}}}');
    assert.equal(modern.name, 'm');
    assert.ok(declares(modern, 'tools', 'listChanged'));
    assert.equal(declares(modern, 'tools', 'other'), false);
  });
});

describe('failures', () => {
  it('bound their evidence', () => {
    const error = new UpstreamError('exited-early', 'm', { action: 'a', evidence: Array.from({ length: 100 }, (_, n) => `${n} ${'x'.repeat(5_000)}`) });
    const { evidence } = failureOf(error);
    assert.equal(evidence.length, 24);
    assert.ok(evidence[0]?.startsWith('76 '));
    assert.ok(evidence.every((line) => line.length <= 1_001));
    assert.equal(failureOf(new TypeError('odd')).reason, 'launch-failed');
  });
});

describe('PendingCall', () => {
  const timers = (): number => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;

  it('sets no timer for a call without limits, and leaves none behind', () => {
    const before = timers();
    const call = (timeoutMs: number): PendingCall => new PendingCall({ timeoutMs, maxTimeoutMs: Infinity }, () => undefined, () => undefined, () => undefined);
    call(Infinity);
    assert.equal(timers(), before);
    const limited = call(60_000);
    assert.equal(timers(), before + 1);
    limited.resolve({ result: '{}' });
    assert.equal(timers(), before);
  });
});
