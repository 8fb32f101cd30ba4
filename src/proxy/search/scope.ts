import type { ServerName, ToolId } from '../model.ts';
import { inverseFrequency, type Postings, type Term } from './postings.ts';
import type { IndexedTool } from './rank.ts';

/** What a caller's words are read against: the vocabulary and the frequencies of the tools that this caller may use. */
export interface Scope {
  term(text: string): Term | undefined;
  /** Terms that share a heavy stem. */
  withStem(stem: string): readonly Term[];
  /** Terms of one first letter and length. */
  withShape(first: string, length: number): readonly Term[];
  /** How telling a term is. */
  idf(term: Term | undefined): number;
  /** How many tools of a server there are, at least 1. */
  sizeOf(server: ServerName): number;
}

/** The tools of an index by slot. */
export type Slots = readonly (IndexedTool | undefined)[];

/** The scope of whoever may use every tool: the index as it is. */
export function wholeScope(postings: Postings, sizeOf: (server: ServerName) => number): Scope {
  return {
    term: (text) => postings.term(text),
    withStem: (stem) => postings.withStem(stem),
    withShape: (first, length) => postings.withShape(first, length),
    idf: (term) => postings.idf(term),
    sizeOf,
  };
}

/**
 * The scope of a caller that may use some tools: as if the others had never been indexed. Words only they use do not
 * exist, and how common a word is among them counts for nothing. It is right for one state of the index.
 */
export class PartScope implements Scope {
  /** Whether the caller may use every tool there is. */
  readonly isWhole: boolean;
  readonly #postings: Postings;
  readonly #seen: Uint8Array;
  readonly #sizes = new Map<ServerName, number>();
  readonly #frequencies = new Map<Term, number>();
  #live = 0;

  constructor(postings: Postings, tools: Slots, visible: (id: ToolId) => boolean) {
    this.#postings = postings;
    this.#seen = new Uint8Array(postings.capacity);
    let all = 0;
    for (let slot = 0; slot < postings.capacity; slot++) {
      const tool = tools[slot];
      if (tool === undefined) continue;
      all += 1;
      if (!visible(tool.id)) continue;
      this.#seen[slot] = 1;
      this.#live += 1;
      this.#sizes.set(tool.server, (this.#sizes.get(tool.server) ?? 0) + 1);
    }
    this.isWhole = this.#live === all;
  }

  term(text: string): Term | undefined {
    const term = this.#postings.term(text);
    return term !== undefined && this.#frequency(term) > 0 ? term : undefined;
  }

  withStem(stem: string): readonly Term[] {
    return this.#postings.withStem(stem).filter((term) => this.#frequency(term) > 0);
  }

  withShape(first: string, length: number): readonly Term[] {
    return this.#postings.withShape(first, length).filter((term) => this.#frequency(term) > 0);
  }

  idf(term: Term | undefined): number {
    return inverseFrequency(term === undefined ? 0 : this.#frequency(term), this.#live);
  }

  sizeOf(server: ServerName): number {
    return this.#sizes.get(server) ?? 1;
  }

  /** In how many of the caller's tools a term stands. */
  #frequency(term: Term): number {
    let frequency = this.#frequencies.get(term);
    if (frequency === undefined) {
      frequency = 0;
      for (const slot of term.slots) frequency += this.#seen[slot] ?? 0;
      this.#frequencies.set(term, frequency);
    }
    return frequency;
  }
}
