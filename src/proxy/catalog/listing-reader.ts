import { messageOf } from '../errors.ts';
import type { RawJson, ServerName } from '../model.ts';
import { isReadable, readDefinition, type Definition, type Unreadable } from './definition.ts';
import type { HeldDefinition } from './types.ts';

const MAX_TOOLS = 10_000;
const MAX_CHARACTERS = 32 * 1024 * 1024;

/** What a listing came to. */
export interface ReadListing {
  /** In the order received; no two of one name. */
  readonly definitions: readonly Definition[];
  readonly held: readonly HeldDefinition[];
}

/**
 * Reads one listing step by step, so that a huge one does not stop everything else. Definitions that were known before
 * stay the same objects.
 */
export class ListingReader {
  readonly #server: ServerName;
  readonly #raws: readonly RawJson[];
  readonly #knownByRaw: ReadonlyMap<RawJson, Definition>;
  readonly #knownByName: ReadonlyMap<string, Definition>;
  readonly #definitions: { readonly index: number; readonly definition: Definition }[] = [];
  readonly #held: HeldDefinition[] = [];
  #next = 0;
  #characters = 0;

  constructor(server: ServerName, raws: readonly RawJson[], known: readonly Definition[]) {
    this.#server = server;
    this.#raws = raws;
    this.#knownByRaw = new Map(known.map((definition) => [definition.raw, definition]));
    this.#knownByName = new Map(known.map((definition) => [definition.name, definition]));
  }

  /** Definitions of this listing that were known before, to the letter; needs no reading. */
  known(): readonly Definition[] {
    return [...new Set(this.#raws.flatMap((raw) => this.#knownByRaw.get(raw) ?? []))];
  }

  /** Reads on until about `budget` characters of new text were read. True when all is read. */
  step(budget: number): boolean {
    for (let read = 0; read < budget && this.#next < this.#raws.length; this.#next++) {
      const raw = this.#raws[this.#next] ?? '';
      this.#characters += raw.length;
      if (this.#next >= MAX_TOOLS || this.#characters > MAX_CHARACTERS) {
        this.#holdRest();
        break;
      }
      if (!this.#knownByRaw.has(raw)) read += raw.length;
      this.#read(this.#next, raw);
    }
    return this.#next >= this.#raws.length;
  }

  /** The outcome once `step` returned true. A name that stands for two definitions serves neither (security D8). */
  result(): ReadListing {
    const uses = new Map<string, number>();
    for (const name of [...this.#definitions.map((read) => read.definition.name), ...this.#held.map((held) => held.name)]) {
      if (name !== undefined) uses.set(name, (uses.get(name) ?? 0) + 1);
    }
    const unique = this.#definitions.filter(({ definition }) => uses.get(definition.name) === 1);
    const repeated = this.#definitions.filter(({ definition }) => uses.get(definition.name) !== 1);
    const held = [
      ...this.#held,
      ...repeated.map(({ index, definition: { name } }) => ({
        server: this.#server,
        name,
        index,
        problem: 'The server lists this name more than once.',
        fix: "Report this to the server's author: which of the definitions a call would reach cannot be told.",
      })),
    ];
    return { definitions: unique.map((read) => read.definition), held: held.sort((a, b) => a.index - b.index) };
  }

  #read(index: number, raw: RawJson): void {
    const result = this.#knownByRaw.get(raw) ?? this.#readNew(raw);
    if (!isReadable(result)) {
      this.#held.push({ server: this.#server, index, ...result });
      return;
    }
    const before = this.#knownByName.get(result.name);
    this.#definitions.push({ index, definition: before?.digest === result.digest ? before : result });
  }

  /** A defect of ours must not let a definition through, nor take the server's others down (invariant I7). */
  #readNew(raw: RawJson): Definition | Unreadable {
    try {
      return readDefinition(raw);
    } catch (error) {
      return { name: undefined, problem: `The definition could not be read: ${messageOf(error)}`, fix: 'Report this to the authors of Vestibule.' };
    }
  }

  #holdRest(): void {
    this.#held.push({
      server: this.#server,
      name: undefined,
      index: this.#next,
      problem: `The server lists ${this.#raws.length} tools; from number ${this.#next + 1} on they are left out (at most ${MAX_TOOLS} tools and ${MAX_CHARACTERS} characters are kept).`,
      fix: 'Make the server offer fewer tools, by its own settings or as several servers.',
    });
    this.#next = this.#raws.length;
  }
}
