import MiniSearch from 'minisearch';
import type { ServerName, ToolId } from '../model.ts';
import type { SearchDocument, SearchHit, SearchOptions, SearchResult, ToolIndex } from './types.ts';
import { analyse } from './analyse.ts';

interface Entry {
  readonly id: ToolId;
  readonly name: string;
  readonly server: string;
  readonly description: string;
  readonly parameters: string;
}

/** Creates an empty index. Everything stays in memory; one server is replaced without touching the others. */
export function createToolIndex(): ToolIndex {
  return new MiniSearchIndex();
}

class MiniSearchIndex implements ToolIndex {
  readonly #servers = new Map<ServerName, readonly Entry[]>();
  readonly #engine = new MiniSearch<Entry>({
    fields: ['name', 'server', 'description', 'parameters'],
    tokenize: analyse,
    processTerm: (term) => term,
    searchOptions: { boost: { name: 2 } },
  });

  put(server: ServerName, documents: readonly SearchDocument[]): void {
    this.remove(server);
    const entries = [...new Map(documents.map((document) => [document.id, entryOf(document)])).values()];
    this.#servers.set(server, entries);
    this.#engine.addAll(entries);
  }

  remove(server: ServerName): void {
    const entries = this.#servers.get(server);
    if (entries === undefined) return;
    this.#servers.delete(server);
    this.#engine.removeAll([...entries]);
  }

  search(query: string, options: SearchOptions): SearchResult {
    const found = this.#engine
      .search(query)
      .filter((match) => options.visible(match.id as ToolId))
      .sort((a, b) => b.score - a.score || compare(a.id as string, b.id as string));
    const hits = found.slice(0, options.limit).map((match): SearchHit => ({
      id: match.id as ToolId,
      score: match.score,
      explain: options.explain === true ? Object.keys(match.match).map((term) => ({ term, field: match.match[term]?.join(',') ?? '', score: 0 })) : undefined,
    }));
    return { hits, total: found.length };
  }

  searchAll(queries: readonly string[], options: SearchOptions): SearchResult {
    const results = queries.map((query) => this.search(query, { ...options, limit: Number.POSITIVE_INFINITY }).hits);
    const seen = new Map<ToolId, SearchHit>();
    const depth = Math.max(0, ...results.map((hits) => hits.length));
    for (let rank = 0; rank < depth; rank++) {
      for (const hits of results) {
        const hit = hits[rank];
        if (hit !== undefined && !seen.has(hit.id)) seen.set(hit.id, hit);
      }
    }
    return { hits: [...seen.values()].slice(0, options.limit), total: seen.size };
  }
}

function entryOf(document: SearchDocument): Entry {
  const properties = document.inputSchema['properties'];
  return {
    id: document.id,
    name: `${document.name} ${document.title ?? ''}`,
    server: `${document.server} ${document.serverTitle ?? ''}`,
    description: document.description,
    parameters: typeof properties === 'object' && properties !== null ? Object.keys(properties).join(' ') : '',
  };
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
