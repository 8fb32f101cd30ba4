import { messageOf } from '../errors.ts';
import type { RawJson, ServerName } from '../model.ts';
import { isReadable } from './definition.ts';
import type { Named, Unreadable } from './json-definition.ts';
import type { Kind } from './kinds.ts';
import type { HeldDefinition } from './types.ts';

/** What a listing came to. */
export interface ReadListing<T extends Named> {
  /** In the order received; no two of one name. */
  readonly definitions: readonly T[];
  readonly held: readonly HeldDefinition[];
}

/**
 * Reads one list of a server step by step, so that a huge one does not stop everything else. Definitions that were
 * known before stay the same objects.
 */
export class ListingReader<T extends Named> {
  readonly #kind: Kind<T>;
  readonly #server: ServerName;
  readonly #raws: readonly RawJson[];
  readonly #knownByRaw: ReadonlyMap<RawJson, T>;
  readonly #knownByName: ReadonlyMap<string, T>;
  readonly #definitions: { readonly index: number; readonly definition: T }[] = [];
  readonly #held: HeldDefinition[] = [];
  #next = 0;
  #characters = 0;

  /** @param known what was read of this list before */
  constructor(kind: Kind<T>, server: ServerName, raws: readonly RawJson[], known: readonly T[]) {
    this.#kind = kind;
    this.#server = server;
    this.#raws = raws;
    this.#knownByRaw = new Map(known.map((definition) => [definition.raw, definition]));
    this.#knownByName = new Map(known.map((definition) => [definition.name, definition]));
  }

  /** Definitions of this listing that were known before, to the letter; needs no reading. */
  known(): readonly T[] {
    return [...new Set(this.#raws.flatMap((raw) => this.#knownByRaw.get(raw) ?? []))];
  }

  /** Reads on until about `budget` characters of new text were read. True when all is read. */
  step(budget: number): boolean {
    for (let read = 0; read < budget && this.#next < this.#raws.length; this.#next++) {
      const raw = this.#raws[this.#next] ?? '';
      this.#characters += raw.length;
      if (this.#next >= this.#kind.maxCount || this.#characters > this.#kind.maxCharacters) {
        this.#holdRest();
        break;
      }
      if (!this.#knownByRaw.has(raw)) read += raw.length;
      this.#read(this.#next, raw);
    }
    return this.#next >= this.#raws.length;
  }

  /** The outcome once `step` returned true. A name that stands for two definitions serves neither (security D8). */
  result(): ReadListing<T> {
    if (this.#kind.word === 'resource') return { definitions: this.#firstOfEach(), held: this.#held };
    const uses = new Map<string, number>();
    for (const name of [...this.#definitions.map((read) => read.definition.name), ...this.#held.map((held) => held.name)]) {
      if (name !== undefined) uses.set(name, (uses.get(name) ?? 0) + 1);
    }
    const unique = this.#definitions.filter(({ definition }) => uses.get(definition.name) === 1);
    const repeated = this.#definitions.filter(({ definition }) => uses.get(definition.name) !== 1);
    const held = [
      ...this.#held,
      ...repeated.map(({ index, definition: { name } }) =>
        this.#heldAs(index, {
          name,
          problem: 'The server lists this name more than once.',
          fix: "Report this to the server's author: which of the definitions a call would reach cannot be told.",
        }),
      ),
    ];
    return { definitions: unique.map((read) => read.definition), held: held.sort((a, b) => a.index - b.index) };
  }

  /** A resource is data: of two entries for one URI either does. */
  #firstOfEach(): T[] {
    const byName = new Map<string, T>();
    for (const { definition } of this.#definitions) if (!byName.has(definition.name)) byName.set(definition.name, definition);
    return [...byName.values()];
  }

  #read(index: number, raw: RawJson): void {
    const result = this.#knownByRaw.get(raw) ?? this.#readNew(raw);
    if (!isReadable(result)) {
      this.#held.push(this.#heldAs(index, result));
      return;
    }
    const before = this.#knownByName.get(result.name);
    this.#definitions.push({ index, definition: before?.digest === result.digest ? before : result });
  }

  /** A defect of ours must not let a definition through, nor take the server's others down (invariant I7). */
  #readNew(raw: RawJson): T | Unreadable {
    try {
      return this.#kind.read(raw);
    } catch (error) {
      return { name: undefined, problem: `The definition could not be read: ${messageOf(error)}`, fix: 'Report this to the authors of Vestibule.' };
    }
  }

  #holdRest(): void {
    const { word, maxCount, maxCharacters } = this.#kind;
    this.#held.push(
      this.#heldAs(this.#next, {
        name: undefined,
        problem: `The server lists ${this.#raws.length} ${word}s; from number ${this.#next + 1} on they are left out (at most ${maxCount} ${word}s and ${maxCharacters} characters are kept).`,
        fix: `Make the server offer fewer ${word}s, by its own settings or as several servers.`,
      }),
    );
    this.#next = this.#raws.length;
  }

  #heldAs(index: number, why: Unreadable): HeldDefinition {
    const { word } = this.#kind;
    return { server: this.#server, ...(word !== 'tool' && { kind: word }), index, ...why };
  }
}
