import { lstat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { VestibuleError } from '../../errors.ts';
import { writeFileAtomic } from '../../storage/atomic-file.ts';
import { writeLock, type Lock } from './lock-format.ts';

/**
 * Replaces the lock file of a workspace. A repository may hold links, and none of them may lead the writing elsewhere
 * (security W9).
 * @throws VestibuleError `bad-config`, `data-folder-unreadable`
 */
export async function saveLock(file: string, lock: Lock): Promise<void> {
  for (const path of [dirname(file), file]) {
    const found = await lstat(path).catch(() => undefined);
    if (found?.isSymbolicLink() !== true) continue;
    throw new VestibuleError('bad-config', `${path} is a link; approvals are not written through it.`, { action: 'Put a folder and a file of its own in its place.' });
  }
  // For a repository: readable by whoever may read the rest of it.
  await writeFileAtomic(file, writeLock(lock), { mode: 0o644 });
}
