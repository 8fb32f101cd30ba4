import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HttpTransport, StdioTransport, UpstreamConfig } from '../../src/proxy/config/types.ts';
import { digestOf } from '../../src/proxy/json/canonical.ts';
import { describeLaunch, fingerprintOf } from '../../src/proxy/quarantine/launch.ts';

const stdio: StdioTransport = { type: 'stdio', command: 'node', args: ['a.js', '${workspaceFolder}/x'], env: { TOKEN: '${input:t}', A: '1' }, envFile: undefined, cwd: undefined };
const http: HttpTransport = { type: 'http', url: 'https://example.test/mcp', headers: { Authorization: 'Bearer x', 'X-A': '1' } };

function configOf(transport: UpstreamConfig['transport'], name = 'server'): UpstreamConfig {
  return {
    name,
    origin: 'user',
    file: 'servers.json',
    at: { file: 'servers.json', line: 1, column: 1 },
    transport,
    enabled: true,
    lazy: true,
    idleStopMinutes: 10,
    timeoutSeconds: 60,
    maxTimeoutSeconds: 3600,
    shared: false,
    tools: { allow: undefined, deny: [], alias: {}, overrides: {} },
    flow: {}, outputLimit: undefined,
    extra: {},
  };
}

const fingerprint = (transport: UpstreamConfig['transport']): string => fingerprintOf(configOf(transport));

describe('launch fingerprints', () => {
  it('are the digest of canonical JSON', () => {
    assert.equal(
      fingerprint({ ...stdio, envFile: '.env', cwd: '/w' }),
      digestOf('{"type":"stdio","command":"node","args":["a.js","${workspaceFolder}/x"],"env":["A","TOKEN"],"envFile":".env","cwd":"/w"}'),
    );
    assert.equal(fingerprint(http), digestOf('{"type":"http","url":"https://example.test/mcp","headers":["Authorization","X-A"]}'));
  });

  it('do not depend on values, on the order of names, or on where the entry stands', () => {
    assert.equal(fingerprint({ ...stdio, env: { A: null, TOKEN: 'other' } }), fingerprint(stdio));
    assert.equal(fingerprint({ ...http, headers: { 'X-A': '', Authorization: '' } }), fingerprint(http));
    assert.equal(fingerprintOf({ ...configOf(stdio, 'other'), file: 'x', enabled: false }), fingerprint(stdio));
  });

  it('count the value of a variable that chooses code, since it is as good as a command', () => {
    const withOptions = (value: string): string => fingerprint({ ...stdio, env: { NODE_OPTIONS: value } });
    assert.notEqual(withOptions(''), withOptions('--require ./evil.js'));
    assert.notEqual(fingerprint({ ...stdio, env: { Path: '/a' } }), fingerprint({ ...stdio, env: { Path: '/b' } }));
    for (const name of ['DOCKER_HOST', 'DOCKER_CONFIG', 'CONTAINER_HOST', 'HOME']) assert.notEqual(fingerprint({ ...stdio, env: { [name]: '/a' } }), fingerprint({ ...stdio, env: { [name]: '/b' } }), name);
    assert.deepEqual(describeLaunch(configOf({ ...stdio, env: { TOKEN: 'x', NODE_OPTIONS: '--require ./evil.js' } })).envNames, ['NODE_OPTIONS=--require ./evil.js', 'TOKEN']);
  });

  it('change with everything that decides what is started or dialled', () => {
    const variants: UpstreamConfig['transport'][] = [
      stdio,
      { ...stdio, command: 'node2' },
      { ...stdio, args: ['a.js'] },
      { ...stdio, args: ['a.js ${workspaceFolder}/x'] },
      { ...stdio, args: [...stdio.args].reverse() },
      { ...stdio, env: { A: '1' } },
      { ...stdio, env: { ...stdio.env, NODE_OPTIONS: '' } },
      { ...stdio, envFile: '.env' },
      { ...stdio, cwd: '.env' },
      { ...stdio, args: ['a.js', '\ud800'] },
      { ...stdio, args: ['a.js', '\ud801'] },
      { ...stdio, args: ['a.js', '\\ud800'] },
      http,
      { ...http, type: 'sse' },
      { ...http, url: 'https://example.test/mcp2' },
      { ...http, headers: {} },
    ];
    assert.equal(new Set(variants.map(fingerprint)).size, variants.length);
  });
});

describe('launch descriptions', () => {
  it('show everything but values', () => {
    assert.deepStrictEqual(describeLaunch(configOf(stdio)), {
      fingerprint: fingerprint(stdio),
      argv: ['node', 'a.js', '${workspaceFolder}/x'],
      cwd: undefined,
      envNames: ['A', 'TOKEN'],
      envFile: undefined,
      url: undefined,
      headerNames: [],
    });
    const described = describeLaunch(configOf(http));
    assert.deepStrictEqual([described.url, described.headerNames, described.argv], ['https://example.test/mcp', ['Authorization', 'X-A'], undefined]);
    assert.ok(!JSON.stringify(described).includes('Bearer'));
  });
});
