// Child processes that never outlive us, with everything they start.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** Every process below a marked one carries this variable, however far it moved from its parent. */
const markerName = 'VESTIBULE_PROCESS_MARKER';

/** A started program and its descendants. */
export interface ProcessGroup {
  readonly child: ChildProcess;
  /** Resolves when the program itself has ended, for whatever reason. */
  readonly ended: Promise<void>;
  /**
   * Ends the program: politely, after `graceMs` by force; then waits until no descendant is left.
   * @throws Error naming descendants that outlived it by 10 s; they are killed
   */
  end(): Promise<void>;
}

const running = new Set<ChildProcess>();

function killAll(): void {
  for (const child of running) signal(child, 'SIGKILL');
}

/** A signal nobody else handles ends this process without any clean-up of its own: the groups must go first. */
function killAllAndEnd(name: NodeJS.Signals): void {
  if (process.listenerCount(name) > 1) return;
  killAll();
  process.exit(1);
}

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, killAllAndEnd);
process.on('exit', killAll);

/**
 * Starts a program as the leader of its own process group; it is killed when this process exits.
 * @param options.env variables to add; undefined removes one
 * @param options.cwd its working folder; ours when left out
 * @param options.input give it a pipe to read from; else it reads nothing
 * @param options.graceMs time from the polite to the forced end, in milliseconds
 */
export function startGroup(
  command: string,
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string | undefined>>; readonly cwd?: string; readonly input?: boolean; readonly graceMs?: number } = {},
): ProcessGroup {
  const marker = `${process.pid}-${Date.now()}-${Math.random().toString(36).slice(2)}`;
  const child = spawn(command, [...args], {
    env: { ...process.env, ...options.env, [markerName]: marker },
    ...(options.cwd !== undefined && { cwd: options.cwd }),
    detached: process.platform !== 'win32',
    stdio: [options.input ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', () => resolve());
  });
  running.add(child);
  void ended.then(() => running.delete(child));

  return {
    child,
    ended,
    async end() {
      const timer = setTimeout(() => signal(child, 'SIGKILL'), options.graceMs ?? 8000);
      signal(child, 'SIGTERM');
      await ended;
      clearTimeout(timer);
      await expectNoneLeft(marker);
    },
  };
}

function signal(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    if (process.platform === 'win32') spawn('taskkill', ['/pid', String(child.pid), '/T', '/F'], { stdio: 'ignore' });
    else process.kill(-child.pid, name);
  } catch {
    // The group ended between the check and the signal.
  }
}

async function expectNoneLeft(marker: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  let left = await marked(marker);
  while (left.length > 0 && Date.now() < deadline) {
    await delay(50);
    left = await marked(marker);
  }
  for (const { pid } of left) process.kill(pid, 'SIGKILL');
  if (left.length > 0) {
    throw new Error(`processes outlived their parent: ${left.map(({ pid, command }) => `${pid} ${command}`).join('; ')}`);
  }
}

/** Processes that carry the marker. Only Linux shows the environment of others; elsewhere none are found. */
async function marked(marker: string): Promise<{ pid: number; command: string }[]> {
  if (process.platform !== 'linux') return [];
  const found = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (!environment.includes(`${markerName}=${marker}`)) continue;
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ').slice(0, 200);
    if (command !== '') found.push({ pid: Number(pid), command });
  }
  return found;
}
