import { posix } from 'node:path';
import { VestibuleError } from '../errors.ts';
import type { IsolationSettings } from './types.ts';

/** What an isolated launch is made from. For a preview, texts may still hold `${…}`. */
export interface IsolatedLaunch {
  readonly command: string;
  readonly args: readonly string[];
  readonly isolation: IsolationSettings;
  readonly cwd: string | undefined;
  /** Names of the variables that the entry sets; a container gets these and no other. */
  readonly envNames: readonly string[];
  readonly home: string;
  readonly platform: NodeJS.Platform;
}

/** Images by the program that is started; pinned to a line, not to the newest of everything. */
const IMAGES: readonly (readonly [programs: readonly string[], image: string])[] = [
  [['node', 'npx', 'npm', 'pnpm', 'yarn', 'corepack'], 'node:24-slim'],
  [['bun', 'bunx'], 'oven/bun:1-slim'],
  [['deno'], 'denoland/deno:2'],
  [['uv', 'uvx'], 'ghcr.io/astral-sh/uv:python3.13-bookworm-slim'],
  [['python', 'python3', 'pip', 'pipx'], 'python:3.13-slim'],
  [['ruby', 'gem', 'bundle'], 'ruby:3.4-slim'],
  [['go'], 'golang:1.25'],
  [['java', 'jbang'], 'eclipse-temurin:21-jre'],
  [['dotnet', 'dnx'], 'mcr.microsoft.com/dotnet/sdk:10.0'],
];

/** The image for a program, where one is known for it. */
export function imageFor(command: string): string | undefined {
  const program = posix.basename(command.replaceAll('\\', '/')).replace(/\.(?:exe|cmd|bat)$/i, '').toLowerCase();
  return IMAGES.find(([programs]) => programs.includes(program))?.[1];
}

/**
 * The exact argument vector that is started for an isolated server: the program in a container, or behind the sandbox of
 * the system. Pure: what a person is shown before they approve a launch is made by the same lines.
 * @throws VestibuleError `bad-config` where this system has no such sandbox or the container no image
 */
export function isolatedArgv(launch: IsolatedLaunch): readonly [command: string, ...args: string[]] {
  if (launch.isolation.kind === 'container') return inContainer(launch);
  if (launch.platform === 'linux') return inBubblewrap(launch);
  if (launch.platform === 'darwin') return inSandboxExec(launch);
  throw new VestibuleError('bad-config', 'This system has no sandbox that Vestibule knows: bubblewrap is for Linux, sandbox-exec for macOS.', { action: 'Set "isolation" of this server to { "kind": "container" }.' });
}

/** What is in force, for a person: ours, but for names that the person wrote. */
export function isolationText({ command, cwd, isolation, platform }: Pick<IsolatedLaunch, 'command' | 'cwd' | 'isolation' | 'platform'>): string {
  const { kind, network, engine, memoryMb, cpus } = isolation;
  const reach = network === false ? 'no network' : network === true ? 'network' : `network ${network}`;
  const shown = folders(isolation, cwd);
  const sees = shown.length === 0 ? 'no folder of yours' : `reads ${shown.join(', ')}`;
  if (kind === 'container') return `container (${engine}, ${isolation.image ?? imageFor(command) ?? 'no image'}), ${reach}, ${sees}, ${memoryMb} MB, ${cpus} CPU`;
  const sandbox = platform === 'darwin' ? 'sandbox-exec' : 'bubblewrap';
  return `sandbox (${sandbox}), ${reach}, ${sees}, writes to temporary files only, memory and CPU not limited`;
}

function inContainer({ command, args, isolation, cwd, envNames }: IsolatedLaunch): readonly [string, ...string[]] {
  const image = isolation.image ?? imageFor(command);
  if (image === undefined) throw new VestibuleError('bad-config', `There is no known image to run ${JSON.stringify(command)} in.`, { action: 'Write "image" in "isolation" of this server.' });
  const memory = `${isolation.memoryMb}m`;
  return [
    isolation.engine, 'run', '--rm', '--interactive', '--init',
    '--network', networkName(isolation.network),
    '--read-only', '--tmpfs', '/tmp:rw,nosuid,nodev,size=256m',
    '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges',
    '--pids-limit', '256', '--memory', memory, '--memory-swap', memory, '--cpus', String(isolation.cpus),
    ...folders(isolation, cwd).flatMap((path) => ['--mount', mountOf(path)]),
    '--workdir', cwd ?? '/tmp',
    '--env', 'HOME=/tmp',
    // Values come by the engine's own environment: none stands in an argument.
    ...[...envNames].sort().flatMap((name) => ['--env', name]),
    '--entrypoint', command, image, ...args,
  ]; // prettier-ignore
}

function networkName(network: IsolationSettings['network']): string {
  if (typeof network === 'string') return network;
  return network ? 'bridge' : 'none';
}

/** A comma or quote would begin another member of the option. */
function mountOf(path: string): string {
  if (/[,"\n\r]/.test(path)) throw new VestibuleError('bad-config', `The folder ${JSON.stringify(path)} cannot be mounted: its name holds a comma, a quote or a line break.`, { action: 'Use a folder with another name.' });
  return `type=bind,source=${path},target=${path},readonly`;
}

function folders({ mounts }: IsolationSettings, cwd: string | undefined): readonly string[] {
  return [...new Set([...mounts, ...(cwd === undefined ? [] : [cwd])])];
}

/** The system read-only, without the home folder and the sockets of the session; nothing is written but temporary files. */
function inBubblewrap({ command, args, isolation, cwd, home }: IsolatedLaunch): readonly [string, ...string[]] {
  return [
    'bwrap', '--die-with-parent', '--new-session', '--unshare-all', ...(isolation.network === false ? [] : ['--share-net']), '--cap-drop', 'ALL',
    '--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc', '--tmpfs', '/tmp', '--tmpfs', '/run',
    // Where names are resolved on most systems.
    ...(isolation.network === false ? [] : ['--ro-bind-try', '/run/systemd/resolve', '/run/systemd/resolve']),
    ...(home === '/' ? [] : ['--tmpfs', home]),
    ...folders(isolation, cwd).flatMap((path) => ['--ro-bind', path, path]),
    ...(cwd === undefined ? [] : ['--chdir', cwd]),
    '--', command, ...args,
  ]; // prettier-ignore
}

/** A later rule of a profile wins over an earlier one. */
function inSandboxExec({ command, args, isolation, cwd, home }: IsolatedLaunch): readonly [string, ...string[]] {
  const within = (path: string): string => `(subpath "${path.replace(/[\\"]/g, '\\$&')}")`;
  const rules = [
    '(version 1)',
    '(allow default)',
    ...(isolation.network === false ? ['(deny network*)'] : []),
    '(deny file-write*)',
    `(allow file-write* ${within('/private/tmp')} ${within('/private/var/folders')} (literal "/dev/null") (literal "/dev/stdout") (literal "/dev/stderr"))`,
    `(deny file-read* ${within(home)})`,
    ...folders(isolation, cwd).map((path) => `(allow file-read* ${within(path)})`),
  ];
  return ['sandbox-exec', '-p', rules.join(' '), command, ...args];
}
