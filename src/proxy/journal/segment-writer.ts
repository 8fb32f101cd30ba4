import { Buffer } from 'node:buffer';
import { constants } from 'node:fs';
import { mkdir, open, rm, type FileHandle } from 'node:fs/promises';
import { readHead, writeHead } from './head.ts';
import { CHAIN_START, readSeal, sealLine, type ChainEnd } from './line.ts';
import { noteMembers } from './record-text.ts';
import { headPath, linesBackwards, linesOf, listSegments, segmentPath, sizeOf, type Segment } from './segments.ts';

const DAY_MS = 24 * 60 * 60_000;
/** Where the end of a segment is looked for; longer than any line of ours. */
const TAIL = 2 * 1024 * 1024;
/** From one note of the end of the chain to the next, in milliseconds: batches follow each other more closely. */
const NOTE_EVERY_MS = 200;

export interface SegmentLimits {
  /** A segment is closed before it grows past this. */
  readonly maxSegmentBytes: number;
  /** All segments together; the oldest go first. */
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

/** What was found wrong at the end of a journal when it was opened; noted in the chain. */
export interface Recovery {
  /** Bytes of a last line that was never completed; dropped. */
  readonly tornBytes: number;
  /** Lines that had been written and are gone. */
  readonly missingLines: number;
}

/**
 * Appends to the newest segment, starts new ones and removes old ones; a folder that somebody removed is made anew. One
 * writer per folder.
 */
export class SegmentWriter {
  readonly #dir: string;
  readonly #limits: SegmentLimits;
  readonly #now: () => number;
  #head: FileHandle;
  #file: FileHandle;
  #path: string;
  #bytes: number;
  #startedAt: number;
  #end: ChainEnd;
  /** True after a write that failed half-way: the segment must be cut back before the next one. */
  #dirty = false;
  /** `performance.now()` at which the end of the chain was last noted, and the timer until it is next. */
  #notedAt = -Infinity;
  #noting: NodeJS.Timeout | undefined;

  private constructor(dir: string, limits: SegmentLimits, now: () => number, head: FileHandle, current: { file: FileHandle; path: string; bytes: number }, end: ChainEnd) {
    this.#dir = dir;
    this.#limits = limits;
    this.#now = now;
    this.#head = head;
    this.#file = current.file;
    this.#path = current.path;
    this.#bytes = current.bytes;
    this.#startedAt = now();
    this.#end = end;
  }

