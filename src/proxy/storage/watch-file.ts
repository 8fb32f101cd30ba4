import { statSync, type BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Disposable } from '../events.ts';

const POLL_MS = 300;

/** A running watch. */
export interface FileWatch extends Disposable {
  /**
   * Makes the next look report a change whatever it finds. For a watcher that writes the file itself: a file made and
   * removed between two looks would otherwise seem never to have changed.
   */
  lookAnew(): void;
}

/**
 * Calls `onChange` within 500 ms after the file was changed, made, removed or replaced. Looks by polling, which works
 * on every file system; native watching is silent on network folders and bind mounts, and loses replaced files.
 * What is there at the moment of the call is the base, so subscribe first and read then.
 */
export function watchFile(path: string, onChange: () => void): FileWatch {
  // An object, so that a look under way notices that the base was given up meanwhile.
  let base: { readonly signature: string | undefined } = { signature: fileSignature(path) };
  let looking = false;
  let disposed = false;
  const look = async (): Promise<void> => {
    if (looking) return;
    looking = true;
    const against = base;
    const now = await signature(path);
    looking = false;
    if (disposed || now === against.signature) return;
    if (base === against) base = { signature: now };
    onChange();
  };
  const timer = setInterval(() => void look(), POLL_MS);
  timer.unref();
  return {
    lookAnew: () => {
      base = { signature: undefined };
    },
    dispose: () => {
      disposed = true;
      clearInterval(timer);
    },
  };
}

async function signature(path: string): Promise<string> {
  try {
    return describe(await stat(path, { bigint: true }));
  } catch (error) {
    return absence(error);
  }
}

/**
 * What tells one state of a file from another without reading it: two results differ when the file was changed, made,
 * removed or replaced in between. One system call, a few microseconds.
 */
export function fileSignature(path: string): string {
  try {
    // A missing file is the common case on the path of calls: an error with its stack would cost more than the look.
    const found = statSync(path, { bigint: true, throwIfNoEntry: false });
    return found === undefined ? 'ENOENT' : describe(found);
  } catch (error) {
    return absence(error);
  }
}

function describe({ ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${ino}:${size}:${mtimeNs}:${ctimeNs}`;
}

function absence(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
}
