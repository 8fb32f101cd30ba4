import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { identityOf, livenessOf } from '../../storage/process-identity.ts';
import { groupExists } from './process-group.ts';

/** The variable by which, on Linux, the processes of one launch are known once the first of them is gone. */
export const LAUNCH_MARK = 'VESTIBULE_LAUNCH';

/** A mark that no other launch has; undefined where the system does not tell what processes carry. */
export function newMark(): string | undefined {
  return process.platform === 'linux' ? randomUUID() : undefined;
}

/**
 * True when some process of a group that outlived its leader carries the mark of the launch: then the group is the one that
 * was launched. Whoever left the group, as browsers and daemons do, is not looked at.
 * @param leader pid the group is named by
 */
export async function groupCarries(leader: number, mark: string): Promise<boolean> {
  // A process that has the leader's id now is another one: nobody gets an id that still names a group of others.
  if (process.platform !== 'linux' || !groupExists(leader) || livenessOf(identityOf(leader)) !== 'dead') return false;
  const wanted = `${LAUNCH_MARK}=${mark}`;
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid) || (await groupOf(pid)) !== leader) continue;
    const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
    if (environment.split('\0').includes(wanted)) return true;
  }
  return false;
}

/** proc(5), field 5; the name in field 2 may hold anything, so fields are counted from its end. */
async function groupOf(pid: string): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
}
