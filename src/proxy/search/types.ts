import type { ServerName, ToolId } from '../model.ts';

/** What the index knows of a tool. Built from approved definitions only. */
export interface SearchDocument {
  readonly id: ToolId;
  readonly server: ServerName;
  readonly serverTitle: string | undefined;
  readonly name: string;
  readonly title: string | undefined;
  readonly description: string;
  readonly inputSchema: Readonly<Record<string, unknown>>;
  readonly readOnly: boolean;
  /** Of the whole definition. What the index makes of a tool without one is not kept. */
  readonly digest?: string;
}

/** Something known before the query: adds this share of its score to a tool that is found anyway. */
export interface Prior {
  /** What the explanation calls it. */
  readonly name: 'history' | 'workspace';
  readonly share: (id: ToolId, server: ServerName) => number;
}

export interface SearchOptions {
  readonly limit: number;
  /**
   * What the caller may use. The search is done as if nothing else were in the index. Give the same function again
   * for the same caller: what is worked out for it is kept as long as the index does not change.
   */
  readonly visible: (id: ToolId) => boolean;
  /** What the caller asked for, among that. Applied before the limit. */
  readonly filter?: (id: ToolId) => boolean;
  /** What is known beforehand. */
  readonly priors?: readonly Prior[];
  readonly explain?: boolean;
}

export interface SearchHit {
  readonly id: ToolId;
  readonly score: number;
  /** Contribution per query term and field, when asked to explain. */
  readonly explain: readonly { readonly term: string; readonly field: string; readonly score: number }[] | undefined;
}

export interface SearchResult {
  readonly hits: readonly SearchHit[];
  /** Visible matches in all, before the limit. */
  readonly total: number;
}

/** A live index: one server's documents are put or removed without rebuilding the rest. */
export interface ToolIndex {
  put(server: ServerName, documents: readonly SearchDocument[]): void;
  remove(server: ServerName): void;
  /** What was made of the definitions, for `createToolIndex` to begin with. Ranking needs nothing else of them. */
  serialise(): string;
  search(query: string, options: SearchOptions): SearchResult;
  /** Union by rank over several needs, covering each before deepening one. */
  searchAll(queries: readonly string[], options: SearchOptions): SearchResult;
}
