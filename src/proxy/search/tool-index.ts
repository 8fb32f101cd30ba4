import { explainHit } from './explain.ts';
import { analyse, type ToolAnalysis } from './analysis.ts';
import { serverTerms, type ServerTerms } from './fields.ts';
import { analysesKey, decodeAnalyses, encodeAnalyses, type ServerAnalyses } from './kept-analyses.ts';
import { splitOutputFile } from './needs.ts';
import { Postings, type SlotRange, type Term } from './postings.ts';
import { planQuery, type QueryPlan } from './query.ts';
import { PartScope, wholeScope, type Scope } from './scope.ts';
import { byScore, Ranker, type IndexedTool, type RankedTool } from './rank.ts';
import type { ServerName, ToolId } from '../model.ts';
import type { SearchDocument, SearchHit, SearchOptions, SearchResult, ToolIndex } from './types.ts';

/** Most needs that one `searchAll` follows; the rest are not read. */
const MAX_NEEDS = 32;
/** Where the file tools of a task stand among its subject's tools: after the second, then after every second. */
const SUBJECT_PER_FILE_TOOL = 2;

/** What an index can begin with. */
export interface KeptIndex {
  /** What `serialise` returned once. Text that is not of this version, or not ours at all, counts for nothing. */
  readonly text: string | undefined;
  /** Of the program. */
  readonly version: string;
}

/**
 * Creates an empty index. All of it is in memory; a server is put or removed without touching the others' tools.
 * Definitions that `kept` knows by their digests are not read again when they are put.
 */
export function createToolIndex(kept: KeptIndex = { text: undefined, version: '' }): ToolIndex {
  return new LexicalIndex(kept);
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
  /** By server: which definitions its tools were made of. */
  readonly #keys = new Map<ServerName, string>();
  readonly #version: string;
  /** What was kept of servers that have not been put yet. */
  readonly #kept: Map<ServerName, ServerAnalyses>;
  readonly #whole = wholeScope(this.#postings, (server) => this.#servers.get(server)?.length ?? 1);
  readonly #ranker = new Ranker(this.#postings, this.#tools);
  /** What was worked out for callers since the index last changed. */
  #scopes = new WeakMap<SearchOptions['visible'], Scope>();

  constructor({ text, version }: KeptIndex) {
    this.#version = version;
    this.#kept = new Map(text === undefined ? [] : decodeAnalyses(text, version).map((entry) => [entry.server, entry]));
  }

  put(server: ServerName, documents: readonly SearchDocument[]): void {
    this.remove(server);
    this.#scopes = new WeakMap();
    const unique = [...new Map(documents.map((document) => [document.id, document])).values()];
    if (unique.length === 0) return;
    const range = this.#postings.allocate(unique.length);
    this.#servers.set(server, range);
    const shared = serverTerms(server, unique[0]?.serverTitle);
    const key = analysesKey(unique);
    if (key !== undefined) this.#keys.set(server, key);
    const kept = this.#takeKept(server, key, unique.length);
    unique.forEach((document, at) => {
      this.#tools[range.start + at] = this.#add(range.start + at, document, shared, kept?.[at] ?? analyse(document, shared));
    });
  }

  remove(server: ServerName): void {
    const range = this.#servers.get(server);
    if (range === undefined) return;
    this.#servers.delete(server);
    this.#keys.delete(server);
    this.#scopes = new WeakMap();
    const terms = new Set<Term>();
    for (let slot = range.start; slot < range.start + range.length; slot++) {
      for (const term of this.#tools[slot]?.terms ?? []) terms.add(term);
      this.#tools[slot] = undefined;
    }
    this.#postings.release(range, terms);
  }

  serialise(): string {
    const servers = [...this.#keys].map(([server, key]) => {
      const { start, length } = this.#servers.get(server) ?? { start: 0, length: 0 };
      return { server, key, tools: this.#tools.slice(start, start + length).flatMap((tool) => (tool === undefined ? [] : [analysisOf(tool)])) };
    });
    return encodeAnalyses(servers, this.#version);
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

  #add(slot: number, document: SearchDocument, shared: ServerTerms, analysis: ToolAnalysis): IndexedTool {
    const { impacts, name, verb } = analysis;
    const terms = analysis.terms.map((text, at) => this.#postings.add(text, slot, impacts[at] ?? 0));
    return { id: document.id, server: document.server, document, shared, terms, impacts, name: name.flatMap((term) => this.#postings.term(term) ?? []), verb };
  }

  /** What was kept of exactly these definitions; what was kept of others of the server is forgotten. */
  #takeKept(server: ServerName, key: string | undefined, count: number): readonly ToolAnalysis[] | undefined {
    const kept = this.#kept.get(server);
    this.#kept.delete(server);
    return kept?.key === key && kept?.tools.length === count ? kept.tools : undefined;
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
    const { visible, filter, priors = [] } = options;
    const scope = this.#scopeOf(visible);
    const plan = planQuery(query, scope);
    // Asked anew although the scope knows: what was taken away a moment ago must not be found.
    const { tools, matches } = this.#ranker.rank(plan, scope, { limit, priors, passes: (id) => visible(id) && filter?.(id) !== false });
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

function analysisOf({ terms, impacts, name, verb }: IndexedTool): ToolAnalysis {
  return { terms: terms.map(({ text }) => text), impacts, name: name.map(({ text }) => text), verb };
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
