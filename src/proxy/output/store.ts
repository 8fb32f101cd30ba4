import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import type { Disposable } from '../events.ts';
import type { RawJson } from '../model.ts';
import { grep } from './grep.ts';
import { readPath } from './json-path.ts';
import { readBytePage, readLinePage } from './pages.ts';
import { ResultFiles, type StoredResult } from './result-files.ts';
import { oversize, type Kept, type OversizeResult } from './shape.ts';
import { DEFAULT_RESPONSE_LIMIT, type CacheRead, type CacheSelector, type ResultStore, type ShapedResult } from './types.ts';

/** How a result store is opened. */
export interface ResultStoreOptions {
  /** Folder of the stored results; made with mode 0700 when missing. */
  readonly dir: string;
  /** How long a result can be read, in milliseconds. */
  readonly ttlMs?: number;
  /** Bytes of all stored results together; the oldest go first. */
  readonly capBytes?: number;
  /** Milliseconds since epoch. */
  readonly now?: () => number;
}

const TWO_HOURS = 2 * 60 * 60_000;
const CAP = 256 * 1024 * 1024;
const KEY = /^[a-z2-7]{16}$/;
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/**
 * Opens the folder of stored results; what an earlier process left there is readable until its time is up.
 * @throws VestibuleError `data-folder-unreadable`
 */
export async function openResultStore(options: ResultStoreOptions): Promise<ResultStore & Disposable> {
  const ttlMs = options.ttlMs ?? TWO_HOURS;
  const files = await ResultFiles.open({ dir: options.dir, ttlMs, capBytes: options.capBytes ?? CAP, now: options.now ?? Date.now });
  return new FileResultStore(files, ttlMs);
}

class FileResultStore implements ResultStore, Disposable {
  readonly #files: ResultFiles;
  readonly #ttlMs: number;

  constructor(files: ResultFiles, ttlMs: number) {
    this.#files = files;
    this.#ttlMs = ttlMs;
  }

  shape(result: RawJson, options: { readonly principal: string; readonly limit: number }): ShapedResult | Promise<ShapedResult> {
    const over = oversize(result, options.limit);
    return over === undefined ? { result, truncated: false, key: undefined, wholeBytes: 0 } : this.#cut(over, options.principal);
  }

  async #cut(over: OversizeResult, principal: string): Promise<ShapedResult> {
    const key = newKey();
    const problem = await this.#files.put(key, principal, over.stream);
    const kept: Kept = problem === undefined ? { key, hours: Math.round(this.#ttlMs / 360_000) / 10 } : { problem };
    return { result: over.render(kept), truncated: true, key: problem === undefined ? key : undefined, wholeBytes: Buffer.byteLength(over.stream) };
  }

  async read(key: string, principal: string, selector: CacheSelector, limit = DEFAULT_RESPONSE_LIMIT): Promise<CacheRead> {
    const read = KEY.test(key) ? await this.#files.use(key, principal, (stored) => select(stored, selector, limit)) : undefined;
    return read ?? { ok: false, problem: 'There is no stored result under this key. Keys expire; call the tool again.' };
  }

  async whole(key: string, principal: string): Promise<string | undefined> {
    return KEY.test(key) ? this.#files.use(key, principal, async (stored) => (await stored.all()).toString('utf8')) : undefined;
  }

  dispose(): void {
    this.#files.dispose();
  }
}

async function select(stored: StoredResult, selector: CacheSelector, room: number): Promise<CacheRead> {
  switch (selector.kind) {
    case 'bytes':
      return readBytePage(stored.read, stored.total, selector.offset, selector.limit, room);
    case 'lines':
      return readLinePage(await stored.all(), selector, room);
    case 'path':
      return readPath((await stored.all()).toString('utf8'), selector.pointer, room);
    case 'grep':
      return grep((await stored.all()).toString('utf8'), selector.pattern, room);
  }
}

/** 80 random bits, five in each of 16 characters that an agent can repeat without a slip. */
function newKey(): string {
  const bytes = randomBytes(16);
  return Array.from(bytes, (byte) => BASE32[byte % 32]).join('');
}
