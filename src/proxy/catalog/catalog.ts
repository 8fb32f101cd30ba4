import { setImmediate as nextTurn } from 'node:timers/promises';
import { join } from 'node:path';
import type { VestibuleError } from '../errors.ts';
import { Emitter, type Event } from '../events.ts';
import { toolId, type Digest, type RawJson, type ServerName } from '../model.ts';
import type { Listing } from '../upstream/types.ts';
import type { ContentDefinition } from './content-definition.ts';
import type { Definition } from './definition.ts';
import { readInstructions, type Instructions } from './instructions.ts';
import { ListingCache, type CachedListing } from './listing-cache.ts';
import { exposedNames, type Naming } from './names.ts';
import { listsOf, merged, NO_OFFER, OfferReader, textsToRemember, type Offer } from './offer.ts';
import { SlugOwners } from './slug-owners.ts';
import { ruleText, shownDefinitions, type ShownDefinition, type ToolRules } from './tool-rules.ts';
import type { CatalogPrompt, CatalogResource, CatalogTool, HeldDefinition, LiveCatalog, ServerCatalog } from './types.ts';

/** Characters of new definitions read at once before anything else gets a turn (some tens of milliseconds). */
const READ_AT_ONCE = 512 * 1024;
const MAX_TITLE_CHARACTERS = 256;
const MAX_CAPABILITIES_CHARACTERS = 64 * 1024;

export interface CatalogOptions {
  /** Folder of the remembered listings; made when missing. */
  readonly dir: string;
  /** Leave names unchanged while there is exactly one server. */
  readonly noPrefix: boolean;
  /** Hears of files that could not be used. */
  readonly onProblem: (problem: VestibuleError) => void;
}

/** What one server listed, before names are given. */
interface Listed {
  readonly offer: Offer;
  readonly held: readonly HeldDefinition[];
  readonly instructions: Instructions | undefined;
  readonly capabilities: RawJson;
  readonly title: string | undefined;
  readonly version: string | undefined;
  readonly seenAt: number;
}

/** What a server says beside its lists. */
type Said = Pick<CachedListing, 'server' | 'instructions' | 'capabilities' | 'title' | 'version' | 'seenAt'>;

/**
 * Opens the catalog with what is remembered of former listings, every definition read and digested anew.
 * @throws VestibuleError `data-folder-unreadable`
 */
