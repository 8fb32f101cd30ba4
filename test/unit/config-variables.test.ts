import assert from 'node:assert/strict';
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { before, describe, it } from 'node:test';
import { parseServersFile } from '../../src/proxy/config/servers-file.ts';
import type { ResolvedTransport, UpstreamConfig, VariableScope } from '../../src/proxy/config/types.ts';
import { resolveTransport } from '../../src/proxy/config/variables.ts';
import { VestibuleError } from '../../src/proxy/errors.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';

const root = realpathSync(tempFolder());
const workspaceFolder = join(root, 'project');
const userHome = join(root, 'home');
const ENVIRONMENT: Readonly<Record<string, string>> = { TOKEN: 'tok', TRICKY: '${secret:other} $(touch x) ; & %PATH%', EMPTY: '' };

const scope: VariableScope = {
  workspaceFolder,
  userHome,
  env: (name) => ENVIRONMENT[name],
  input: (id, server) => Promise.resolve(`<${id} of ${server}>`),
  secret: (name, server) => Promise.resolve(`[${name} of ${server}]`),
};

function config(entry: unknown, origin: UpstreamConfig['origin'] = 'user'): UpstreamConfig {
  const inputs = [{ id: 'x', type: 'promptString' }];
  const file = parseServersFile(JSON.stringify({ inputs, servers: { srv: entry } }), 'servers.json', origin);
  const [server] = file.servers;
  assert.ok(server, JSON.stringify(file.problems));
  return server;
}

function resolve(entry: unknown, origin?: UpstreamConfig['origin'], over: Partial<VariableScope> = {}): Promise<ResolvedTransport> {
  return resolveTransport(config(entry, origin), { ...scope, ...over });
}

async function stdio(entry: unknown, origin?: UpstreamConfig['origin']): Promise<Extract<ResolvedTransport, { type: 'stdio' }>> {
  const resolved = await resolve(entry, origin);
  assert.ok(resolved.type === 'stdio');
  return resolved;
}

async function failure(promise: Promise<unknown>): Promise<VestibuleError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(VestibuleError.is(error), String(error));
  return error;
}

before(() => {
  mkdirSync(join(workspaceFolder, 'sub'), { recursive: true });
  mkdirSync(join(userHome, '.ssh'), { recursive: true });
  writeFileSync(join(workspaceFolder, '.env'), '\uFEFF# comment\nA=1\nexport B="two words" # remark\r\nC=\'$A\'\n__proto__=x\nbad name=1\nFROM_FILE=file\n');
  writeFileSync(join(userHome, '.env'), 'HOME_FILE=1\n');
  if (process.platform !== 'win32') {
    symlinkSync(join(userHome, '.ssh'), join(workspaceFolder, 'link'));
    symlinkSync(join(userHome, '.env'), join(workspaceFolder, 'env-link'));
  }
});

