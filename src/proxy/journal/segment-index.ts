import { Buffer } from 'node:buffer';
import { open, type FileHandle } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { hasCode } from '../storage/fs-error.ts';
import { readIndex, writeIndex, type Block } from './index-file.ts';
import { readCall, searchedText, wantedCall } from './line.ts';
import { addText, emptyPhraseSet, mayHold, phraseBits } from './phrase-set.ts';
import { indexPath } from './segments.ts';
import type { CallFilter, CallRecord } from './types.ts';

/** Lines that are judged and read together. */
const BLOCK_LINES = 64;
/** Read at once while a segment is taken in. */
const CHUNK = 256 * 1024;
/** No line of ours comes near this. */
const MAX_LINE = 1024 * 1024;
/** Time spent on lines before others get a turn. */
const TURN_MS = 6;
const NEWLINE = 0x0a;

/** A filter with what is made ready once for many blocks. */
export interface ReadyFilter {
  readonly filter: CallFilter;
  /** Of its text. */
  readonly bits: readonly number[];
  /** False for lines that are surely not wanted, without parsing them. */
  readonly quick: (line: string) => boolean;
}

/** Makes a filter ready. */
export function readyFilter(filter: CallFilter): ReadyFilter {
  const text = filter.text?.toLowerCase();
  return { filter, bits: phraseBits(text ?? ''), quick: (line) => text === undefined || searchedText(line).includes(text) };
}

/** Members of a call that are known line by line, in this order. */
const FACETS = ['server', 'tool', 'agent', 'outcome'] as const;

/** A block that still takes lines in. */
interface OpenBlock extends Block {
  first: number;
  last: number;
  readonly starts: number[];
  readonly ends: number[];
  readonly facets: readonly number[][];
}

/** What stands in one segment, enough to read only the lines a filter can want. Grows as the segment does. */
export class SegmentIndex {
  readonly #path: string;
  readonly #blocks: Block[] = [];
  /** The last of them, while there is room in it. */
  #open: OpenBlock | undefined;
  /** Names are few and lines many: each name has a number. */
  readonly #numbers = new Map<string, number>();
  #bytes = 0;
  /** The end of what was taken in. */
  #tail = '';
  /** How much of it stands in its file. */
  #kept = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** The index that was kept of a segment, as far as it went; an empty one where there is none, or of other lines. */
  static async open(path: string): Promise<SegmentIndex> {
    const index = new SegmentIndex(path);
    const kept = await readIndex(indexPath(path), FACETS.length, emptyPhraseSet().length);
    if (kept === undefined || kept.bytes < kept.tail.length || (await index.#textBefore(kept.bytes, kept.tail.length)) !== kept.tail) return index;
    index.#bytes = kept.bytes;
    index.#kept = kept.bytes;
    index.#tail = kept.tail;
    kept.names.forEach((name, number) => index.#numbers.set(name, number));
    index.#blocks.push(...kept.blocks);
    index.#goOn();
    return index;
  }

  /** Bytes taken in so far: the end of the last complete line. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Keeps it in a file beside the segment, unless it is there already. */
  async keep(): Promise<void> {
    const bytes = this.#bytes;
    if (bytes === this.#kept || bytes === 0) return;
    await writeIndex(indexPath(this.#path), { bytes, tail: this.#tail, names: [...this.#numbers.keys()], blocks: this.#blocks });
    this.#kept = bytes;
  }

  /** Takes in the complete lines that were added. */
  async update(): Promise<void> {
    await this.#withFile(async (file) => {
      let carry = Buffer.alloc(0);
      let turn = performance.now();
      for (let position = this.#bytes; ; ) {
        const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK), 0, CHUNK, position);
        if (bytesRead === 0) return;
        position += bytesRead;
        let chunk = Buffer.concat([carry, buffer.subarray(0, bytesRead)]);
        for (let newline = chunk.indexOf(NEWLINE); newline >= 0; newline = chunk.indexOf(NEWLINE)) {
          this.#add(chunk.toString('utf8', 0, newline), newline + 1);
          chunk = chunk.subarray(newline + 1);
          if (performance.now() - turn > TURN_MS) {
            await nextTurn();
            turn = performance.now();
          }
        }
        // Never the journal's own: what cannot be a line is not read on.
        if (chunk.length > MAX_LINE) return;
        carry = chunk;
      }
    });
  }

  /** Adds the calls of this segment that are wanted, newest first, until there are `limit`. */
  async collect(ready: ReadyFilter, limit: number, into: CallRecord[]): Promise<void> {
    const wanted = FACETS.map((facet) => this.#numberOf(ready.filter[facet]));
    // A name that no line has.
    if (wanted.includes(UNKNOWN)) return;
    const blocks = this.#blocks.filter((block) => canHold(block, ready));
    if (blocks.length === 0) return;
    await this.#withFile(async (file) => {
      for (const block of blocks.reverse()) {
        const lines = linesWith(block, wanted);
        const from = block.starts[lines.at(-1) ?? -1];
        const to = block.ends[lines[0] ?? -1];
        if (from === undefined || to === undefined) continue;
        const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(to - from), 0, to - from, from);
        const read = buffer.subarray(0, bytesRead);
        for (const line of lines) {
          const text = read.toString('utf8', (block.starts[line] ?? 0) - from, (block.ends[line] ?? 0) - from);
          const record = ready.quick(text) ? wantedCall(text, ready.filter) : undefined;
          if (record !== undefined && into.push(record) >= limit) return;
        }
      }
    });
  }

