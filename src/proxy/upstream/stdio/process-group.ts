import { spawn } from 'node:child_process';
import { win32 } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 20;

/**
 * Signals a process group that this process started. POSIX only; a group that is already gone is no error.
 * @param leader pid of the group's leader
 */
export function killGroup(leader: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(-leader, signal);
  } catch {
    // Gone already, or (macOS) only zombies are left.
  }
}

/** True while any process of the group exists. POSIX only. */
export function groupExists(leader: number): boolean {
  try {
    process.kill(-leader, 0);
    return true;
  } catch {
    return false;
  }
}

/** Resolves with true once the group is gone, with false when it is still there after `timeoutMs`. */
export async function groupGone(leader: number, timeoutMs: number): Promise<boolean> {
  // Members of a group are not our children, so there is no event to wait for.
  const until = performance.now() + timeoutMs;
  while (groupExists(leader)) {
    if (performance.now() >= until) return false;
    await delay(POLL_MS);
  }
  return true;
}

/** Ends a process and all its descendants on Windows; resolves when taskkill is done. Never rejects. */
export function killTreeOnWindows(pid: number): Promise<void> {
  return new Promise((resolve) => {
    const taskkill = win32.join(process.env['SystemRoot'] ?? 'C:\\Windows', 'System32', 'taskkill.exe');
    const child = spawn(taskkill, ['/PID', String(pid), '/T', '/F'], { stdio: 'ignore', windowsHide: true });
    child.on('error', () => resolve());
    child.on('exit', () => resolve());
  });
}
