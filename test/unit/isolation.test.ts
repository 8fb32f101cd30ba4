/* What is started for a server that is kept apart from the machine: to the letter, for it is what a person approves. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { imageFor, isolatedArgv, isolationText, type IsolatedLaunch } from '../../src/proxy/config/isolation.ts';
import { parseServersFile } from '../../src/proxy/config/servers-file.ts';
import type { IsolationSettings } from '../../src/proxy/config/types.ts';
import { describeLaunch, fingerprintOf } from '../../src/proxy/quarantine/launch.ts';
import { VestibuleError } from '../../src/proxy/errors.ts';

const isolation = (more: Partial<IsolationSettings> = {}): IsolationSettings => ({ kind: 'container', engine: 'docker', network: false, mounts: [], memoryMb: 512, cpus: 1, ...more });
const launch = (more: Partial<IsolationSettings> = {}, rest: Partial<IsolatedLaunch> = {}): IsolatedLaunch => ({ command: 'npx', args: ['-y', 'some-mcp@1.2.3'], isolation: isolation(more), cwd: undefined, envNames: [], home: '/home/me', platform: 'linux', ...rest });
const entry = (server: object) => parseServersFile(JSON.stringify({ servers: { s: server } }), '/u/servers.json', 'user');
const configOf = (server: object) => entry(server).servers[0] ?? assert.fail(JSON.stringify(entry(server).problems));

describe('an isolated launch', () => {
  it('in a container has no network, no rights, no writable files, and bounds', () => {
    assert.deepEqual(isolatedArgv(launch()), [
      'docker', 'run', '--rm', '--interactive', '--init', '--network', 'none', '--read-only', '--tmpfs', '/tmp:rw,nosuid,nodev,size=256m',
      '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--pids-limit', '256', '--memory', '512m', '--memory-swap', '512m', '--cpus', '1',
      '--workdir', '/tmp', '--env', 'HOME=/tmp', '--entrypoint', 'npx', 'node:24-slim', '-y', 'some-mcp@1.2.3',
    ]); // prettier-ignore
  });

  it('in a container gets the network, folders and variables that were written, and no value in an argument', () => {
    const argv = isolatedArgv(launch({ engine: 'podman', network: 'egress', mounts: ['/data', '/work'], memoryMb: 64, cpus: 0.5, image: 'registry.example.com/mcp@sha256:00' }, { cwd: '/work', envNames: ['TOKEN', 'A'] }));
    assert.deepEqual(argv, [
      'podman', 'run', '--rm', '--interactive', '--init', '--network', 'egress', '--read-only', '--tmpfs', '/tmp:rw,nosuid,nodev,size=256m',
      '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--pids-limit', '256', '--memory', '64m', '--memory-swap', '64m', '--cpus', '0.5',
      '--mount', 'type=bind,source=/data,target=/data,readonly', '--mount', 'type=bind,source=/work,target=/work,readonly',
      '--workdir', '/work', '--env', 'HOME=/tmp', '--env', 'A', '--env', 'TOKEN', '--entrypoint', 'npx', 'registry.example.com/mcp@sha256:00', '-y', 'some-mcp@1.2.3',
    ]); // prettier-ignore
    assert.ok(isolatedArgv(launch({ network: true })).includes('bridge'));
    for (const path of ['/a,target=/etc', '/a"b', '/a\nb']) assert.throws(() => isolatedArgv(launch({ mounts: [path] })), (error) => VestibuleError.is(error, 'bad-config'), path);
  });

  it('behind bubblewrap sees the system read-only, no home and no network', () => {
    const before = ['bwrap', '--die-with-parent', '--new-session', '--unshare-all'];
    const system = ['--cap-drop', 'ALL', '--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc', '--tmpfs', '/tmp', '--tmpfs', '/run'];
    assert.deepEqual(isolatedArgv(launch({ kind: 'sandbox' })), [...before, ...system, '--tmpfs', '/home/me', '--', 'npx', '-y', 'some-mcp@1.2.3']);
    assert.deepEqual(isolatedArgv(launch({ kind: 'sandbox', network: true, mounts: ['/home/me/.nvm'] }, { cwd: '/home/me/work' })), [
      ...before, '--share-net', ...system, '--ro-bind-try', '/run/systemd/resolve', '/run/systemd/resolve', '--tmpfs', '/home/me',
      '--ro-bind', '/home/me/.nvm', '/home/me/.nvm', '--ro-bind', '/home/me/work', '/home/me/work', '--chdir', '/home/me/work', '--', 'npx', '-y', 'some-mcp@1.2.3',
    ]); // prettier-ignore
  });

  it('behind sandbox-exec has a profile of the same meaning, in which no name is a rule', () => {
    const [program, option, profile, ...command] = isolatedArgv(launch({ kind: 'sandbox', mounts: ['/Users/me/a") (allow network*'] }, { platform: 'darwin', home: '/Users/me' }));
    assert.deepEqual([program, option, command], ['sandbox-exec', '-p', ['npx', '-y', 'some-mcp@1.2.3']]);
    assert.equal(
      profile,
      '(version 1) (allow default) (deny network*) (deny file-write*) (allow file-write* (subpath "/private/tmp") (subpath "/private/var/folders") (literal "/dev/null") (literal "/dev/stdout") (literal "/dev/stderr")) ' +
        '(deny file-read* (subpath "/Users/me")) (allow file-read* (subpath "/Users/me/a\\") (allow network*"))',
    );
    assert.throws(() => isolatedArgv(launch({ kind: 'sandbox' }, { platform: 'win32' })), /no sandbox that Vestibule knows/);
  });

  it('has an image by the family of the program, wherever that stands', () => {
    assert.deepEqual(['npx', '/usr/bin/node', 'C:\\node\\npx.cmd', 'uvx', 'python3', 'my-server'].map(imageFor), ['node:24-slim', 'node:24-slim', 'node:24-slim', 'ghcr.io/astral-sh/uv:python3.13-bookworm-slim', 'python:3.13-slim', undefined]);
    assert.throws(() => isolatedArgv(launch({}, { command: 'my-server' })), /no known image/);
  });

  it('is another launch than one without, or with other bounds; the launch that has none is what it always was', () => {
    const plain = { command: 'npx', args: ['x@1'], env: { T: '1' } };
    const prints = [plain, { ...plain, isolation: { kind: 'container' } }, { ...plain, isolation: { kind: 'container', network: true } }, { ...plain, isolation: { kind: 'sandbox' } }].map((server) => fingerprintOf(configOf(server)));
    assert.equal(new Set(prints).size, 4);
    assert.equal(prints[0], 'sha256-' + fingerprintOf(configOf(plain)).slice(7));
    const shown = describeLaunch(configOf({ ...plain, cwd: '${workspaceFolder}', isolation: { kind: 'container', mounts: ['${userHome}/data'] } }));
    assert.deepEqual(shown.argv, ['npx', 'x@1']);
    assert.deepEqual(shown.isolated?.slice(-9), ['--workdir', '${workspaceFolder}', '--env', 'HOME=/tmp', '--env', 'T', '--entrypoint', 'npx', 'node:24-slim', 'x@1'].slice(1));
    assert.equal(shown.isolation, 'container (docker, node:24-slim), no network, reads ${userHome}/data, ${workspaceFolder}, 512 MB, 1 CPU');
    assert.equal(isolationText({ command: 'x', cwd: undefined, isolation: isolation({ kind: 'sandbox', network: true }), platform: 'linux' }), 'sandbox (bubblewrap), network, no folder of yours, writes to temporary files only, memory and CPU not limited');
  });

  it('never falls back to less: an entry that is wrong costs the server', () => {
    const bad: readonly object[] = [{}, { kind: 'vm' }, { kind: 'container', image: '--privileged' }, { kind: 'container', network: 'host' }, { kind: 'container', network: 'container:x' }, { kind: 'container', network: '--x' }, { kind: 'sandbox', network: 'egress' }, { kind: 'container', mounts: ['relative'] }, { kind: 'container', memoryMb: 1 }, { kind: 'container', engine: 'sh' }];
    for (const one of bad) {
      const { servers, problems } = entry({ command: 'npx', isolation: one });
      assert.deepEqual([servers.length, problems.some(({ severity }) => severity === 'error')], [0, true], JSON.stringify(one));
    }
    assert.equal(entry({ command: 'my-server', isolation: { kind: 'container' } }).servers.length, 0);
    assert.equal(entry({ url: 'https://example.com/mcp', isolation: { kind: 'container' } }).problems[0]?.severity, 'warning');
  });
});
