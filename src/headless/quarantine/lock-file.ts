import { VestibuleError } from '../../proxy/errors.ts';
import { lockFileIn, readLockFile } from '../../proxy/quarantine/lockfile/lock-file.ts';
import type { Lock } from '../../proxy/quarantine/lockfile/lock-format.ts';
import type { Places } from '../places.ts';

/** Where a workspace keeps the approvals it shares. */
export function lockFileOf({ workspace }: Places): string {
  return lockFileIn(workspace);
}

/** Reads the lock of a workspace. @throws VestibuleError `not-found`, `bad-config`, `too-large` */
export async function readLock(places: Places): Promise<Lock> {
  const file = lockFileOf(places);
  const content = await readLockFile(file);
  if (content.kind === 'read') return content.lock;
  if (content.kind === 'broken') throw content.problem;
  throw new VestibuleError('not-found', `There is no lock file ${file}.`, { action: 'vestibule quarantine share writes it from what is approved.' });
}