describe('resolving variables', () => {
  it('replaces every kind, everywhere it may stand', async () => {
    const resolved = await stdio({
      command: 'run-${env:TOKEN}',
      args: ['${input:x}', 'a${/}b${pathSeparator}c', '${workspaceFolderBasename}', '$x {y} ${', '${secret:s}'],
      env: { A: '${userHome}', N: null, P: 8080 },
      cwd: '${workspaceFolder}/sub',
    });
    assert.equal(resolved.command, 'run-tok');
    assert.deepEqual(resolved.args, ['<x of srv>', `a${sep}b${sep}c`, 'project', '$x {y} ${', '[s of srv]']);
    assert.equal(JSON.stringify(resolved.env), JSON.stringify({ A: userHome, N: null, P: '8080' }));
    assert.equal(resolved.cwd, join(workspaceFolder, 'sub'));
    assert.equal(
      JSON.stringify(await resolve({ url: 'https://h/${env:TOKEN}', headers: { Authorization: 'Bearer ${secret:s}' } })),
      JSON.stringify({ type: 'http', url: 'https://h/tok', headers: { Authorization: 'Bearer [s of srv]' } }),
    );
  });

  it('never looks at a value again, whatever it holds', async () => {
    const { args } = await stdio({ command: 'x', args: ['${env:TRICKY}', '${env:TOKEN}${env:TRICKY}'] });
    assert.deepEqual(args, [ENVIRONMENT['TRICKY'], `tok${ENVIRONMENT['TRICKY'] ?? ''}`]);
  });

  it('an unset environment variable is empty in env, and an error elsewhere', async () => {
    assert.equal((await stdio({ command: 'x', env: { A: '${env:NOPE}!' } })).env['A'], '!');
    assert.deepEqual((await stdio({ command: 'x', args: ['${env:EMPTY}'] })).args, ['']);
    for (const entry of [{ command: 'x', args: ['${env:NOPE}'] }, { command: '${env:NOPE}' }, { url: 'https://x', headers: { A: '${env:NOPE}' } }]) {
      const error = await failure(resolve(entry));
      assert.equal(error.reason, 'unknown-variable');
      assert.match(error.message, /The server "srv" cannot start: The environment variable NOPE is not set/);
      assert.ok(error.at);
    }
  });

  it('without a folder, what needs one says so', async () => {
    const error = await failure(resolve({ command: '${workspaceFolder}/x' }, 'user', { workspaceFolder: undefined }));
    assert.equal(error.reason, 'unknown-variable');
    assert.match(error.message, /no workspace folder is open/);
  });

  it('passes errors of inputs and secrets on', async () => {
    const missing = new VestibuleError('missing-input', 'no value', { action: 'x' });
    assert.equal(await failure(resolve({ command: 'x', args: ['${input:x}'] }, 'user', { input: () => Promise.reject(missing) })), missing);
  });

  it('errors never hold values', async () => {
    const secret = (): Promise<string> => Promise.resolve('s3cr3t-value');
    const cases: readonly (readonly [unknown, VestibuleError['reason']])[] = [
      [{ url: 'https://h', headers: { A: '${secret:s}' } }, 'bad-config'],
      [{ url: '${secret:s}' }, 'bad-url'],
      [{ command: 'x', envFile: '${secret:s}' }, 'bad-config'],
      [{ command: 'x', args: ['${secret:s}'] }, 'bad-config'],
    ];
    for (const [entry, reason] of cases) {
      const error = await failure(resolve(entry, 'user', { secret: async () => `${await secret()}\n\0` }));
      assert.equal(error.reason, reason);
      assert.doesNotMatch(JSON.stringify([error.message, error.action]), /s3cr3t/);
    }
    assert.equal((await failure(resolve({ url: '${env:URL}' }, 'user', { env: () => 'file:///etc/passwd' }))).reason, 'bad-url');
    assert.equal((await failure(resolve({ url: '${env:URL}' }, 'user', { env: () => 'https://a:b@h/' }))).reason, 'bad-url');
  });
});

