import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** Memory of a process; 0 where the system does not tell it by a file. */
export function residentBytes(pid: number): number {
  if (process.platform !== 'linux') return 0;
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
}

/** True while there is a process of this id. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Resolves once there is no process of this id. */
export async function gone(pid: number): Promise<void> {
  // Of a process that is not ours there is no event to wait for.
  while (isAlive(pid)) await delay(20);
}
