import { Buffer } from 'node:buffer';
import { open, readdir, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../errors.ts';
import type { Disposable } from '../events.ts';
import { prepareFolder, writeFileAtomic } from '../storage/atomic-file.ts';
import { hasCode } from '../storage/fs-error.ts';
import { fileNameFor } from '../storage/names.ts';
import type { ReadBytes } from './pages.ts';

const RESULT_FILE = /^[0-9a-f]{32}$/;
const SWEEP_EVERY_MS = 5 * 60_000;

/** A stored stream while its file is open. */
export interface StoredResult {
  /** Bytes in all. */
  readonly total: number;
  readonly read: ReadBytes;
  all(): Promise<Buffer>;
}

interface Options {
  readonly dir: string;
  readonly ttlMs: number;
  readonly capBytes: number;
  readonly now: () => number;
}

/**
 * One file per stored result and nothing else in the folder: the content is the stream, the modification time its
 * age, and the name a hash of owner and key, so that another principal's key leads nowhere by construction.
 * Several processes may share the folder; each looks at it anew at every sweep.
 */
export class ResultFiles implements Disposable {
  readonly #options: Options;
  /** Oldest first. */
  #known = new Map<string, { readonly bytes: number; readonly at: number }>();
  #writing: Promise<unknown> = Promise.resolve();
  readonly #timer: NodeJS.Timeout;

  private constructor(options: Options) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#exclusively(() => this.#sweep()).catch(ignore), Math.min(SWEEP_EVERY_MS, options.ttlMs));
    this.#timer.unref();
  }

  /** @throws VestibuleError `data-folder-unreadable` */
  static async open(options: Options): Promise<ResultFiles> {
    await prepareFolder(options.dir);
    const files = new ResultFiles(options);
    await files.#sweep();
    return files;
  }

  /**
   * Stores a stream, removing the oldest ones if the cap asks for it.
   * @returns undefined, or in one sentence why it could not be stored
   */
  async put(key: string, owner: string, stream: string): Promise<string | undefined> {
    const { capBytes, dir, now } = this.#options;
    const bytes = Buffer.byteLength(stream);
    if (bytes > capBytes) return 'it is larger than all stored results may be.';
    return this.#exclusively(async () => {
      const name = nameOf(key, owner);
      try {
        await this.#makeRoom(bytes);
        await writeFileAtomic(join(dir, name), stream);
      } catch (error) {
        return `it could not be written (${hasCode(error, 'ENOSPC') ? 'the disk is full' : messageOf(error).slice(0, 100)}).`;
      }
      this.#known.set(name, { bytes, at: now() });
      return undefined;
    });
  }

  /** Runs `work` on a stored stream; undefined when there is none for this owner under this key any more. */
  async use<T>(key: string, owner: string, work: (stored: StoredResult) => Promise<T>): Promise<T | undefined> {
    const path = join(this.#options.dir, nameOf(key, owner));
    let file: FileHandle;
    try {
      file = await open(path, 'r');
    } catch {
      return undefined;
    }
    try {
      const { size, mtimeMs } = await file.stat();
      if (this.#isExpired(mtimeMs)) return undefined;
      return await work({
        total: size,
        read: async (position, length) => {
          const buffer = Buffer.alloc(length);
          const { bytesRead } = await file.read(buffer, 0, length, position);
          return buffer.subarray(0, bytesRead);
        },
        all: () => file.readFile(),
      });
    } finally {
      await file.close();
    }
  }

  dispose(): void {
    clearInterval(this.#timer);
  }

  #isExpired(at: number): boolean {
    return at + this.#options.ttlMs <= this.#options.now();
  }

  /** Looks at the folder anew and removes what is too old or over the cap. */
  async #sweep(): Promise<void> {
    const { dir } = this.#options;
    await prepareFolder(dir);
    const found: [string, { bytes: number; at: number }][] = [];
    for (const name of await readdir(dir)) {
      if (!RESULT_FILE.test(name)) continue;
      try {
        const { size, mtimeMs } = await stat(join(dir, name));
        found.push([name, { bytes: size, at: mtimeMs }]);
      } catch {
        // Another process removed it meanwhile.
      }
    }
    this.#known = new Map(found.sort(([, a], [, b]) => a.at - b.at));
    await this.#makeRoom(0);
  }

  async #makeRoom(bytes: number): Promise<void> {
    let total = bytes;
    for (const entry of this.#known.values()) total += entry.bytes;
    for (const [name, entry] of this.#known) {
      if (total <= this.#options.capBytes && !this.#isExpired(entry.at)) break;
      await rm(join(this.#options.dir, name), { force: true });
      total -= entry.bytes;
      this.#known.delete(name);
    }
  }

  /** Stores and sweeps run one after the other, so that the cap holds at every moment. */
  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#writing.then(work);
    this.#writing = turn.catch(ignore);
    return turn;
  }
}

function nameOf(key: string, owner: string): string {
  return fileNameFor(JSON.stringify([owner, key]));
}

function ignore(): void {
  // The next sweep tries again.
}
