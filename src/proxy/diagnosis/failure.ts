import { basename, posix, win32 } from 'node:path';
import type { UpstreamConfig } from '../config/types.ts';
import type { UpstreamFailure } from '../upstream/types.ts';
import type { DiagnosisCode } from './codes.ts';
import { diagnosis } from './diagnosis.ts';
import type { Diagnosis, Remedy } from './types.ts';

/** What the failure of a connection means for the entry it was made for. */
export function diagnoseFailure(config: UpstreamConfig, failure: UpstreamFailure): Diagnosis {
  const { name: server, at } = config;
  const code = codeOf(config, failure);
  const { message, fix } = TEXTS[code]?.(failure) ?? { message: failure.message, fix: failure.action };
  return diagnosis(code, { server, at, message, evidence: failure.evidence, fix, remedies: remediesOf(code, config, failure) });
}

/** Container programs that entries start. */
const CONTAINERS: ReadonlySet<string> = new Set(['docker', 'podman', 'nerdctl']);
const NO_DAEMON = /cannot connect to the docker daemon|error during connect|docker daemon (?:is )?not running|cannot connect to podman|dial unix .*docker\.sock/i;

function codeOf({ transport }: UpstreamConfig, { code, evidence }: UpstreamFailure): DiagnosisCode {
  if (transport.type !== 'stdio' || !CONTAINERS.has(programOf(transport.command))) return code;
  if (code === 'command-not-found') return 'docker-not-found';
  return evidence.some((line) => NO_DAEMON.test(line)) ? 'docker-not-running' : code;
}

/** `/usr/bin/docker` and `C:\…\docker.exe` are both `docker`. */
function programOf(command: string): string {
  return basename(win32.basename(posix.basename(command)).toLowerCase(), '.exe');
}

const TEXTS: Readonly<Partial<Record<DiagnosisCode, (failure: UpstreamFailure) => Pick<Diagnosis, 'message' | 'fix'>>>> = {
  'docker-not-found': ({ message }) => ({ message, fix: 'Install Docker (or change the "command" to the container program you have), then restart the server.' }),
  'docker-not-running': ({ message }) => ({ message: `The container service does not answer. ${message}`, fix: 'Start Docker, wait until it is ready, then restart the server.' }),
};

const MCP_PATHS = ['/mcp', '/sse'];

function remediesOf(code: DiagnosisCode, { name: server, transport }: UpstreamConfig, { instead }: UpstreamFailure): readonly Remedy[] {
  const restart: Remedy = { kind: 'act', title: 'Restart the server', act: 'restart', server };
  const log: Remedy = { kind: 'act', title: 'Show its log', act: 'show-log', server };
  const entry: Remedy = { kind: 'act', title: 'Open its entry', act: 'open-entry', server };
  const signIn: Remedy = { kind: 'act', title: 'Sign in', act: 'sign-in', server };
  const off: Remedy = { kind: 'edit', title: 'Switch it off', server, change: { kind: 'disable' } };
  const url = transport.type === 'stdio' ? undefined : transport.url;
  const set = (member: 'url' | 'command', value: string): Remedy => ({ kind: 'edit', title: `Change "${member}" to ${value}`, server, change: { kind: 'set', member: [member], value } });
  switch (code) {
    case 'command-not-found': {
      const command = transport.type === 'stdio' ? transport.command : '';
      return [...(/^\.{1,2}[\\/]/.test(command) ? [set('command', `\${workspaceFolder}/${command.replace(/^\.[\\/]/, '')}`)] : []), entry, restart, off];
    }
    case 'docker-not-found':
    case 'docker-not-running':
      return [restart, entry, off];
    case 'not-mcp':
    case 'http-not-found':
      return [...MCP_PATHS.flatMap((path) => withPath(url, path)).map((value) => set('url', value)), entry, off];
    case 'http-redirect':
      return [...(instead === undefined ? [] : [set('url', instead)]), entry, off];
    case 'tls-not-spoken':
      return [...(url?.startsWith('https://') === true ? [set('url', `http://${url.slice('https://'.length)}`)] : []), entry, off];
    case 'sign-in-ended':
    case 'sign-in-authorization':
    case 'sign-in-token':
    case 'sign-in-registration':
    case 'sign-in-discovery':
      return [signIn, entry, off];
    case 'sign-in-required':
      return [signIn, { kind: 'edit', title: 'Send a key that I enter', server, change: { kind: 'authorize', input: `${server.replace(/[^A-Za-z0-9_-]+/g, '-')}-key` } }, restart, entry, off];
    case 'missing-input':
      return [{ ...restart, title: 'Enter the value' }, entry, off];
    case 'launch-not-approved':
      return [{ kind: 'act', title: 'Review its launch', act: 'review', server }, off];
    case 'bad-url':
    case 'bad-config':
    case 'unknown-variable':
      return [entry, restart, off];
    case 'access-denied':
      return [signIn, entry, restart, off];
    default:
      return [restart, log, entry, off];
  }
}

/** The address with a usual path of MCP endpoints in place of a bare or different last part; nothing where it has it. */
function withPath(url: string | undefined, path: string): readonly string[] {
  // An address with variables in it is not ours to take apart.
  if (url === undefined || url.includes('${') || !URL.canParse(url)) return [];
  const { origin, pathname } = new URL(url);
  const base = pathname.replace(/\/(?:mcp|sse)?\/?$/, '');
  return pathname.replace(/\/$/, '') === `${base}${path}` ? [] : [`${origin}${base}${path}`];
}