  /** Opens a folder that exists and is locked by the caller. A torn last line is dropped and noted. */
  static async open(dir: string, limits: SegmentLimits, now: () => number): Promise<{ readonly writer: SegmentWriter; readonly recovery: Recovery }> {
    const segments = await listSegments(dir);
    const path = segments.at(-1)?.path ?? segmentPath(dir, 1);
    const file = await open(path, 'a+', 0o600);
    const torn = await dropTornLine(file);
    const end = await lastSeal(segments);
    const noted = await readHead(dir);
    const head = await openHead(dir);
    const writer = new SegmentWriter(dir, limits, now, head, { file, path, bytes: torn.keptBytes }, end);
    await writer.#takeStartFromFile(segments.at(-1));

    const missing = noted === undefined ? 0 : Math.max(0, noted.seq - end.seq);
    const notes: string[] = [];
    if (torn.tornBytes > 0) notes.push(noteMembers(now(), { kind: 'note', note: 'torn-line', bytes: torn.tornBytes }));
    if (missing > 0) notes.push(noteMembers(now(), { kind: 'note', note: 'missing-lines', count: missing }));
    if (notes.length > 0) await writer.write(notes);
    if (writer.#isStale()) await writer.#rotate();
    else await writer.#retain();
    return { writer, recovery: { tornBytes: torn.tornBytes, missingLines: missing } };
  }

  /**
   * Seals records into the chain and appends as many as fit the current segment, one at least.
   * @param members the members of each record (line.ts)
   * @returns the lines written, which stand for as many records from the start of `members`
   * @throws whatever the file system says; no record then counts as written
   */
  async write(members: readonly string[]): Promise<readonly string[]> {
    const [first] = members;
    if (first === undefined) return [];
    if (this.#dirty) await this.#cutBack();
    const { maxSegmentBytes } = this.#limits;
    const full = this.#bytes + sealedBytes(first) > maxSegmentBytes;
    if (this.#isStale() || (full && this.#bytes > 0)) await this.#rotate();
    let count = 1;
    let bytes = this.#bytes + sealedBytes(first);
    for (const text of members.slice(1)) {
      bytes += sealedBytes(text);
      if (bytes > maxSegmentBytes) break;
      count++;
    }
    return this.#append(members.slice(0, count));
  }

  /** Asks the system to put everything on the disk itself. */
  async sync(): Promise<void> {
    if (this.#noting !== undefined) await this.#note();
    await this.#file.datasync();
  }

  async close(): Promise<void> {
    if (this.#noting !== undefined) await this.#note();
    await this.#file.close();
    await this.#head.close();
  }

  async #append(members: readonly string[]): Promise<readonly string[]> {
    const lines: string[] = [];
    let end = this.#end;
    for (const text of members) {
      const sealed = sealLine(text, end);
      lines.push(sealed.line);
      end = sealed.end;
    }
    const bytes = Buffer.from(`${lines.join('\n')}\n`);
    try {
      await writeAll(this.#file, bytes);
      // What is written to a file that somebody removed is nowhere.
      if (await this.#isRemoved()) await this.#startAnew(this.#end.seq + 1, bytes);
      else this.#bytes += bytes.length;
    } catch (error) {
      this.#dirty = true;
      throw error;
    }
    this.#end = end;
    await this.#noteEnd();
    return lines;
  }

  /** At once, unless that was done a moment ago: then soon. A head that lags behind only weakens the proof of completeness. */
  async #noteEnd(): Promise<void> {
    if (this.#noting !== undefined) return;
    const wait = this.#notedAt + NOTE_EVERY_MS - performance.now();
    if (wait > 0) this.#noting = setTimeout(() => void this.#note(), wait).unref();
    else await this.#note();
  }

  async #note(): Promise<void> {
    clearTimeout(this.#noting);
    this.#noting = undefined;
    this.#notedAt = performance.now();
    await writeHead(this.#head, this.#end).catch(() => undefined);
  }

  async #cutBack(): Promise<void> {
    await this.#file.truncate(this.#bytes);
    this.#dirty = false;
  }

  /** Segments hold a day at most, so that age takes them one by one. */
  #isStale(): boolean {
    return this.#bytes > 0 && this.#now() - this.#startedAt > DAY_MS;
  }

  async #rotate(): Promise<void> {
    await this.#startAnew(this.#end.seq + 1, Buffer.alloc(0));
    await this.#retain();
  }

  /** Asked of the open file first, which costs little; some file systems count no links. */
  async #isRemoved(): Promise<boolean> {
    return (await this.#file.stat()).nlink === 0 && (await sizeOf(this.#path)) === undefined;
  }

  /** Goes on in another segment, which begins with these lines. @param seq of the first line it gets */
  async #startAnew(seq: number, lines: Buffer): Promise<void> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 });
    const path = segmentPath(this.#dir, seq);
    const file = await open(path, 'a+', 0o600);
    // What an attempt before left half-written.
    if (lines.length > 0) await file.truncate(0);
    await writeAll(file, lines);
    await this.#file.close();
    this.#file = file;
    this.#path = path;
    this.#bytes = lines.length;
    this.#startedAt = this.#now();
    if ((await this.#head.stat()).nlink > 0) return;
    const head = await openHead(this.#dir);
    await this.#head.close();
    this.#head = head;
  }

  /**
   * Removes segments over the limits. An anchor for each is written first, so that the chain itself says which
   * lines were removed on purpose, whenever a crash may interrupt this.
   */
  async #retain(): Promise<void> {
    const { maxBytes, maxAgeMs } = this.#limits;
    const old: { segment: Segment; bytes: number; writtenAt: number }[] = [];
    for (const segment of await listSegments(this.#dir)) {
      const size = await sizeOf(segment.path);
      if (segment.path !== this.#path && size !== undefined) old.push({ segment, ...size });
    }
    let total = this.#bytes + old.reduce((sum, { bytes }) => sum + bytes, 0);
    const dropped: Segment[] = [];
    for (const { segment, bytes, writtenAt } of old) {
      if (total <= maxBytes && writtenAt + maxAgeMs > this.#now()) break;
      dropped.push(segment);
      total -= bytes;
    }
    if (dropped.length === 0) return;
    const anchors: string[] = [];
    for (const [i] of dropped.entries()) {
      const anchor = await this.#beforeSegment(old[i + 1]?.segment);
      if (anchor !== undefined) anchors.push(noteMembers(this.#now(), { kind: 'anchor', throughSeq: anchor.seq, lastHash: anchor.hash }));
    }
    if (anchors.length > 0) await this.#append(anchors);
    await removeInOrder(dropped);
  }

  /** Where the chain stood before a segment's first line; before the current segment when undefined. */
  async #beforeSegment(segment: Segment | undefined): Promise<ChainEnd | undefined> {
    for await (const { text } of linesOf(segment?.path ?? this.#path)) {
      const seal = readSeal(text);
      return seal === undefined ? undefined : { seq: seal.seq - 1, hash: seal.prev };
    }
    return this.#end;
  }

  /** A segment opened again keeps its age, so that restarts do not put its end off. */
  async #takeStartFromFile(segment: Segment | undefined): Promise<void> {
    if (segment === undefined) return;
    for await (const { text } of linesOf(segment.path)) {
      const time = Date.parse(/"time":"([^"]{20,30})"/.exec(text)?.[1] ?? '');
      if (!Number.isNaN(time)) this.#startedAt = time;
      return;
    }
  }
}

function openHead(dir: string): Promise<FileHandle> {
  return open(headPath(dir), constants.O_RDWR | constants.O_CREAT, 0o600);
}

async function writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten;
}

/** Oldest first, so that what is left never has a gap. What cannot be removed now goes with the next rotation. */
async function removeInOrder(segments: readonly Segment[]): Promise<void> {
  try {
    for (const segment of segments) await rm(segment.path, { force: true });
  } catch {
    // Somebody holds it open, on Windows.
  }
}

/** Bytes of a record's line: its members, and at most this much for version, sequence, chain and line end. */
function sealedBytes(members: string): number {
  return Buffer.byteLength(members) + 200;
}

/** Cuts off what follows the last line end. */
async function dropTornLine(file: FileHandle): Promise<{ readonly keptBytes: number; readonly tornBytes: number }> {
  const { size } = await file.stat();
  const start = Math.max(0, size - TAIL);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
  const keptBytes = start + buffer.subarray(0, bytesRead).lastIndexOf(0x0a) + 1;
  if (keptBytes < size) await file.truncate(keptBytes);
  return { keptBytes, tornBytes: size - keptBytes };
}

/** The last line that can be read; damaged ones after it stay, for `verify` to name. */
async function lastSeal(segments: readonly Segment[]): Promise<ChainEnd> {
  for (const segment of [...segments].reverse()) {
    for await (const line of linesBackwards(segment.path)) {
      const seal = readSeal(line);
      if (seal !== undefined) return { seq: seal.seq, hash: seal.hash };
    }
  }
  return CHAIN_START;
}
