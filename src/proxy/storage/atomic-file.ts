import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { mkdir, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { VestibuleError } from '../errors.ts';
import { folderError, hasCode, isPassing } from './fs-error.ts';

const TEMP_FILE = /^\..+\.[0-9a-f]{12}\.tmp$/;
const TEMP_MAX_AGE_MS = 60 * 60_000;
const RENAME_RETRY_MS = 2_000;

/** The largest file `readTextIfExists` takes unless told otherwise, in bytes. */
export const MAX_STATE_BYTES = 64 * 1024 * 1024;

/**
 * Replaces a file as a whole: whoever reads sees the old text or the new one, also after a crash at any moment.
 * Missing folders are made. A symbolic link is followed, so that a linked servers file stays linked.
 * @param options.mode permission bits of the new file; default 0600
 * @throws VestibuleError `data-folder-unreadable`
 */
export async function writeFileAtomic(path: string, text: string, options: { readonly mode?: number } = {}): Promise<void> {
  try {
    const target = await followLink(path);
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    const temporary = temporaryNameFor(target);
    try {
      await writeDurably(temporary, text, options.mode ?? 0o600);
      await renameOver(temporary, target);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await syncFolder(dirname(target));
  } catch (error) {
    throw folderError(error, 'write', path);
  }
}

/**
 * The text of a file, or undefined when there is none.
 * @param maxBytes larger files are refused unread
 * @throws VestibuleError `data-folder-unreadable`, `too-large`
 */
export async function readTextIfExists(path: string, maxBytes: number = MAX_STATE_BYTES): Promise<string | undefined> {
  try {
    const file = await open(path, 'r');
    try {
      refuseLarge(path, (await file.stat()).size, maxBytes);
      return await file.readFile('utf8');
    } finally {
      await file.close();
    }
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw VestibuleError.is(error) ? error : folderError(error, 'read', path);
  }
}

/**
 * Like `readTextIfExists`, before it returns: for small files that decide whether something may happen now.
 * @throws VestibuleError `data-folder-unreadable`, `too-large`
 */
export function readTextIfExistsNow(path: string, maxBytes: number = MAX_STATE_BYTES): string | undefined {
  try {
    const file = openSync(path, 'r');
    try {
      refuseLarge(path, fstatSync(file).size, maxBytes);
      return readFileSync(file, 'utf8');
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw VestibuleError.is(error) ? error : folderError(error, 'read', path);
  }
}

function refuseLarge(path: string, size: number, maxBytes: number): void {
  if (size <= maxBytes) return;
  throw new VestibuleError('too-large', `${path} has ${size} bytes; at most ${maxBytes} are read.`, {
    action: 'Move this file away: it is not one that Vestibule wrote.',
  });
}

/**
 * Removes a file if it is there.
 * @throws VestibuleError `data-folder-unreadable`
 */
export async function removeFile(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
  } catch (error) {
    throw folderError(error, 'remove', path);
  }
}

/**
 * Makes a state folder with mode 0700 if it is missing, and removes what a crash left of unfinished writes there.
 * @throws VestibuleError `data-folder-unreadable`
 */
export async function prepareFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(folder)) {
      if (TEMP_FILE.test(name)) await removeIfOld(join(folder, name));
    }
  } catch (error) {
    throw folderError(error, 'prepare', folder);
  }
}

/** A name beside `target` for a file that is renamed or removed before long. */
export function temporaryNameFor(target: string): string {
  return join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}.tmp`);
}

async function writeDurably(path: string, text: string, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await file.writeFile(text, 'utf8');
    await file.sync();
  } finally {
    await file.close();
  }
}

async function renameOver(from: string, to: string): Promise<void> {
  const giveUpAt = performance.now() + RENAME_RETRY_MS;
  for (let wait = 10; ; wait = Math.min(wait * 2, 200)) {
    try {
      return await rename(from, to);
    } catch (error) {
      if (!isPassing(error) || performance.now() + wait > giveUpAt) throw error;
      await delay(wait);
    }
  }
}

/** Makes the rename itself durable where the system can do that (not on Windows). */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // Without it a power cut may bring the old file back whole, which is still a readable file.
  }
}

async function followLink(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return path;
    throw error;
  }
}

async function removeIfOld(path: string): Promise<void> {
  try {
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > TEMP_MAX_AGE_MS) await rm(path, { force: true });
  } catch {
    // Somebody else swept it, or it is not ours to remove; neither is in anyone's way.
  }
}
