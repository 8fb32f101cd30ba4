import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join, win32 } from 'node:path';
import { identityOf, livenessOf, ownIdentity, type ProcessIdentity } from '../storage/process-identity.ts';
import { groupCarries } from './stdio/launch-mark.ts';
import { groupGone, killGroup, killTreeOnWindows } from './stdio/process-group.ts';

/*
 * Every launched process has a small file for as long as it runs, so that the next start can end what a killed
 * host left behind. One file each: two windows never write the same one.
 */

const FOLDER = 'launched';
const MAX_RECORDS = 1_000;
const MAX_RECORD_BYTES = 4_096;
const TERM_GRACE_MS = 1_000;
/** Where the system tells start times in seconds only, a process counts as ours within this many milliseconds. */
const START_TOLERANCE_MS = 2_000;
const QUERY_TIMEOUT_MS = 10_000;
const MARK = /^[0-9a-f-]{36}$/;
const FORGET_AFTER_MS = 30 * 24 * 60 * 60 * 1000;

interface LaunchRecord {
  readonly owner: ProcessIdentity;
  readonly child: ProcessIdentity;
  /** Milliseconds since epoch at which the child was started. */
  readonly at: number;
  /** What every process of it carries, where the system tells. */
  readonly mark?: string | undefined;
}

/** A record of a running process; it is removed when the process and its tree are gone. */
export interface RecordedLaunch {
  remove(): Promise<void>;
}

/**
 * Notes that `pid` was launched by this process. Never rejects: a server must run although its record cannot be
 * written; it then only loses the sweep after a crash.
 */
export async function recordLaunch(stateDir: string, pid: number, mark?: string): Promise<RecordedLaunch> {
  const at = Date.now();
  const folder = join(stateDir, FOLDER);
  const file = join(folder, `${pid}-${randomUUID()}.json`);
  const record: LaunchRecord = { owner: ownIdentity(), child: identityOf(pid), at, mark };
  await mkdir(folder, { recursive: true, mode: 0o700 })
    .then(() => writeFile(file, JSON.stringify(record), { mode: 0o600 }))
    .catch(() => undefined);
  return { remove: () => rm(file, { force: true }).catch(() => undefined) };
}

/**
 * Ends process trees that a host left behind when it was killed. A tree is ended only when its owner is certainly
 * gone and the process is certainly the one that was launched: same pid and same start time. Of one that ended itself
 * meanwhile, what is left of its group is, where it carries the mark of the launch (Linux).
 * @returns the pids that were ended
 */
export async function sweepOrphans(stateDir: string): Promise<readonly number[]> {
  const folder = join(stateDir, FOLDER);
  const names = await readdir(folder).catch(() => []);
  const swept = await Promise.all(names.slice(0, MAX_RECORDS).map((name) => sweep(join(folder, name))));
  return swept.filter((pid) => pid !== undefined);
}

async function sweep(file: string): Promise<number | undefined> {
  const record = await readRecord(file);
  if (record !== undefined && livenessOf(record.owner) !== 'dead') {
    // Whether an owner of another boot or machine lives cannot be told; its record only has to go some day.
    if (Date.now() - record.at > FORGET_AFTER_MS) await rm(file, { force: true }).catch(() => undefined);
    return undefined;
  }
  const pid = record !== undefined && ((await isLaunched(record)) || (await leftSomething(record))) ? record.child.pid : undefined;
  if (pid !== undefined) await endTree(pid);
  await rm(file, { force: true }).catch(() => undefined);
  return pid;
}

async function endTree(pid: number): Promise<void> {
  if (process.platform === 'win32') return killTreeOnWindows(pid);
  killGroup(pid, 'SIGTERM');
  if (!(await groupGone(pid, TERM_GRACE_MS))) killGroup(pid, 'SIGKILL');
}

async function isLaunched(record: LaunchRecord): Promise<boolean> {
  const liveness = livenessOf(record.child);
  if (liveness !== 'unknown') return liveness === 'alive';
  if (record.child.space !== ownIdentity().space) return false;
  const startedAt = await startTimeOf(record.child.pid);
  return startedAt !== undefined && Math.abs(startedAt - record.at) <= START_TOLERANCE_MS;
}

async function leftSomething({ child, mark }: LaunchRecord): Promise<boolean> {
  return mark !== undefined && child.space === ownIdentity().space && (await groupCarries(child.pid, mark));
}

/** When a process started, in milliseconds since epoch, on systems without /proc. */
function startTimeOf(pid: number): Promise<number | undefined> {
  const [command, args] =
    process.platform === 'win32'
      ? [
          win32.join(process.env['SystemRoot'] ?? 'C:\\Windows', 'System32', 'WindowsPowerShell', 'v1.0', 'powershell.exe'),
          ['-NoProfile', '-NonInteractive', '-Command', `(Get-Process -Id ${pid}).StartTime.ToUniversalTime().ToString('o')`],
        ]
      : ['/bin/ps', ['-o', 'lstart=', '-p', String(pid)]];
  return new Promise((resolve) => {
    execFile(command, args, { timeout: QUERY_TIMEOUT_MS, windowsHide: true, env: { ...process.env, LC_ALL: 'C' } }, (error, stdout) => {
      const time = error === null ? Date.parse(stdout.trim()) : Number.NaN;
      resolve(Number.isNaN(time) ? undefined : time);
    });
  });
}

async function readRecord(file: string): Promise<LaunchRecord | undefined> {
  try {
    if ((await stat(file)).size > MAX_RECORD_BYTES) return undefined;
    const value: unknown = JSON.parse(await readFile(file, 'utf8'));
    return isLaunchRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isLaunchRecord(value: unknown): value is LaunchRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { owner, child, at, mark } = value as Record<string, unknown>;
  // A pid of 0 or 1 would make a group signal hit everybody.
  return isIdentity(owner) && isIdentity(child) && child.pid > 1 && typeof at === 'number' && (mark === undefined || (typeof mark === 'string' && MARK.test(mark)));
}

function isIdentity(value: unknown): value is ProcessIdentity {
  if (typeof value !== 'object' || value === null) return false;
  const { pid, space, started } = value as Record<string, unknown>;
  const isPid = typeof pid === 'number' && Number.isInteger(pid) && pid > 0;
  return isPid && typeof space === 'string' && (started === undefined || typeof started === 'string');
}
