import { setImmediate as nextTurn } from 'node:timers/promises';
import { join } from 'node:path';
import type { VestibuleError } from '../errors.ts';
import { Emitter, type Event } from '../events.ts';
import { toolId, type ServerName } from '../model.ts';
import type { Listing } from '../upstream/types.ts';
import type { Definition } from './definition.ts';
import { readInstructions, type Instructions } from './instructions.ts';
import { ListingCache, type CachedListing } from './listing-cache.ts';
import { ListingReader, type ReadListing } from './listing-reader.ts';
import { exposedNames } from './names.ts';
import { SlugOwners } from './slug-owners.ts';
import type { CatalogTool, LiveCatalog, ServerCatalog } from './types.ts';

/** Characters of new definitions read at once before anything else gets a turn (some tens of milliseconds). */
const READ_AT_ONCE = 512 * 1024;
const MAX_TITLE_CHARACTERS = 256;

export interface CatalogOptions {
  /** Folder of the remembered listings; made when missing. */
  readonly dir: string;
  /** Leave tool names unchanged while there is exactly one server. */
  readonly noPrefix: boolean;
  /** Hears of files that could not be used. */
  readonly onProblem: (problem: VestibuleError) => void;
}

/** What one server listed, before names are given. */
interface Listed extends ReadListing {
  readonly instructions: Instructions | undefined;
  readonly title: string | undefined;
  readonly seenAt: number;
}

/**
 * Opens the catalog with what is remembered of former listings, every definition read and digested anew.
 * @throws VestibuleError `data-folder-unreadable`
 */
export async function createCatalog(options: CatalogOptions): Promise<LiveCatalog> {
  const cache = new ListingCache(options.dir, options.onProblem);
  const remembered = new Map<ServerName, Listed>();
  for await (const cached of cache.load()) {
    const reader = new ListingReader(cached.server, cached.tools, []);
    while (!reader.step(READ_AT_ONCE)) await nextTurn();
    remembered.set(cached.server, listedOf(reader.result(), cached));
  }
  const slugs = await SlugOwners.open(join(options.dir, 'names.json'), options.onProblem);
  return new UpstreamCatalog(cache, slugs, remembered, options.noPrefix);
}

class UpstreamCatalog implements LiveCatalog {
  readonly #cache: ListingCache;
  readonly #slugs: SlugOwners;
  readonly #noPrefix: boolean;
  /** What each server listed last, also servers that are not set now. */
  readonly #listed: Map<ServerName, Listed>;
  /** The servers that are set, in their order. */
  #servers: ReadonlySet<ServerName> = new Set();
  readonly #catalogs = new Map<ServerName, ServerCatalog>();
  /** Tools by id and by exposed name. Server names hold no colon, nor do exposed names, so no two tools share a key. */
  readonly #tools = new Map<string, CatalogTool>();
  /** The listing of each server that is being read. */
  readonly #reading = new Map<ServerName, Listing>();
  readonly #changed = new Emitter<{ readonly server: ServerName }>();

