// CPU time of another process: what a call costs, whatever else the machine does meanwhile.
import { readFileSync } from 'node:fs';

/** Milliseconds in a tick of /proc: USER_HZ is 100 on every Linux. */
const TICK_MS = 10;

/**
 * CPU time a process has used so far, all its threads together.
 * @returns milliseconds; undefined where the system does not tell (all but Linux)
 */
export function cpuMs(pid: number): number | undefined {
  if (process.platform !== 'linux') return undefined;
  // The name, in parentheses, may hold anything; utime and stime are the 12th and 13th field after it.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