  #add(line: string, bytes: number): void {
    const start = this.#bytes;
    this.#bytes += bytes;
    this.#tail = `${line.slice(-TAIL)}\n`;
    const record = readCall(line);
    if (record === undefined) return;
    const block = this.#openBlock(record.seq);
    const time = Date.parse(record.time);
    block.first = Math.min(block.first, time);
    block.last = Math.max(block.last, time);
    block.starts.push(start);
    // Without the line end.
    block.ends.push(this.#bytes - 1);
    FACETS.forEach((facet, i) => block.facets[i]?.push(this.#numberFor(record[facet])));
    addText(block.phrases, searchedText(line));
  }

  #numberFor(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    this.#numbers.set(name, this.#numbers.size);
    return this.#numbers.size - 1;
  }

  /** The number of a name a filter wants: `ANY` when it wants none, `UNKNOWN` when no line has it. */
  #numberOf(name: string | undefined): number {
    return name === undefined ? ANY : (this.#numbers.get(name) ?? UNKNOWN);
  }

  #openBlock(seq: number): OpenBlock {
    if (this.#open !== undefined && this.#open.starts.length < BLOCK_LINES) return this.#open;
    const block: OpenBlock = { seq, first: Infinity, last: -Infinity, phrases: emptyPhraseSet(), starts: [], ends: [], facets: FACETS.map(() => []) };
    this.#open = block;
    this.#blocks.push(block);
    return block;
  }

  /** Has the last block of a kept index take lines in again. */
  #goOn(): void {
    const last = this.#blocks.pop();
    if (last === undefined) return;
    this.#open = { ...last, starts: Array.from(last.starts), ends: Array.from(last.ends), facets: last.facets.map((facet) => Array.from(facet)) };
    this.#blocks.push(this.#open);
  }

  /** What stands in the segment before some byte. */
  async #textBefore(end: number, length: number): Promise<string | undefined> {
    let text: string | undefined;
    await this.#withFile(async (file) => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, end - length);
      text = buffer.toString('utf8', 0, bytesRead);
    });
    return text;
  }

  async #withFile(use: (file: FileHandle) => Promise<void>): Promise<void> {
    let file: FileHandle;
    try {
      file = await open(this.#path, 'r');
    } catch (error) {
      // Retention may have removed it.
      if (hasCode(error, 'ENOENT')) return;
      throw error;
    }
    try {
      await use(file);
    } finally {
      await file.close();
    }
  }
}

/** Characters of the last line that tell it from every other: they hold its hash, which is plain ASCII. */
const TAIL = 76;

const ANY = -1;
const UNKNOWN = -2;

function canHold({ seq, first, last, phrases }: Block, { filter: { before, since, until }, bits }: ReadyFilter): boolean {
  if (before !== undefined && seq >= before) return false;
  return (since === undefined || last >= since) && (until === undefined || first <= until) && mayHold(phrases, bits);
}

/** Lines of a block whose facets are the wanted ones, the last first. */
function linesWith({ facets, starts }: Block, wanted: readonly number[]): number[] {
  const lines: number[] = [];
  for (let line = starts.length - 1; line >= 0; line--) {
    if (wanted.every((number, facet) => number === ANY || facets[facet]?.[line] === number)) lines.push(line);
  }
  return lines;
}
