import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ClientId } from '../../src/proxy/clients/client-files.ts';
import { parseServersFile } from '../../src/proxy/config/servers-file.ts';
import { commandOrAddress, isOwnEntry } from '../../src/proxy/import/describe.ts';
import { moveSecrets } from '../../src/proxy/import/move-secrets.ts';
import { planImport } from '../../src/proxy/import/plan.ts';
import type { FoundServer, Importable } from '../../src/proxy/import/types.ts';

// Of no service: the form of such keys is what is recognised.
const KEY = 'ghp_16C7e42F292c6912E7710c838347Ae178B4a';

function found(client: ClientId, name: string, written: object, inputs: readonly unknown[] = []): FoundServer {
  return { client, file: `/home/me/${client}.json`, path: ['mcpServers', name], name, written: written as FoundServer['written'], inputs };
}

function plan(servers: readonly FoundServer[], there: object = {}, platform: NodeJS.Platform = 'linux'): ReturnType<typeof planImport> {
  return planImport(servers, { there: parseServersFile(JSON.stringify({ servers: there }), 'there.json', 'user').servers, isOwn: isOwnEntry, platform });
}

function only(client: ClientId, written: object): Importable {
  const { servers, skipped } = plan([found(client, 'it', written)]);
  assert.deepEqual(skipped, []);
  return servers[0] as Importable;
}

describe('an import plan', () => {
  it('writes what each client means in our grammar', () => {
    const cases: readonly (readonly [ClientId, object, object])[] = [
      ['claude-desktop', { command: 'npx', args: ['-y', 'x'], env: { HOME_DIR: '${HOME}' } }, { command: 'npx', args: ['-y', 'x'], env: { HOME_DIR: '${env:HOME}' } }],
      ['claude-code', { type: 'http', url: 'https://a.example/mcp', headers: { Authorization: 'Bearer ${TOKEN}' } }, { type: 'http', url: 'https://a.example/mcp', headers: { Authorization: 'Bearer ${env:TOKEN}' } }],
      ['cursor', { command: 'uvx', args: ['x'], envFile: '${workspaceFolder}/.env' }, { command: 'uvx', args: ['x'], envFile: '${workspaceFolder}/.env' }],
      ['windsurf', { serverUrl: 'https://a.example/mcp', disabled: true }, { url: 'https://a.example/mcp', enabled: false }],
      ['gemini', { url: 'https://a.example/sse', timeout: 30_500, includeTools: ['a'], excludeTools: ['b'], trust: true }, { url: 'https://a.example/sse', timeoutSeconds: 31, type: 'sse', tools: { allow: ['a'], deny: ['b'] } }],
      ['gemini', { httpUrl: 'https://a.example/mcp' }, { url: 'https://a.example/mcp' }],
      ['copilot-cli', { type: 'local', command: 'x', tools: ['*'] }, { type: 'stdio', command: 'x' }],
      ['copilot-cli', { type: 'http', url: 'https://a.example/mcp', tools: ['one'] }, { type: 'http', url: 'https://a.example/mcp', tools: { allow: ['one'] } }],
      ['codex', { url: 'https://a.example/mcp', bearer_token_env_var: 'A', env_http_headers: { 'X-Org': 'ORG' }, tool_timeout_sec: 90.5, startup_timeout_sec: 5 }, { url: 'https://a.example/mcp', timeoutSeconds: 91, headers: { 'X-Org': '${env:ORG}', Authorization: 'Bearer ${env:A}' } }],
      ['codex', { command: 'x', env_vars: ['PATH_TO'], env: { A: '1' }, enabled_tools: ['t'] }, { command: 'x', env: { PATH_TO: '${env:PATH_TO}', A: '1' }, tools: { allow: ['t'] } }],
      ['cline', { type: 'streamableHttp', url: 'https://a.example/mcp', disabled: false, autoApprove: ['x'], timeout: 60 }, { type: 'http', url: 'https://a.example/mcp', timeoutSeconds: 60 }],
      ['roo', { command: 'x', alwaysAllow: ['a'], disabledTools: ['b'] }, { command: 'x', tools: { deny: ['b'] } }],
      ['vscode', { type: 'stdio', command: 'x', args: ['${userHome}'] }, { type: 'stdio', command: 'x', args: ['${userHome}'] }],
    ];
    for (const [client, written, entry] of cases) assert.deepEqual(JSON.parse(JSON.stringify(only(client, written).entry)), entry, `${client} ${JSON.stringify(written)}`);
  });

  it('says what it leaves out', () => {
    assert.deepEqual(only('cline', { command: 'x', autoApprove: ['a'] }).notes, ['"autoApprove" was left out: it has no counterpart here.']);
  });

  it('keeps a sandbox where VS Code had one, and says what of it is stricter or looser', () => {
    const boxed = (platform: NodeJS.Platform, sandbox: object): Importable | undefined => plan([{ ...found('vscode', 'it', { type: 'stdio', command: 'x', sandboxEnabled: true }), sandbox }], {}, platform).servers[0];
    const plain = (of: Importable | undefined): unknown => JSON.parse(JSON.stringify(of?.entry));
    const closed = boxed('linux', {});
    assert.deepEqual(plain(closed), { type: 'stdio', command: 'x', isolation: { kind: 'sandbox' } });
    assert.equal(closed?.notes.length, 1);
    const open = boxed('darwin', { network: { allowedDomains: ['api.example.com'] }, filesystem: { allowWrite: ['./out'] } });
    assert.deepEqual(plain(open), { type: 'stdio', command: 'x', isolation: { kind: 'sandbox', network: true } });
    assert.match((open?.notes ?? []).join('\n'), /api\.example\.com alone[^]*cannot write to \.\/out/);
    const windows = boxed('win32', {});
    assert.deepEqual(plain(windows), { type: 'stdio', command: 'x' });
    assert.match((windows?.notes ?? []).join(), /on Windows/);
    assert.deepEqual(plain(only('vscode', { type: 'stdio', command: 'x', sandboxEnabled: false })), { type: 'stdio', command: 'x' });
  });

  it('brings declared inputs along, and declares those that are missing as secrets', () => {
    const { servers } = plan([found('vscode', 'it', { command: 'x', env: { A: '${input:a}', B: '${input:b}' } }, [{ id: 'a', type: 'promptString', description: 'The A' }])]);
    assert.deepEqual(servers[0]?.inputs.map(({ id, description, password }) => [id, description, password]), [['a', 'The A', undefined], ['b', 'b', true]]);
  });

  it('imports one launch once, whoever has it, under names that are free', () => {
    const { servers, skipped } = plan(
      [
        found('cursor', 'files', { command: 'npx', args: ['files'] }),
        found('claude-code', 'filesystem', { command: 'npx', args: ['files'] }),
        found('cursor', 'git', { command: 'uvx', args: ['git'] }),
        found('claude-code', 'git', { command: 'uvx', args: ['other-git'] }),
        found('cursor', 'docs', { url: 'https://docs.example/mcp' }),
      ],
      { git: { command: 'uvx', args: ['yet-another'] }, documents: { url: 'https://docs.example/mcp' } },
    );
    assert.deepEqual(servers.map(({ name, twins }) => [name, twins.map(({ client }) => client)]), [['files', ['claude-code']], ['git-2', []], ['git-3', []]]);
    assert.deepEqual(skipped.map(({ found: { name }, reason, why }) => [name, reason, why]), [['docs', 'there', 'The server "documents" is the same.']]);
  });

  it('leaves out what makes no server, and this proxy itself', () => {
    const { servers, skipped } = plan([
      found('cursor', 'broken', { command: 3 }),
      found('cursor', 'a/b c', {}),
      found('cursor', 'vestibule', { url: 'http://127.0.0.1:8123/mcp' }),
      found('cursor', 'bridge', { command: 'npx', args: ['-y', 'vestibule', 'bridge'] }),
      found('cursor', 'local', { url: 'http://127.0.0.1:8123/mcp' }),
    ]);
    assert.deepEqual(servers.map(({ name }) => name), ['local']);
    assert.deepEqual(skipped.map(({ reason }) => reason), ['bad', 'bad', 'own', 'own']);
  });
});

