import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, VestibuleError } from '../errors.ts';
import type { RawJson, ServerName } from '../model.ts';
import { prepareFolder, readTextIfExists, removeFile, writeFileAtomic } from '../storage/atomic-file.ts';
import { fileNameFor } from '../storage/names.ts';
import type { OfferTexts } from './offer.ts';
import { listAt, numberAt, parseState, recordAt, stringAt, writeState } from '../storage/parse-state.ts';

const VERSION = 1;
const CACHE_FILE = /^[0-9a-f]{32}\.json$/;
const MAX_FILES = 512;
/** Listings that come sooner than this after a write wait for one another. */
const WRITES_APART_MS = 500;

/** A listing as it is kept over restarts: texts only. Digests are made anew from them, never stored. */
export interface CachedListing extends OfferTexts {
  readonly server: ServerName;
  /** Milliseconds since epoch. */
  readonly seenAt: number;
  readonly title: string | undefined;
  /** Of a program whose launch names none. */
  readonly version?: string | undefined;
  /** Raw JSON string. */
  readonly instructions: RawJson | undefined;
  /** Raw object. */
  readonly capabilities: RawJson;
}

/** Listings on disk, one file per server, so that a start needs no upstream. Losing one costs a listing, no more. */
export class ListingCache {
  readonly #folder: string;
  readonly #report: (problem: VestibuleError) => void;
  /** What is to be written; undefined removes. */
  readonly #pending = new Map<ServerName, CachedListing | undefined>();
  #timer: NodeJS.Timeout | undefined;
  #writtenAt = -Infinity;
  #writing: Promise<void> = Promise.resolve();

  constructor(folder: string, report: (problem: VestibuleError) => void) {
    this.#folder = folder;
    this.#report = report;
  }

  /**
   * The listings on disk, one at a time. A file that cannot be used is removed and reported; the newest 512 are kept.
   * @throws VestibuleError `data-folder-unreadable` when the folder cannot be used
   */
  async *load(): AsyncGenerator<CachedListing> {
    await prepareFolder(this.#folder);
    for (const file of await this.#files()) {
      const listing = await this.#read(file);
      if (listing !== undefined) yield listing;
    }
  }

  /** Writes the listing: the first one at once, those that follow closely together. */
  save(listing: CachedListing): void {
    this.#schedule(listing.server, listing);
  }

  /** Removes the server's listing before long. */
  remove(server: ServerName): void {
    this.#schedule(server, undefined);
  }

  /** Resolves when everything saved so far is on disk, or was reported. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writtenAt = performance.now();
    this.#writing = this.#writing.then(() => this.#writePending());
    await this.#writing;
  }

  #schedule(server: ServerName, listing: CachedListing | undefined): void {
    this.#pending.set(server, listing);
    const wait = Math.max(0, this.#writtenAt + WRITES_APART_MS - performance.now());
    this.#timer ??= setTimeout(() => void this.flush(), wait).unref();
  }

  async #writePending(): Promise<void> {
    const pending = [...this.#pending];
    this.#pending.clear();
    for (const [server, listing] of pending) {
      try {
        const file = this.#fileOf(server);
        if (listing === undefined) await removeFile(file);
        else await writeFileAtomic(file, writeState(VERSION, listing));
      } catch (error) {
        this.#report(VestibuleError.is(error) ? error : unusable(this.#fileOf(server), error));
      }
    }
  }

  async #read(file: string): Promise<CachedListing | undefined> {
    try {
      const text = await readTextIfExists(file);
      if (text === undefined) return undefined;
      const listing = parseState(text, { file, version: VERSION, decode });
      return file === this.#fileOf(listing.server) ? listing : undefined;
    } catch (error) {
      this.#report(unusable(file, error));
      await rm(file, { force: true }).catch(() => undefined);
      return undefined;
    }
  }

  /** Paths of the cache files, newest first; older ones than the bound are removed. */
  async #files(): Promise<string[]> {
    const dated: { readonly path: string; readonly time: number }[] = [];
    for (const name of await readdir(this.#folder)) {
      if (!CACHE_FILE.test(name)) continue;
      const path = join(this.#folder, name);
      const time = await stat(path).then(
        (found) => found.mtimeMs,
        () => 0,
      );
      dated.push({ path, time });
    }
    const newest = dated.sort((a, b) => b.time - a.time).map(({ path }) => path);
    for (const path of newest.slice(MAX_FILES)) await rm(path, { force: true }).catch(() => undefined);
    return newest.slice(0, MAX_FILES);
  }

  #fileOf(server: ServerName): string {
    return join(this.#folder, `${fileNameFor(server)}.json`);
  }
}

function decode(state: unknown): CachedListing {
  const { server, seenAt, title, version, instructions, capabilities, tools, ...content } = recordAt(state, ['state']);
  const optional = (value: unknown, member: string): string | undefined => (value === undefined ? undefined : stringAt(value, ['state', member]));
  const texts = (value: unknown, member: string): readonly string[] => listAt(value, ['state', member]).map((raw, i) => stringAt(raw, ['state', member, i]));
  // Listings that were kept before servers were asked for more than tools have no more than tools.
  const more = (member: string): readonly string[] => texts(content[member] ?? [], member);
  return {
    server: stringAt(server, ['state', 'server']),
    seenAt: numberAt(seenAt, ['state', 'seenAt']),
    title: optional(title, 'title'),
    version: optional(version, 'version'),
    instructions: optional(instructions, 'instructions'),
    capabilities: optional(capabilities, 'capabilities') ?? '{}',
    tools: texts(tools, 'tools'),
    prompts: more('prompts'),
    resources: more('resources'),
    templates: more('templates'),
  };
}

function unusable(file: string, error: unknown): VestibuleError {
  return new VestibuleError('corrupt-file', `Cannot use a remembered tool list: ${messageOf(error)}`, {
    action: `Nothing to do: the list is fetched anew. If this stays, look at ${file}.`,
    cause: error,
  });
}
