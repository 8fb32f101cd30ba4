import { explainHit } from './explain.ts';
import { fieldTerms, serverTerms, weightedFrequencies, type ServerTerms } from './fields.ts';
import { splitOutputFile } from './needs.ts';
import { Postings, type SlotRange, type Term } from './postings.ts';
import { firstVerb, planQuery, type QueryPlan } from './query.ts';
import { PartScope, wholeScope, type Scope } from './scope.ts';
import { byScore, Ranker, type IndexedTool, type RankedTool } from './rank.ts';
import type { ServerName, ToolId } from '../model.ts';
import type { SearchDocument, SearchHit, SearchOptions, SearchResult, ToolIndex } from './types.ts';
import { SATURATION } from './weights.ts';

/** Most needs that one `searchAll` follows; the rest are not read. */
const MAX_NEEDS = 32;
/** Where the file tools of a task stand among its subject's tools: after the second, then after every second. */
const SUBJECT_PER_FILE_TOOL = 2;

/** Creates an empty index. All of it is in memory; a server is put or removed without touching the others' tools. */
export function createToolIndex(): ToolIndex {
  return new LexicalIndex();
}

interface Found {
  readonly entry: RankedTool;
  readonly plan: QueryPlan;
  /** The entry's score as it ranks among the needs of one query. */
  readonly score: number;
  readonly tool: IndexedTool;
}

class LexicalIndex implements ToolIndex {
  readonly #postings = new Postings();
  /** By slot. */
  readonly #tools: (IndexedTool | undefined)[] = [];
  readonly #servers = new Map<ServerName, SlotRange>();
  readonly #whole = wholeScope(this.#postings, (server) => this.#servers.get(server)?.length ?? 1);
  readonly #ranker = new Ranker(this.#postings, this.#tools);
  /** What was worked out for callers since the index last changed. */
  #scopes = new WeakMap<SearchOptions['visible'], Scope>();

  put(server: ServerName, documents: readonly SearchDocument[]): void {
    this.remove(server);
    this.#scopes = new WeakMap();
    const unique = [...new Map(documents.map((document) => [document.id, document])).values()];
    if (unique.length === 0) return;
    const range = this.#postings.allocate(unique.length);
    this.#servers.set(server, range);
    const shared = serverTerms(server, unique[0]?.serverTitle);
    unique.forEach((document, at) => {
      this.#tools[range.start + at] = this.#add(range.start + at, server, document, shared);
    });
  }

  remove(server: ServerName): void {
    const range = this.#servers.get(server);
    if (range === undefined) return;
    this.#servers.delete(server);
    this.#scopes = new WeakMap();
    const terms = new Set<Term>();
    for (let slot = range.start; slot < range.start + range.length; slot++) {
      for (const term of this.#tools[slot]?.terms ?? []) terms.add(term);
      this.#tools[slot] = undefined;
    }
    this.#postings.release(range, terms);
  }

  search(query: string, options: SearchOptions): SearchResult {
    const { found, matches } = this.#find(query, options);
    return { hits: found.map((entry) => hitOf(entry, options)), total: matches.length };
  }

  searchAll(queries: readonly string[], options: SearchOptions): SearchResult {
    const results = queries.slice(0, MAX_NEEDS).map((query) => this.#find(query, options));
    const limit = limitOf(options);
    const union = new Map<ToolId, Found>();
    for (let rank = 0; rank < limit && union.size < limit; rank++) {
      for (const { found } of results) {
        const entry = found[rank];
        if (entry !== undefined && union.size < limit && !union.has(entry.tool.id)) union.set(entry.tool.id, entry);
      }
    }
    const matches = new Set(results.flatMap((result) => [...result.matches]));
    return { hits: [...union.values()].map((entry) => hitOf(entry, options)), total: matches.size };
  }

  #add(slot: number, server: ServerName, document: SearchDocument, shared: ServerTerms): IndexedTool {
    const fields = fieldTerms(document, shared);
    const terms: Term[] = [];
    const impacts: number[] = [];
    for (const [text, frequency] of weightedFrequencies(fields)) {
      const impact = (frequency * (SATURATION + 1)) / (frequency + SATURATION);
      terms.push(this.#postings.add(text, slot, impact));
      impacts.push(impact);
    }
    return {
      id: document.id,
      server,
      document,
      shared,
      terms,
      impacts,
      name: [...new Set(fields.name)].flatMap((term) => this.#postings.term(term) ?? []),
      verb: firstVerb(fields.name),
    };
  }

  #find(query: string, options: SearchOptions): { readonly found: readonly Found[]; readonly matches: readonly number[] } {
    const limit = limitOf(options);
    const needs = splitOutputFile(query);
    const subject = this.#rank(needs?.main ?? query, limit, options);
    if (needs === undefined) return subject;
    const file = this.#rank(needs.file, limit, options);
    return { found: beside(subject.found, file.found).slice(0, limit), matches: [...new Set([...subject.matches, ...file.matches])] };
  }

  #rank(query: string, limit: number, options: SearchOptions): { readonly found: readonly Found[]; readonly matches: readonly number[] } {
    const { visible, filter } = options;
    const scope = this.#scopeOf(visible);
    const plan = planQuery(query, scope);
    // Asked anew although the scope knows: what was taken away a moment ago must not be found.
    const { tools, matches } = this.#ranker.rank(plan, limit, scope, (id) => visible(id) && filter?.(id) !== false);
    return { found: tools.map((entry) => ({ entry, plan, score: entry.score, tool: entry.tool })), matches };
  }

  #scopeOf(visible: SearchOptions['visible']): Scope {
    let scope = this.#scopes.get(visible);
    if (scope === undefined) {
      const part = new PartScope(this.#postings, this.#tools, visible);
      scope = part.isWhole ? this.#whole : part;
      this.#scopes.set(visible, scope);
    }
    return scope;
  }
}

/**
 * Sets the file tools among the subject's, each scored just below the tool it follows, so that scores still fall. Their
 * own scores say nothing here: they are of another query.
 */
function beside(subject: readonly Found[], files: readonly Found[]): Found[] {
  const known = new Set(subject.map(({ tool }) => tool.id));
  const extra = files
    .filter(({ tool }) => !known.has(tool.id))
    .map((found, at) => {
      const ahead = subject[Math.min(subject.length, SUBJECT_PER_FILE_TOOL * (at + 1)) - 1];
      return ahead === undefined ? found : { ...found, score: ahead.score * JUST_BELOW ** (at + 1) };
    });
  return [...subject, ...extra].sort(byScore);
}

const JUST_BELOW = 1 - 1e-9;

function limitOf({ limit }: SearchOptions): number {
  return limit >= 1 ? Math.min(Math.floor(limit), Number.MAX_SAFE_INTEGER) : 0;
}

function hitOf({ entry, plan, score, tool }: Found, options: SearchOptions): SearchHit {
  return { id: tool.id, score, explain: options.explain === true ? explainHit(plan, entry, score) : undefined };
}
