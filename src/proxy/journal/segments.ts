import { open, readdir, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../storage/fs-error.ts';

/*
 * The journal is a folder of segments `calls-<first seq, 15 digits>.jsonl`, appended to in order. Beside them
 * lies `head.json`, rewritten soon after every batch: the sequence and hash of the last line, so that lines missing at
 * the end are noticed; and an index of each segment, `index-<first seq>` (index-file.ts).
 */

const SEGMENT = /^calls-(\d{15})\.jsonl$/;
const INDEX = /^index-(\d{15})$/;
const CHUNK = 64 * 1024;
/** No line we write comes near this; what is longer is not ours and is skipped. */
const MAX_LINE = 1024 * 1024;
const NEWLINE = 0x0a;

export interface Segment {
  readonly path: string;
  readonly name: string;
  /** Sequence of its first line, as its name says. */
  readonly firstSeq: number;
}

/** The path of the segment that starts with line `seq`. */
export function segmentPath(dir: string, seq: number): string {
  return join(dir, `calls-${String(seq).padStart(15, '0')}.jsonl`);
}

/** The path of the index that is kept of a segment (index-file.ts). */
export function indexPath(segment: string): string {
  return segment.replace(/calls-(\d{15})\.jsonl$/, 'index-$1');
}

/** The names of the segments whose index is kept, and the paths of indexes whose segment is gone. */
export async function listIndexes(dir: string): Promise<{ readonly kept: ReadonlySet<string>; readonly stray: readonly string[] }> {
  const names = new Set(await readdir(dir));
  const kept = new Set<string>();
  const stray: string[] = [];
  for (const name of names) {
    const first = INDEX.exec(name)?.[1];
    if (first === undefined) continue;
    const segment = `calls-${first}.jsonl`;
    if (names.has(segment)) kept.add(segment);
    else stray.push(join(dir, name));
  }
  return { kept, stray };
}

export function headPath(dir: string): string {
  return join(dir, 'head.json');
}

/** The segments of a journal, oldest first; none when there is no folder, or something else in its place. */
export async function listSegments(dir: string): Promise<Segment[]> {
  let names: string[];
  try {
    names = await readdir(dir);
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return [];
    throw error;
  }
  return names
    .flatMap((name) => {
      const first = SEGMENT.exec(name)?.[1];
      return first === undefined ? [] : [{ path: join(dir, name), name, firstSeq: Number(first) }];
    })
    .sort((a, b) => a.firstSeq - b.firstSeq);
}

/** Size in bytes and time of the last write, or undefined when the file is gone. */
export async function sizeOf(path: string): Promise<{ readonly bytes: number; readonly writtenAt: number } | undefined> {
  try {
    const { size, mtimeMs } = await stat(path);
    return { bytes: size, writtenAt: mtimeMs };
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** One line of a segment as it was found. */
export interface FoundLine {
  readonly text: string;
  /** False for a last line whose line end was never written. */
  readonly complete: boolean;
}

/** The lines of a segment from its start. Memory is bounded whatever the file holds. */
export async function* linesOf(path: string): AsyncIterable<FoundLine> {
  const file = await openIfThere(path);
  if (file === undefined) return;
  try {
    let carry = Buffer.alloc(0);
    for (let position = 0; ; ) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(CHUNK), 0, CHUNK, position);
      if (bytesRead === 0) break;
      position += bytesRead;
      let chunk = Buffer.concat([carry, buffer.subarray(0, bytesRead)]);
      for (let newline = chunk.indexOf(NEWLINE); newline >= 0; newline = chunk.indexOf(NEWLINE)) {
        yield { text: chunk.toString('utf8', 0, newline), complete: true };
        chunk = chunk.subarray(newline + 1);
      }
      // Cut to the bound instead of skipped: such a line must still break the chain for whoever verifies.
      carry = chunk.subarray(0, MAX_LINE);
    }
    if (carry.length > 0) yield { text: carry.toString('utf8'), complete: false };
  } finally {
    await file.close();
  }
}

/** The complete lines of a segment, last one first. */
export async function* linesBackwards(path: string): AsyncIterable<string> {
  const file = await openIfThere(path);
  if (file === undefined) return;
  try {
    let position = (await file.stat()).size;
    let carry = Buffer.alloc(0);
    let complete = false;
    while (position > 0) {
      const length = Math.min(CHUNK, position);
      position -= length;
      const { buffer } = await file.read(Buffer.alloc(length), 0, length, position);
      const chunk = Buffer.concat([buffer, carry]);
      let end = chunk.length;
      for (let newline = newlineBefore(chunk, end); newline >= 0; newline = newlineBefore(chunk, end)) {
        // What follows the last line end was never completed.
        if (complete) yield chunk.toString('utf8', newline + 1, end);
        complete = true;
        end = newline;
      }
      carry = end > MAX_LINE ? Buffer.alloc(0) : chunk.subarray(0, end);
    }
    if (complete) yield carry.toString('utf8');
  } finally {
    await file.close();
  }
}

function newlineBefore(chunk: Buffer, end: number): number {
  // A negative position would count from the end.
  return end === 0 ? -1 : chunk.lastIndexOf(NEWLINE, end - 1);
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