describe('folders of a launch', () => {
  it('a program starts at home unless its entry says cwd (W11)', async () => {
    assert.equal((await stdio({ command: 'npx' })).cwd, userHome);
    assert.equal((await stdio({ command: 'npx' }, 'workspace')).cwd, userHome);
    assert.equal((await stdio({ command: 'npx', cwd: 'sub' }, 'workspace')).cwd, join(workspaceFolder, 'sub'));
    assert.equal((await stdio({ command: 'npx', cwd: 'sub' })).cwd, join(userHome, 'sub'));
  });

  it('a bare command stays one; one with a folder is never taken from cwd', async () => {
    assert.equal((await stdio({ command: 'npx', cwd: '${workspaceFolder}/sub' }, 'workspace')).command, 'npx');
    assert.equal((await stdio({ command: './bin/server', cwd: '${workspaceFolder}/sub' }, 'workspace')).command, join(workspaceFolder, 'bin', 'server'));
    assert.equal((await stdio({ command: 'bin/server' })).command, join(userHome, 'bin', 'server'));
    const absolute = join(root, 'server');
    assert.equal((await stdio({ command: absolute })).command, absolute);
  });

  it('a link out of the workspace folder is refused as the cwd of a workspace entry (W9)', { skip: process.platform === 'win32' }, async () => {
    const error = await failure(stdio({ command: 'x', cwd: '${workspaceFolder}/link' }, 'workspace'));
    assert.match(error.message, /"cwd" is a link that leads out of the workspace folder/);
    assert.equal((await stdio({ command: 'x', cwd: join(workspaceFolder, 'link') })).cwd, join(workspaceFolder, 'link'));
    // What is spelled out was seen by whoever approved it.
    assert.equal((await stdio({ command: 'x', cwd: userHome }, 'workspace')).cwd, userHome);
  });

  it('and as one of its mounts, which would show an isolated server what the approval did not (W9)', { skip: process.platform === 'win32' }, async () => {
    const entry = { command: 'npx', isolation: { kind: 'container', mounts: ['${workspaceFolder}/sub', '${workspaceFolder}/link'] } };
    const error = await failure(stdio(entry, 'workspace'));
    assert.match(error.message, /"mounts" holds a link that leads out of the workspace folder/);
    const { args } = await stdio({ ...entry, isolation: { kind: 'container', mounts: [userHome, '${workspaceFolder}/sub'] } }, 'workspace');
    assert.deepEqual(args.filter((arg) => arg.startsWith('type=bind')), [userHome, join(workspaceFolder, 'sub')].map((path) => `type=bind,source=${path},target=${path},readonly`));
  });
});

describe('envFile', () => {
  it('chooses nothing that runs outside an isolation: nobody approved its values', async () => {
    writeFileSync(join(workspaceFolder, '.env-engine'), 'A=1\nDOCKER_HOST=tcp://evil.example\n');
    const entry = { command: 'npx', envFile: '${workspaceFolder}/.env-engine', isolation: { kind: 'container' } };
    const error = await failure(stdio(entry, 'workspace'));
    assert.match(error.message, /"envFile" sets DOCKER_HOST/);
    assert.equal((await stdio({ ...entry, env: { DOCKER_HOST: 'unix:///run/docker.sock' } }, 'workspace')).env['DOCKER_HOST'], 'unix:///run/docker.sock');
    assert.equal((await stdio({ command: 'npx', envFile: entry.envFile }, 'workspace')).env['A'], '1');
  });

  it('is read with quotes, comments and a byte order mark; env goes over it', async () => {
    const { env } = await stdio({ command: 'x', envFile: '${workspaceFolder}/.env', env: { FROM_FILE: 'entry', B: null } }, 'workspace');
    assert.equal(JSON.stringify(env), JSON.stringify({ A: '1', B: null, C: '$A', FROM_FILE: 'entry' }));
  });

  it('of a workspace entry must be inside of the folder, after links (W9)', { skip: process.platform === 'win32' }, async () => {
    for (const envFile of [join(userHome, '.env'), '../home/.env', '${workspaceFolder}/env-link']) {
      const error = await failure(stdio({ command: 'x', envFile }, 'workspace'));
      assert.equal(error.reason, 'bad-config');
      assert.match(error.message, /"envFile" is not inside the workspace folder/);
    }
    assert.equal((await stdio({ command: 'x', envFile: join(workspaceFolder, 'env-link') })).env['HOME_FILE'], '1');
  });

  it('that is missing or no file is an error', async () => {
    assert.match((await failure(stdio({ command: 'x', envFile: 'nope' }))).message, /"envFile" names a path that does not exist/);
    assert.match((await failure(stdio({ command: 'x', envFile: userHome }))).message, /cannot be read: it is not a file/);
  });
});