  constructor(cache: ListingCache, slugs: SlugOwners, remembered: Map<ServerName, Listed>, noPrefix: boolean) {
    this.#cache = cache;
    this.#slugs = slugs;
    this.#listed = remembered;
    this.#noPrefix = noPrefix;
    slugs.onDidChange(() => this.#publish(this.#servers));
  }

  get onDidChange(): Event<{ readonly server: ServerName }> {
    return this.#changed.event;
  }

  servers(): Iterable<ServerCatalog> {
    return [...this.#servers].flatMap((name) => this.#catalogs.get(name) ?? []);
  }

  server(name: ServerName): ServerCatalog | undefined {
    return this.#catalogs.get(name);
  }

  find(nameOrId: string): CatalogTool | undefined {
    return this.#tools.get(nameOrId);
  }

  setServers(names: readonly ServerName[]): void {
    const touched = new Set([...this.#servers, ...names]);
    this.#servers = new Set(names);
    this.#slugs.assign([...this.#servers]);
    this.#publish(touched);
  }

  async accept(server: ServerName, listing: Listing): Promise<void> {
    if (!this.#servers.has(server)) return;
    this.#reading.set(server, listing);
    const { info, tools } = listing;
    const said = { instructions: info.instructions, title: info.title ?? info.name, seenAt: Date.now() };
    const reader = new ListingReader(server, tools, this.#listed.get(server)?.definitions ?? []);
    if (!reader.step(READ_AT_ONCE)) {
      // Only what is known to the letter may be served while the rest is being read (security D5).
      const known = reader.known();
      this.#take({ server, ...said, tools: known.map((definition) => definition.raw) }, { definitions: known, held: [] });
      do {
        await nextTurn();
        if (this.#reading.get(server) !== listing) return;
      } while (!reader.step(READ_AT_ONCE));
    }
    this.#reading.delete(server);
    this.#take({ server, ...said, tools }, reader.result());
  }

  remove(server: ServerName): void {
    this.#reading.delete(server);
    this.#listed.delete(server);
    this.#cache.remove(server);
    this.#publish([server]);
  }

  async dispose(): Promise<void> {
    this.#changed.dispose();
    this.#reading.clear();
    await this.#slugs.dispose();
    await this.#cache.flush();
  }

  #take(listing: CachedListing, read: ReadListing): void {
    this.#listed.set(listing.server, listedOf(read, listing));
    if (this.#publish([listing.server])) this.#cache.save(listing);
  }

  /** Brings the catalogs of these servers in line with what is set, listed and named. True when one changed. */
  #publish(servers: Iterable<ServerName>): boolean {
    const changed: ServerName[] = [];
    const added: CatalogTool[] = [];
    for (const server of servers) {
      const before = this.#catalogs.get(server);
      const after = this.#catalogOf(server, before);
      if (after === undefined) this.#catalogs.delete(server);
      else this.#catalogs.set(server, after);
      if (after === undefined ? before === undefined : before !== undefined && isSame(before, after)) continue;
      changed.push(server);
      // All old names go before any new one comes: a name may pass from one server to another.
      for (const tool of before?.tools ?? []) for (const key of [tool.id, tool.exposedName]) this.#tools.delete(key);
      added.push(...(after?.tools ?? []));
    }
    for (const tool of added) for (const key of [tool.id, tool.exposedName]) this.#tools.set(key, tool);
    for (const server of changed) this.#changed.fire({ server });
    return changed.length > 0;
  }

  #catalogOf(server: ServerName, before: ServerCatalog | undefined): ServerCatalog | undefined {
    const listed = this.#listed.get(server);
    if (listed === undefined || !this.#servers.has(server)) return undefined;
    const prefix = this.#noPrefix && this.#servers.size === 1 ? '' : `${this.#slugs.slugOf(server)}_`;
    const names = exposedNames({ server, prefix }, listed.definitions.map(({ name }) => name));
    const known = new Map(before?.tools.map((tool) => [tool.name, tool]));
    const tools = listed.definitions.map((definition) => toolOf(server, definition, names.get(definition.name) ?? '', known.get(definition.name)));
    const { held, instructions, title, seenAt } = listed;
    return { server, tools: inOrderOf(before?.tools, tools), held, instructions, title, seenAt };
  }
}

function listedOf(read: ReadListing, said: Omit<CachedListing, 'tools'>): Listed {
  const instructions = readInstructions(said.instructions);
  const title = said.title?.trim().slice(0, MAX_TITLE_CHARACTERS);
  const common = { definitions: read.definitions, title: title === '' ? undefined : title, seenAt: said.seenAt };
  if (instructions === undefined || 'digest' in instructions) return { ...common, held: read.held, instructions };
  return { ...common, held: [{ server: said.server, index: -1, ...instructions }, ...read.held], instructions: undefined };
}

/** The tool of a definition: the very object it was before, if nothing about it changed. */
function toolOf(server: ServerName, definition: Definition, exposedName: string, before: CatalogTool | undefined): CatalogTool {
  if (before?.raw === definition.raw && before.exposedName === exposedName) return before;
  return Object.freeze({ server, id: toolId(server, definition.name), exposedName, ...definition });
}

/** `tools` as they stood `before` when they are the same ones: some servers list in a new order each time. */
function inOrderOf(before: readonly CatalogTool[] | undefined, tools: readonly CatalogTool[]): readonly CatalogTool[] {
  if (before?.length !== tools.length) return tools;
  const known = new Set(before);
  return tools.every((tool) => known.has(tool)) ? before : tools;
}

/** True when two catalogs of one server differ in nothing but when they were seen. */
function isSame(a: ServerCatalog, b: ServerCatalog): boolean {
  return (
    a.tools === b.tools &&
    a.title === b.title &&
    a.instructions?.digest === b.instructions?.digest &&
    JSON.stringify(a.held) === JSON.stringify(b.held)
  );
}
