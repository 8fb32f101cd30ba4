import { messageOf, VestibuleError } from '../errors.ts';

/** True when `error` is a system error with one of these codes (`ENOENT`, …). */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code);
}

/** True for an error that goes by itself: on Windows a scanner, or a reader of a file being deleted, is in the way. */
export function isPassing(error: unknown): boolean {
  return process.platform === 'win32' ? hasCode(error, 'EPERM', 'EACCES', 'EBUSY') : hasCode(error, 'EBUSY');
}

/**
 * The error a person sees when a state file cannot be read or written.
 * @param doing what was attempted, in the infinitive: `read`, `write`
 */
export function folderError(error: unknown, doing: string, path: string): VestibuleError {
  return new VestibuleError('data-folder-unreadable', `Cannot ${doing} ${path}: ${messageOf(error)}`, {
    action: actionFor(error),
    cause: error,
  });
}

function actionFor(error: unknown): string {
  if (hasCode(error, 'ENOSPC', 'EDQUOT')) return 'Free some space on this disk, then try again.';
  if (hasCode(error, 'EROFS')) return 'This disk is read-only: choose another data folder.';
  if (hasCode(error, 'EACCES', 'EPERM')) return 'Give your user read and write permission on this folder, or choose another data folder.';
  return 'Check that this path is on a working disk and is not in the way of something else, or choose another data folder.';
}
