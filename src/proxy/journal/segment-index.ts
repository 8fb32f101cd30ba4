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
  const { server, tool, agent, outcome } = filter;
  // As the journal writes them.
  const members = Object.entries({ server, tool, agent, outcome }).flatMap(([name, value]) => (value === undefined ? [] : [`"${name}":${JSON.stringify(value)}`]));
  return {
    filter,
    bits: phraseBits(text ?? ''),
    quick: (line) => line !== '' && members.every((member) => line.includes(member)) && (text === undefined || searchedText(line).includes(text)),
  };
}

/** What is known of up to 64 lines without reading them. */
interface Block {
  readonly start: number;
  end: number;
  lines: number;
  first: number;
  last: number;
  readonly servers: Set<string>;
  readonly tools: Set<string>;
  readonly agents: Set<string>;
  readonly outcomes: Set<string>;
  readonly phrases: PhraseSet;
}

/** What stands in one segment, enough to read only the lines a filter can want. Grows as the segment does. */
export class SegmentIndex {
  readonly #path: string;
  readonly #blocks: Block[] = [];
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
    const wanted = this.#blocks.filter((block) => canHold(block, ready));
    if (wanted.length === 0) return;
    await this.#withFile(async (file) => {
      for (const { start, end } of wanted.reverse()) {
        const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(end - start), 0, end - start, start);
        for (const line of buffer.toString('utf8', 0, bytesRead).split('\n').reverse()) {
          const record = ready.quick(line) ? wantedCall(line, ready.filter) : undefined;
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
    const block = this.#blockFor(start);
    const time = Date.parse(record.time);
    block.end = this.#bytes;
    block.lines++;
    block.first = Math.min(block.first, time);
    block.last = Math.max(block.last, time);
    block.servers.add(record.server);
    block.tools.add(record.tool);
    block.agents.add(record.agent);
    block.outcomes.add(record.outcome);
    addText(block.phrases, searchedText(line));
  }

  #blockFor(start: number): Block {
    const current = this.#blocks.at(-1);
    if (current !== undefined && current.lines < BLOCK_LINES) return current;
    const block: Block = {
      start, end: start, lines: 0, first: Infinity, last: -Infinity,
      servers: new Set(), tools: new Set(), agents: new Set(), outcomes: new Set(), phrases: emptyPhraseSet(),
    };
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

function canHold(block: Block, { filter, bits }: ReadyFilter): boolean {
  const { server, tool, agent, outcome, since, until } = filter;
  if (server !== undefined && !block.servers.has(server)) return false;
  if (tool !== undefined && !block.tools.has(tool)) return false;
  if (agent !== undefined && !block.agents.has(agent)) return false;
  if (outcome !== undefined && !block.outcomes.has(outcome)) return false;
  if (since !== undefined && block.last < since) return false;
  if (until !== undefined && block.first > until) return false;
  return mayHold(block.phrases, bits);
}