export async function createCatalog(options: CatalogOptions): Promise<LiveCatalog> {
  const cache = new ListingCache(options.dir, options.onProblem);
  const remembered = new Map<ServerName, Listed>();
  for await (const cached of cache.load()) {
    const reader = new OfferReader(cached.server, cached, NO_OFFER);
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
  /** The last listing of each connection that is open, by server. */
  readonly #offers = new Map<ServerName, Map<Listing['source'], Offer>>();
  readonly #offered = new WeakMap<Listing['source'], ReadonlySet<Digest>>();
  readonly #changed = new Emitter<{ readonly server: ServerName }>();
  readonly #offerChanged = new Emitter<{ readonly server: ServerName }>();
  #rules: ReadonlyMap<ServerName, ToolRules> = new Map();

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

  get onDidChangeOffer(): Event<{ readonly server: ServerName }> {
    return this.#offerChanged.event;
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

  isOffered(source: Listing['source'], digest: Digest): boolean {
    return this.#offered.get(source)?.has(digest) === true;
  }

  setServers(names: readonly ServerName[]): void {
    const touched = new Set([...this.#servers, ...names]);
    this.#servers = new Set(names);
    this.#slugs.assign([...this.#servers]);
    this.#publish(touched);
  }

  setRules(rules: ReadonlyMap<ServerName, ToolRules>): void {
    const touched = new Set([...this.#rules.keys(), ...rules.keys()]);
    this.#rules = rules;
    this.#publish([...touched].filter((server) => this.#servers.has(server)));
  }

  async accept(server: ServerName, listing: Listing, version?: string): Promise<void> {
    if (!this.#servers.has(server)) return;
    this.#reading.set(server, listing);
    const { info } = listing;
    const capabilities = info.capabilities.length > MAX_CAPABILITIES_CHARACTERS ? '{}' : info.capabilities;
    const said: Said = { server, instructions: info.instructions, capabilities, title: info.title ?? info.name, version, seenAt: Date.now() };
    const reader = new OfferReader(server, listing, this.#listed.get(server)?.offer ?? NO_OFFER);
    if (!reader.step(READ_AT_ONCE)) {
      // Only what is known to the letter may be served while the rest is being read (security D5).
      this.#take(said, listing, reader.known());
      do {
        await nextTurn();
        if (this.#reading.get(server) !== listing) return;
      } while (!reader.step(READ_AT_ONCE));
    }
    this.#reading.delete(server);
    this.#take(said, listing, reader.result());
  }

  remove(server: ServerName): void {
    this.#reading.delete(server);
    this.#offers.delete(server);
    this.#listed.delete(server);
    this.#cache.remove(server);
    this.#publish([server]);
  }

  async dispose(): Promise<void> {
    this.#changed.dispose();
    this.#offerChanged.dispose();
    this.#reading.clear();
    await this.#slugs.dispose();
    await this.#cache.flush();
  }

  #take(said: Said, listing: Listing, offer: Offer): void {
    const { server } = said;
    const bySource = this.#offers.get(server) ?? new Map<Listing['source'], Offer>();
    this.#offers.set(server, bySource);
    for (const source of bySource.keys()) if (source.closed || source === listing.source) bySource.delete(source);
    const all = merged(offer, [...bySource.values()].reverse());
    if (!listing.source.closed) bySource.set(listing.source, offer);
    const known = this.#offered.get(listing.source) ?? digestsOf(all);
    const offered = digestsOf(offer);
    this.#offered.set(listing.source, offered);
    this.#listed.set(server, listedOf(all, said));
    if (this.#publish([server])) this.#cache.save({ ...said, ...textsToRemember(listing, offer, all) });
    if (known.size !== offered.size || [...known].some((digest) => !offered.has(digest))) this.#offerChanged.fire({ server });
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

  /** The tools of a server as its rules show them; each the very object it was before, if nothing about it changed. */
  #toolsOf(naming: Naming, definitions: readonly Definition[], before: readonly CatalogTool[] | undefined): readonly CatalogTool[] {
    const rules = this.#rules.get(naming.server);
    const shown = shownDefinitions(definitions, rules);
    const names = exposedNames(naming, shown.map(({ shownName }) => shownName));
    const tools = reusing(shown, before, (definition, known: CatalogTool | undefined) => {
      const exposedName = names.get(definition.shownName) ?? '';
      const rule = rules === undefined ? '' : ruleText(rules, definition.name);
      const same = known?.raw === definition.raw && known.exposedName === exposedName && known.shownName === definition.shownName && ruledBy.get(known) === rule;
      if (same) return known;
      const tool = toolOf(naming.server, definition, exposedName);
      ruledBy.set(tool, rule);
      return tool;
    });
    return inOrderOf(before, tools);
  }

  #catalogOf(server: ServerName, before: ServerCatalog | undefined): ServerCatalog | undefined {
    const listed = this.#listed.get(server);
    if (listed === undefined || !this.#servers.has(server)) return undefined;
    const slug = this.#noPrefix && this.#servers.size === 1 ? '' : this.#slugs.slugOf(server);
    const naming: Naming = { server, prefix: slug === '' ? '' : `${slug}_` };
    const { offer, held, instructions, capabilities, title, version, seenAt } = listed;
    const resourceOf = (definition: ContentDefinition, known: CatalogResource | undefined): CatalogResource =>
      known?.raw === definition.raw ? known : Object.freeze({ server, ...definition });
    return {
      server,
      slug,
      tools: this.#toolsOf(naming, offer.tools.definitions, before?.tools),
      prompts: named(naming, offer.prompts.definitions, before?.prompts, promptOf),
      resources: inOrderOf(before?.resources, reusing(offer.resources.definitions, before?.resources, resourceOf)),
      templates: inOrderOf(before?.templates, reusing(offer.templates.definitions, before?.templates, resourceOf)),
      held,
      instructions,
      capabilities,
      title,
      version,
      seenAt,
    };
  }
}

function digestsOf(offer: Offer): ReadonlySet<Digest> {
  return new Set(listsOf(offer).flatMap(({ definitions }) => definitions.map(({ digest }) => digest)));
}

/** What the rules say of each tool, to tell whether it is still what it was. */
const ruledBy = new WeakMap<CatalogTool, string>();

function listedOf(offer: Offer, said: Said): Listed {
  const instructions = readInstructions(said.instructions);
  const title = said.title?.trim().slice(0, MAX_TITLE_CHARACTERS);
  const held = listsOf(offer).flatMap((list) => list.held);
  const common = { offer, capabilities: said.capabilities, title: title === '' ? undefined : title, version: said.version, seenAt: said.seenAt };
  if (instructions === undefined || 'digest' in instructions) return { ...common, held, instructions };
  return { ...common, held: [{ server: said.server, index: -1, ...instructions }, ...held], instructions: undefined };
}

/** The entries of definitions that are called by name; each the very object it was before, if nothing about it changed. */
function named<D extends { readonly name: string; readonly raw: RawJson }, E extends { readonly name: string; readonly raw: RawJson; readonly exposedName: string }>(
  naming: Naming,
  definitions: readonly D[],
  before: readonly E[] | undefined,
  make: (server: ServerName, definition: D, exposedName: string) => E,
): readonly E[] {
  const names = exposedNames(naming, definitions.map(({ name }) => name));
  const entries = reusing(definitions, before, (definition, known: E | undefined) => {
    const exposedName = names.get(definition.name) ?? '';
    return known?.raw === definition.raw && known.exposedName === exposedName ? known : make(naming.server, definition, exposedName);
  });
  return inOrderOf(before, entries);
}

function reusing<D extends { readonly name: string }, E extends { readonly name: string }>(
  definitions: readonly D[],
  before: readonly E[] | undefined,
  entryOf: (definition: D, known: E | undefined) => E,
): readonly E[] {
  const known = new Map(before?.map((entry) => [entry.name, entry]));
  return definitions.map((definition) => entryOf(definition, known.get(definition.name)));
}

function toolOf(server: ServerName, definition: ShownDefinition, exposedName: string): CatalogTool {
  return Object.freeze({ server, id: toolId(server, definition.shownName), exposedName, ...definition });
}

function promptOf(server: ServerName, definition: ContentDefinition, exposedName: string): CatalogPrompt {
  return Object.freeze({ server, exposedName, ...definition });
}

/** `entries` as they stood `before` when they are the same ones: some servers list in a new order each time. */
function inOrderOf<E>(before: readonly E[] | undefined, entries: readonly E[]): readonly E[] {
  if (before?.length !== entries.length) return entries;
  const known = new Set(before);
  return entries.every((entry) => known.has(entry)) ? before : entries;
}

/** True when two catalogs of one server differ in nothing but when they were seen. */
function isSame(a: ServerCatalog, b: ServerCatalog): boolean {
  return (
    a.tools === b.tools &&
    a.prompts === b.prompts &&
    a.resources === b.resources &&
    a.templates === b.templates &&
    a.slug === b.slug &&
    a.capabilities === b.capabilities &&
    a.title === b.title &&
    a.version === b.version &&
    a.instructions?.digest === b.instructions?.digest &&
    JSON.stringify(a.held) === JSON.stringify(b.held)
  );
}
