import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** What tells one running process from every other, also from a later one that got the same pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** The pid's name space: the host, and on Linux the boot and container. Pids of two spaces cannot be compared. */
  readonly space: string;
  /** When the process started, in a form only good for comparison; undefined where the system does not tell. */
  readonly started: string | undefined;
}

/** `unknown`: a process with this pid may or may not be the one that was meant. */
export type Liveness = 'alive' | 'dead' | 'unknown';

let own: ProcessIdentity | undefined;

/** This process. */
export function ownIdentity(): ProcessIdentity {
  own ??= identityOf(process.pid);
  return own;
}

/** The process that has this pid now. Ask right after it was started, while nobody else can have got its pid. */
export function identityOf(pid: number): ProcessIdentity {
  return { pid, space: pidSpace(), started: readProcess(pid)?.started };
}

/** Whether that very process still runs. A zombie counts as dead: it holds nothing any more. */
export function livenessOf(other: ProcessIdentity): Liveness {
  const self = ownIdentity();
  if (other.space !== self.space) return 'unknown';
  if (!pidExists(other.pid)) return 'dead';
  if (other.started === undefined || self.started === undefined) return 'unknown';
  const now = readProcess(other.pid);
  return now !== undefined && !now.ended && now.started === other.started ? 'alive' : 'dead';
}

function pidExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it exists and belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Linux only: state and start time from /proc/<pid>/stat (proc(5), fields 3 and 22). */
function readProcess(pid: number): { readonly started: string; readonly ended: boolean } | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The command name (field 2) is in parentheses and may hold anything, so the fields are counted from its end.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, started] = [fields[0], fields[19]];
  return state === undefined || started === undefined ? undefined : { started, ended: state === 'Z' || state === 'X' };
}

function pidSpace(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}
