import { Buffer } from 'node:buffer';
import { readFile, writeFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { isRecord, jsonOf } from '../json/data.ts';
import type { PhraseSet } from './phrase-set.ts';

/*
 * The index of a segment as a file beside it, so that the first look of a process does not read the journal through. It
 * says nothing that the segment does not: it may be removed at any time, and what cannot be read is made anew.
 *
 * Layout: 8 bytes of `MAGIC`; then, as 32-bit little-endian words, the CRC-32 of all that follows, the bytes of the
 * header, and the header (JSON, padded with blanks to whole words); then of each block its phrases, then of each of its
 * lines start, end and facets.
 */

const MAGIC = Buffer.from('vsbidx2\n');
const WORD = 4;
const FIXED = MAGIC.length + 2 * WORD;
/** Larger than any index of ours: the size of a segment is bounded. */
const MAX_BYTES = 256 * 1024 * 1024;

/** What is known of up to 64 calls without reading them. */
export interface Block {
  /** Lowest sequence number; lines stand in its order. */
  readonly seq: number;
  /** Times of the first and the last call that came in, in milliseconds since epoch. */
  readonly first: number;
  readonly last: number;
  readonly phrases: PhraseSet;
  /** Where each line starts and ends in the file. */
  readonly starts: ArrayLike<number>;
  readonly ends: ArrayLike<number>;
  /** Numbers of each line's facets, one list for each facet. */
  readonly facets: readonly ArrayLike<number>[];
}

/** The index of one segment, up to some byte of it. */
export interface IndexData {
  /** Bytes taken in: the end of the last complete line. */
  readonly bytes: number;
  /** The end of the segment up to there, which tells whether a segment is still the one that was read. */
  readonly tail: string;
  /** Names by their numbers. */
  readonly names: readonly string[];
  readonly blocks: readonly Block[];
}

/** Writes an index. Whoever reads it while it is written, or after a crash in between, finds that it is none. */
export async function writeIndex(path: string, data: IndexData): Promise<void> {
  await writeFile(path, encode(data), { mode: 0o600 });
}

/** Reads an index of so many facets and words of phrases; undefined when there is none that can be used. */
export async function readIndex(path: string, facets: number, words: number): Promise<IndexData | undefined> {
  try {
    return decode(await readFile(path), facets, words);
  } catch {
    return undefined;
  }
}

function encode({ blocks, bytes, names, tail }: IndexData): Buffer {
  const json = JSON.stringify({ bytes, tail, names, blocks: blocks.map(({ first, last, seq, starts }) => [seq, first, last, starts.length]) });
  const header = Buffer.from(json + ' '.repeat((WORD - (Buffer.byteLength(json) % WORD)) % WORD));
  const parts = blocks.flatMap(({ ends, facets, phrases, starts }) => [phrases, Uint32Array.from(starts), Uint32Array.from(ends), ...facets.map((facet) => Uint32Array.from(facet))]);
  const body = Buffer.concat([wordOf(header.length), header, ...parts.map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength))]);
  return Buffer.concat([MAGIC, wordOf(crc32(body)), body]);
}

function decode(file: Buffer, facets: number, words: number): IndexData | undefined {
  if (file.length < FIXED || file.length > MAX_BYTES || !file.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  if (file.readUInt32LE(MAGIC.length) !== crc32(file.subarray(MAGIC.length + WORD))) return undefined;
  const bodyAt = FIXED + file.readUInt32LE(MAGIC.length + WORD);
  const header = headerOf(file.toString('utf8', FIXED, bodyAt));
  if (header === undefined || (file.length - bodyAt) % WORD !== 0) return undefined;
  // A copy, which begins at a whole word wherever the file stands in memory.
  const body = new Uint32Array(file.buffer.slice(file.byteOffset + bodyAt, file.byteOffset + file.length));
  let at = 0;
  const take = (count: number): Uint32Array => body.subarray(at, (at += count));
  const blocks = header.blocks.map(([seq = 0, first = 0, last = 0, lines = 0]): Block => {
    const phrases = take(words);
    return { seq, first, last, phrases, starts: take(lines), ends: take(lines), facets: Array.from({ length: facets }, () => take(lines)) };
  });
  return at === body.length ? { ...header, blocks } : undefined;
}

interface Header extends Omit<IndexData, 'blocks'> {
  readonly blocks: readonly (readonly number[])[];
}

function headerOf(text: string): Header | undefined {
  const header = jsonOf(text);
  if (!isRecord(header)) return undefined;
  const { blocks, bytes, names, tail } = header;
  const areNumbers = (value: unknown): value is readonly number[] => Array.isArray(value) && value.every((item) => typeof item === 'number' && Number.isSafeInteger(item));
  const areNames = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every((item) => typeof item === 'string');
  if (typeof bytes !== 'number' || typeof tail !== 'string' || !areNames(names) || !Array.isArray(blocks) || !blocks.every(areNumbers)) return undefined;
  return { bytes, tail, names, blocks };
}

function wordOf(value: number): Buffer {
  const word = Buffer.alloc(WORD);
  word.writeUInt32LE(value);
  return word;
}
