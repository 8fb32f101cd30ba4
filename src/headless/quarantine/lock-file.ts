import { join } from 'node:path';
import { VestibuleError } from '../../proxy/errors.ts';
import { parseLock, type Lock } from '../../proxy/quarantine/lockfile/lock-format.ts';
import { readTextIfExists } from '../../proxy/storage/atomic-file.ts';
import type { Places } from '../places.ts';

const MAX_BYTES = 1024 * 1024;

/** Where a workspace keeps the approvals it shares. */
export function lockFileOf({ workspace }: Places): string {
  return join(workspace, '.vscode', 'vestibule.lock.json');
}

/** Reads the lock of a workspace. @throws VestibuleError `not-found`, `bad-config`, `too-large` */
export async function readLock(places: Places): Promise<Lock> {
  const file = lockFileOf(places);
  const text = await readTextIfExists(file, MAX_BYTES);
  if (text !== undefined) return parseLock(text, file);
  throw new VestibuleError('not-found', `There is no lock file ${file}.`, { action: 'vestibule quarantine share writes it from what is approved.' });
}
