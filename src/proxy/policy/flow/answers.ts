import type { Clock } from '../../clock.ts';
import type { RawJson, ServerName } from '../../model.ts';

/** Characters of all answers together, and of one. */
const MAX_TOTAL = 16 * 1024 * 1024;
const MAX_ONE = 1024 * 1024;
const MAX_ENTRIES = 2_000;

interface Entry {
  readonly server: ServerName;
  readonly result: RawJson;
  readonly until: number;
  /** The resource it is of, where it is of one. */
  readonly uri: string | undefined;
}

/**
 * Answers of read-only tools, or contents of resources, that may be used again. What writes to a server makes its answers void: those there are,
 * and those on their way.
 */
export class Answers {
  readonly #clock: Clock;
  /** The least recently used first. */
  readonly #entries = new Map<string, Entry>();
  readonly #generations = new Map<ServerName, number>();
  readonly #uses = new Map<ServerName, { hits: number; misses: number }>();
  #characters = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What is kept under a key; undefined when nothing is, or not any more. */
  get(key: string): RawJson | undefined {
    return this.find(key)?.result;
  }

  /** What is kept under a key, and for how many milliseconds it counts; undefined when nothing is, or not any more. */
  find(key: string): { readonly result: RawJson; readonly leftMs: number } | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#delete(key, entry);
    const leftMs = entry.until - this.#clock.now();
    if (leftMs <= 0) return undefined;
    this.#set(key, entry);
    return { result: entry.result, leftMs };
  }

  /** What an answer that is being fetched now has to know when it comes. */
  generation(server: ServerName): number {
    return this.#generations.get(server) ?? 0;
  }

  /**
   * Keeps an answer for some milliseconds, unless something was written to the server since its generation.
   * @param uri the resource it is of, where it is of one
   */
  put(key: string, server: ServerName, result: RawJson, ms: number, generation: number, uri?: string): void {
    if (generation !== this.generation(server) || result.length > MAX_ONE || ms <= 0) return;
    const before = this.#entries.get(key);
    if (before !== undefined) this.#delete(key, before);
    this.#set(key, { server, result, until: this.#clock.now() + ms, uri });
    for (const [oldest, entry] of this.#entries) {
      if (this.#characters <= MAX_TOTAL && this.#entries.size <= MAX_ENTRIES) break;
      this.#delete(oldest, entry);
    }
  }

  /** Nothing that was known of this server counts any more. */
  forget(server: ServerName): void {
    this.#generations.set(server, this.generation(server) + 1);
    for (const [key, entry] of this.#entries) if (entry.server === server) this.#delete(key, entry);
  }

  /**
   * A resource of this server changed: what is known of it, of its parts and of what it is a part of does not count any
   * more (MCP, resources/updated: some servers tell of parts of what is watched).
   */
  forgetAbout(server: ServerName, uri: string): void {
    this.#generations.set(server, this.generation(server) + 1);
    for (const [key, entry] of this.#entries) {
      const about = entry.server === server ? entry.uri : undefined;
      if (about !== undefined && (about.startsWith(uri) || uri.startsWith(about))) this.#delete(key, entry);
    }
  }

  /** Counts a read of a server: answered by what another call fetched, or not. */
  used(server: ServerName, how: 'hit' | 'miss'): void {
    const uses = this.#uses.get(server) ?? { hits: 0, misses: 0 };
    this.#uses.set(server, uses);
    if (how === 'hit') uses.hits++;
    else uses.misses++;
  }

  /** How often answers of a server were used again since it has a cache. */
  uses(server: ServerName): { readonly hits: number; readonly misses: number } {
    return { ...(this.#uses.get(server) ?? { hits: 0, misses: 0 }) };
  }

  /** The server has no cache any more: nothing of it is kept, not even how often it was used. */
  drop(server: ServerName): void {
    this.forget(server);
    this.#uses.delete(server);
  }

  count(server: ServerName): number {
    let count = 0;
    for (const entry of this.#entries.values()) if (entry.server === server) count++;
    return count;
  }

  #set(key: string, entry: Entry): void {
    this.#entries.set(key, entry);
    this.#characters += entry.result.length + key.length;
  }

  #delete(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#characters -= entry.result.length + key.length;
  }
}
