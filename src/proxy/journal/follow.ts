import { Buffer } from 'node:buffer';
import { open } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { hasCode } from '../storage/fs-error.ts';
import { wantedCall } from './line.ts';
import { listSegments, sizeOf, type Segment } from './segments.ts';
import type { CallFilter, CallRecord } from './types.ts';

const POLL_MS = 250;
const CHUNK = 256 * 1024;
const MAX_LINE = 1024 * 1024;

/**
 * Calls appended to a journal folder from now on, by whatever process. Ends when `signal` is aborted; until then
 * it waits, also for a folder that is not there yet. Nothing that was there at the call is repeated.
 * @param options.filter which calls; its `limit` does not count
 */
export async function* followJournal(dir: string, options: { readonly signal: AbortSignal; readonly filter?: CallFilter }): AsyncGenerator<CallRecord, void, undefined> {
  const reader = new TailReader(dir);
  await reader.seekEnd();
  while (!options.signal.aborted) {
    for (;;) {
      const lines = await reader.next();
      if (lines === undefined) break;
      for (const line of lines) {
        const record = wantedCall(line, options.filter ?? {});
        if (record !== undefined) yield record;
      }
    }
    try {
      await delay(POLL_MS, undefined, { signal: options.signal });
    } catch {
      return;
    }
  }
}

/** Reads the newest segment from where it was left, then the one after it. */
class TailReader {
  readonly #dir: string;
  #segment: Segment | undefined;
  #position = 0;
  #carry = Buffer.alloc(0);

  constructor(dir: string) {
    this.#dir = dir;
  }

  async seekEnd(): Promise<void> {
    this.#segment = (await listSegments(this.#dir)).at(-1);
    this.#position = this.#segment === undefined ? 0 : ((await sizeOf(this.#segment.path))?.bytes ?? 0);
  }

  /** The complete lines of the next chunk, or undefined when there is nothing new. */
  async next(): Promise<string[] | undefined> {
    const lines = await this.#read();
    if (lines !== undefined) return lines;
    const after = this.#segment?.firstSeq ?? -1;
    const following = (await listSegments(this.#dir)).find(({ firstSeq }) => firstSeq > after);
    if (following === undefined) return undefined;
    // The old one may have grown before the new one was made.
    const rest = await this.#read();
    if (rest !== undefined) return rest;
    this.#segment = following;
    this.#position = 0;
    this.#carry = Buffer.alloc(0);
    return this.#read();
  }

  async #read(): Promise<string[] | undefined> {
    if (this.#segment === undefined) return undefined;
    const bytes = await readFrom(this.#segment.path, this.#position);
    if (bytes.length === 0) return undefined;
    this.#position += bytes.length;
    const text = Buffer.concat([this.#carry, bytes]);
    const end = text.lastIndexOf(0x0a) + 1;
    this.#carry = text.length - end > MAX_LINE ? Buffer.alloc(0) : text.subarray(end);
    return text.toString('utf8', 0, end).split('\n');
  }
}

async function readFrom(path: string, position: number): Promise<Buffer> {
  try {
    const file = await open(path, 'r');
    try {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(CHUNK), 0, CHUNK, position);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    // Retention may have removed it.
    if (hasCode(error, 'ENOENT')) return Buffer.alloc(0);
    throw error;
  }
}
