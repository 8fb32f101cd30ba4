import type { ChildProcessByStdio } from 'node:child_process';
import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import spawn from 'cross-spawn';
import { messageOf } from '../../errors.ts';
import type { ResolvedTransport } from '../../config/types.ts';
import { UpstreamError } from '../failure.ts';
import { settledWithin } from '../../settled-within.ts';
import { orAborted } from '../or-aborted.ts';
import { recordLaunch } from '../orphans.ts';
import { childEnvironment } from './environment.ts';
import { findCommand } from './find-command.ts';
import { killOnExit } from './last-resort.ts';
import { LAUNCH_MARK, newMark } from './launch-mark.ts';
import { groupGone, killGroup, killTreeOnWindows } from './process-group.ts';
import { userPath } from './user-path.ts';

/** How long a server may take to end after its stdin was closed, and after it was asked to, in milliseconds. */
const STDIN_GRACE_MS = 2_000;
const TERM_GRACE_MS = 500;
const KILL_GRACE_MS = 500;

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running server process and its tree. */
export interface LaunchedProcess {
  readonly pid: number;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when the process itself ended. What it wrote before may still be on its way: see `drained`. */
  readonly exited: Promise<Exit>;
  /** Ends the whole tree: stdin, then a request, then force. Resolves when nothing of it is left. Never rejects. */
  end(): Promise<void>;
}

/** A process that ended may leave its pipes to a descendant: that long they are still read. */
const DRAIN_MS = 200;
/** Each turn reads one chunk of a pipe; more than these hold no pipe has room for. */
const DRAIN_TURNS = 16;

/**
 * Starts a stdio server: by argument vector, never a shell, in its own process group (POSIX), with an allow-listed
 * environment, in the user's home unless the entry says otherwise.
 * @param signal aborted when the start is no longer wanted
 * @param gate throws when the launch is not approved; called right before the spawn
 * @param stateDir where the launch is recorded for `sweepOrphans`
 * @throws UpstreamError `command-not-found`, `launch-failed`, and whatever `gate` throws
 */
export async function launch(
  transport: Extract<ResolvedTransport, { readonly type: 'stdio' }>,
  signal: AbortSignal,
  gate: () => void,
  stateDir: string,
): Promise<LaunchedProcess> {
  const { platform } = process;
  const cwd = transport.cwd ?? homedir();
  requireFolder(cwd);
  const env = childEnvironment(process.env, transport.env, platform);
  const search = { platform, home: homedir(), inherited: process.env, userPath: () => userPath(platform) };
  const file = await orAborted(findCommand(transport.command, env, search), signal);

  const mark = newMark();
  if (mark !== undefined) env.set(LAUNCH_MARK, mark);
  gate();
  const child = start(file, transport.args, { cwd, env: Object.fromEntries(env) });
  // A pipe error is seen as the end of the process; unhandled it would end the host.
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => undefined);
  const exited = exitOf(child);
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(spawnFailed(file, error)));
  });
  const pid = child.pid;
  if (pid === undefined) throw spawnFailed(file, new Error('The system gave it no process id.'));
  child.on('error', () => undefined);
  const watch = killOnExit(pid);
  // Not waited for: what a process writes before it ends at once is lost when nobody reads by then.
  const record = recordLaunch(stateDir, pid, mark);
  let ending: Promise<void> | undefined;
  return {
    pid,
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    exited,
    end: () =>
      (ending ??= endTree(child, pid, exited).finally(async () => {
        watch.dispose();
        await (await record).remove();
      })),
  };
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

function start(file: string, args: readonly string[], options: { readonly cwd: string; readonly env: Record<string, string> }): Child {
  try {
    return spawn(file, [...args], {
      cwd: options.cwd,
      env: options.env,
      stdio: ['pipe', 'pipe', 'pipe'],
      windowsHide: true,
      // On Windows this would open a console; the tree is ended by taskkill there.
      detached: process.platform !== 'win32',
    }) as Child;
  } catch (error) {
    throw spawnFailed(file, error);
  }
}

function exitOf(child: Child): Promise<Exit> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      resolve({ code, signal });
    });
  });
}

/**
 * Resolves when everything that a process wrote before it ended was read, and in any case soon. Ask once somebody
 * reads: what nobody reads waits in the pipe.
 */
export function drained({ stdout, stderr }: Pick<LaunchedProcess, 'stdout' | 'stderr'>): Promise<void> {
  return new Promise((resolve) => {
    const open = [stdout, stderr].filter((stream) => !stream.closed && !stream.readableEnded);
    let left = open.length;
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    // On a busy machine the time may be over before the pipes were looked at once: the next turns look.
    const timer = setTimeout(() => void turns(DRAIN_TURNS).then(done), DRAIN_MS);
    for (const stream of open) {
      stream.once('close', () => {
        left--;
        if (left === 0) done();
      });
    }
    if (left === 0) done();
  });
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await nextTurn();
}

async function endTree(child: Child, pid: number, exited: Promise<Exit>): Promise<void> {
  child.stdin.end();
  await settledWithin(exited, STDIN_GRACE_MS);
  if (process.platform === 'win32') {
    if (child.exitCode === null && child.signalCode === null) await killTreeOnWindows(pid);
  } else {
    // The server may be gone and have left descendants: the group is what must be empty.
    killGroup(pid, 'SIGTERM');
    if (!(await groupGone(pid, TERM_GRACE_MS))) {
      killGroup(pid, 'SIGKILL');
      await groupGone(pid, KILL_GRACE_MS);
    }
  }
  await settledWithin(exited, KILL_GRACE_MS);
  await drained(child);
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
}

function requireFolder(cwd: string): void {
  let problem: string | undefined;
  try {
    if (!isAbsolute(cwd)) problem = 'is not an absolute path';
    else if (!statSync(cwd).isDirectory()) problem = 'is not a folder';
  } catch (error) {
    problem = `cannot be used: ${messageOf(error)}`;
  }
  if (problem === undefined) return;
  throw new UpstreamError('launch-failed', `The working folder ${cwd} ${problem}.`, { action: 'Correct the "cwd" of this server.' });
}

function spawnFailed(file: string, error: unknown): UpstreamError {
  return new UpstreamError('launch-failed', `${file} could not be started: ${messageOf(error)}`, {
    action: 'Check that this file is a program for this computer and that your user may run it.',
    cause: error,
  });
}
