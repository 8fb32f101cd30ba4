import { lstat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { VestibuleError } from '../../errors.ts';
import { Emitter, type Disposable, type Event } from '../../events.ts';
import { sha256 } from '../../json/canonical.ts';
import type { Digest } from '../../model.ts';
import { readTextIfExists } from '../../storage/atomic-file.ts';
import { folderError } from '../../storage/fs-error.ts';
import { watchFile, type FileWatch } from '../../storage/watch-file.ts';
import { parseLock, writeLock, type Lock } from './lock-format.ts';

const MAX_BYTES = 1024 * 1024;

/** The file in which a workspace shares approvals. */
export function lockFileIn(workspaceFolder: string): string {
  return join(workspaceFolder, '.vscode', 'vestibule.lock.json');
}

/** What a lock file says now. A broken one says nothing. */
export type LockContent =
  | { readonly kind: 'none' }
  | { readonly kind: 'broken'; readonly problem: VestibuleError }
  | {
      readonly kind: 'read';
      readonly lock: Lock;
      /** The lock as `writeLock` writes it: laying it out otherwise makes it no other content. */
      readonly text: string;
      /** Digest of `text`. */
      readonly digest: Digest;
    };

/**
 * Reads a lock file, all of it or nothing. What is broken, too large, or behind a link that a repository brought is
 * told and says nothing. Never rejects.
 */
export async function readLockFile(path: string): Promise<LockContent> {
  try {
    for (const part of [dirname(path), path]) await refuseLink(part);
    const written = await readTextIfExists(path, MAX_BYTES);
    return written === undefined ? { kind: 'none' } : contentOf(parseLock(written, path));
  } catch (error) {
    return { kind: 'broken', problem: VestibuleError.is(error) ? error : folderError(error, 'read', path) };
  }
}

/** The content of a lock. */
export function contentOf(lock: Lock): LockContent & { readonly kind: 'read' } {
  const text = writeLock(lock);
  return { kind: 'read', lock, text, digest: sha256(text) };
}

/** A lock file that is followed: whatever it says now, within a second. */
export class LockFile implements Disposable {
  readonly path: string;
  readonly #changed = new Emitter<void>();
  readonly #watch: FileWatch;
  #content: LockContent = { kind: 'none' };
  #reading: Promise<void> = Promise.resolve();

  /** Opens it and reads it. */
  static async open(path: string): Promise<LockFile> {
    const file = new LockFile(path);
    await file.reload();
    return file;
  }

  private constructor(path: string) {
    this.path = path;
    this.#watch = watchFile(path, () => void this.reload());
  }

  get content(): LockContent {
    return this.#content;
  }

  /** Fires after it says something else. */
  get onDidChange(): Event<void> {
    return this.#changed.event;
  }

  /** Reads it now. */
  reload(): Promise<void> {
    this.#reading = this.#reading.then(async () => {
      const next = await readLockFile(this.path);
      if (saysOf(next) === saysOf(this.#content)) return;
      this.#content = next;
      this.#changed.fire();
    });
    return this.#reading;
  }

  dispose(): void {
    this.#watch.dispose();
    this.#changed.dispose();
  }
}

function saysOf(content: LockContent): string {
  if (content.kind === 'read') return content.digest;
  return content.kind === 'none' ? '' : JSON.stringify([content.problem.message, content.problem.at]);
}

async function refuseLink(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isSymbolicLink() !== true) return;
  throw new VestibuleError('bad-config', `${path} is a link; approvals are not read through it.`, { action: 'Put a folder and a file of its own in its place.' });
}
