import { Buffer } from 'node:buffer';
import { open, type FileHandle } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { hasCode } from '../storage/fs-error.ts';
import { readCall, searchedText, wantedCall } from './line.ts';
import { addText, emptyPhraseSet, mayHold, phraseBits, type PhraseSet } from './phrase-set.ts';
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

/** What is known of up to 64 calls without reading them. */
interface Block {
  first: number;
  last: number;
  readonly phrases: PhraseSet;
  /** Where each line starts and ends in the file. */
  readonly starts: number[];
  readonly ends: number[];
  /** Numbers of each line's facets, one list for each facet. */
  readonly facets: readonly number[][];
}

/** What stands in one segment, enough to read only the lines a filter can want. Grows as the segment does. */
export class SegmentIndex {
  readonly #path: string;
  readonly #blocks: Block[] = [];
  /** Names are few and lines many: each name has a number. */
  readonly #numbers = new Map<string, number>();
  #bytes = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Bytes taken in so far: the end of the last complete line. */
  get bytes(): number {
    return this.#bytes;
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
    const record = readCall(line);
    if (record === undefined) return;
    const block = this.#openBlock();
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

  #openBlock(): Block {
    const current = this.#blocks.at(-1);
    if (current !== undefined && current.starts.length < BLOCK_LINES) return current;
    const block: Block = { first: Infinity, last: -Infinity, phrases: emptyPhraseSet(), starts: [], ends: [], facets: FACETS.map(() => []) };
    this.#blocks.push(block);
    return block;
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

const ANY = -1;
const UNKNOWN = -2;

function canHold({ first, last, phrases }: Block, { filter: { since, until }, bits }: ReadyFilter): boolean {
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