describe('literal secrets of an entry', () => {
  it('become references wherever they stand', () => {
    const { entry, secrets } = moveSecrets('hub', {
      command: 'npx',
      args: ['x', '--api-key', 'abc-123-def', '--token=t0ken-value', '--header', 'Authorization: Bearer zzz-999', '--verbose', `--url=https://u:${KEY}@h.example`],
      env: { GITHUB_TOKEN: KEY, PLAIN: 'value', LEVEL: 'debug', API_KEY: '${input:k}', ODD: `prefix ${KEY}` },
      headers: { Authorization: 'Bearer abcdef', 'X-Team': 'blue' },
      url: 'https://h.example/mcp?team=1&api_key=q1w2e3r4',
    });
    const text = JSON.stringify(entry);
    for (const value of [KEY, 'abc-123-def', 't0ken-value', 'zzz-999', 'abcdef', 'q1w2e3r4']) {
      assert.ok(!text.includes(value), value);
      assert.ok(secrets.some((secret) => secret.value.includes(value)), value);
    }
    assert.deepEqual((entry['env'] as Record<string, string>)['GITHUB_TOKEN'], '${secret:hub.env.GITHUB_TOKEN}');
    assert.deepEqual(entry['headers'], { Authorization: 'Bearer ${secret:hub.headers.Authorization}', 'X-Team': 'blue' });
    assert.match(String(entry['url']), /^https:\/\/h\.example\/mcp\?team=1&api_key=\$\{secret:hub\.url\.1\}$/);
    assert.deepEqual((entry['env'] as Record<string, string>)['API_KEY'], '${input:k}');
    assert.equal(new Set(secrets.map(({ name }) => name)).size, secrets.length);
  });

  it('put back are the entry as it was', () => {
    const entry = { command: 'x', args: ['--password', 'p w', `a${KEY}b`], env: { A_SECRET: 'one', B: `x ${KEY} y` }, headers: { Cookie: 'sid=1' } };
    const moved = moveSecrets('s', entry);
    const values = new Map(moved.secrets.map(({ name, value }) => [name, value]));
    const back = JSON.parse(JSON.stringify(moved.entry), (_, value: unknown) => (typeof value === 'string' ? value.replace(/\$\{secret:([^}]+)\}/g, (__, name: string) => values.get(name) ?? '?') : value)) as unknown;
    assert.deepEqual(back, entry);
  });
});

describe('a launch on one line', () => {
  it('is whole, and quoted where it could mislead', () => {
    assert.equal(commandOrAddress({ command: 'npx', args: ['-y', 'a b', '$x'] }), 'npx -y "a b" $x');
    assert.equal(commandOrAddress({ url: 'https://x' }), 'https://x');
  });
});
