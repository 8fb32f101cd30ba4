import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';
import { messageOf, VestibuleError } from '../errors.ts';
import { jsonOf, recordOf } from '../json/data.ts';
import { readTextIfExists, removeFile, writeFileAtomic } from '../storage/atomic-file.ts';

const VERSION = 1;
const MAX_BYTES = 16 * 1024;
/** More workspaces than anybody comes back to for a port. */
const MAX_ENDPOINTS = 128;

/** Where the gateway of a workspace listened last: how agents find it after a restart, and the port it tries first. */
export interface KnownEndpoint {
  /** Absolute; empty for a window without a folder. */
  readonly workspace: string;
  readonly port: number;
  readonly pid: number;
  /** Milliseconds since epoch. */
  readonly since: number;
}

/** The URL of an endpoint: always this machine, whatever a file says. */
export function urlOf({ port }: Pick<KnownEndpoint, 'port'>): string {
  return `http://127.0.0.1:${port}/mcp`;
}

/**
 * Notes where the gateway of a workspace listens: one small file each in `<data>/endpoints`, without secrets.
 * @throws VestibuleError `data-folder-unreadable`
 */
export async function noteEndpoint(dataDir: string, endpoint: KnownEndpoint): Promise<void> {
  await writeFileAtomic(fileOf(dataDir, endpoint.workspace), JSON.stringify({ version: VERSION, state: endpoint }));
  const stale = (await knownEndpoints(dataDir)).slice(MAX_ENDPOINTS);
  for (const { workspace } of stale) await removeFile(fileOf(dataDir, workspace));
}

/** Notes where the gateway of this process listens, once per port. What cannot be written down is only logged. */
export class EndpointNote {
  readonly #dataDir: string;
  readonly #workspace: string;
  readonly #log: (message: string) => void;
  #noted: { readonly port: number; readonly done: Promise<void> } | undefined;

  constructor(dataDir: string, workspace: string, log: (message: string) => void) {
    this.#dataDir = dataDir;
    this.#workspace = workspace;
    this.#log = log;
  }

  /** Resolves when it is noted, or could not be. */
  async write({ port }: { readonly port: number }): Promise<void> {
    if (this.#noted?.port !== port) this.#noted = { port, done: this.#write(port) };
    await this.#noted.done;
  }

  async #write(port: number): Promise<void> {
    try {
      await noteEndpoint(this.#dataDir, { workspace: this.#workspace, port, pid: process.pid, since: Date.now() });
    } catch (error) {
      this.#log(`Agents on stdio will not find this gateway: ${messageOf(error)}`);
    }
  }
}

/** Every endpoint noted in a data folder, newest first. Files that cannot be read are passed over: they only help. */
export async function knownEndpoints(dataDir: string): Promise<readonly KnownEndpoint[]> {
  const endpoints: KnownEndpoint[] = [];
  for (const name of await namesIn(join(dataDir, 'endpoints'))) {
    const file = join(dataDir, 'endpoints', name);
    try {
      const endpoint = endpointIn(await readTextIfExists(file, MAX_BYTES));
      if (endpoint !== undefined) endpoints.push(endpoint);
    } catch (error) {
      if (!VestibuleError.is(error)) throw error;
    }
  }
  return endpoints.sort((a, b) => b.since - a.since);
}

/** Where the gateway of exactly this workspace listened last, or listens now. */
export async function endpointOf(dataDir: string, workspace: string): Promise<KnownEndpoint | undefined> {
  return (await knownEndpoints(dataDir)).find((endpoint) => endpoint.workspace === workspace);
}

/**
 * Endpoints whose process runs, those that fit a folder best first: its own workspace, then the nearest around it, then
 * the newest. One whose process is gone is left out, for whoever took its port since must not be sent a token.
 */
export function liveEndpoints(endpoints: readonly KnownEndpoint[], folder: string): readonly KnownEndpoint[] {
  const fit = ({ workspace }: KnownEndpoint): number => (holds(workspace, folder) ? workspace.length : 0);
  return endpoints.filter(({ pid }) => isRunning(pid)).sort((a, b) => fit(b) - fit(a) || b.since - a.since);
}

function fileOf(dataDir: string, workspace: string): string {
  return join(dataDir, 'endpoints', `${createHash('sha256').update(workspace).digest('hex').slice(0, 32)}.json`);
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).filter((name) => /^[0-9a-f]{32}\.json$/.test(name)).slice(0, 4 * MAX_ENDPOINTS);
  } catch {
    // None yet; or a data folder that cannot be read, which is told where it matters.
    return [];
  }
}

/** What `noteEndpoint` wrote; undefined for anything else. */
function endpointIn(text: string | undefined): KnownEndpoint | undefined {
  const { version, state } = recordOf(jsonOf(text));
  const { workspace, port, pid, since } = recordOf(state);
  const sound = version === VERSION && typeof workspace === 'string' && isWithin(port, 65_535) && isWithin(pid, Number.MAX_SAFE_INTEGER) && typeof since === 'number';
  return sound ? { workspace, port, pid, since } : undefined;
}

function isWithin(value: unknown, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most;
}

function holds(workspace: string, folder: string): boolean {
  if (workspace === '') return false;
  const way = relative(workspace, folder);
  return !isAbsolute(way) && way !== '..' && !way.startsWith(`..${sep}`);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    // Gone; or another person's process has the number by now, which is no gateway of ours either.
    return false;
  }
}
