import { performance } from 'node:perf_hooks';
import { quantile } from '../lib/statistics.ts';
import { createToolIndex } from '../../src/proxy/search/tool-index.ts';
import type { SearchDocument, ToolIndex } from '../../src/proxy/search/types.ts';
import { byServer, variedCatalog, type JudgedQuery } from './corpus.ts';

/** What one size of catalog costs. Times in milliseconds, memory in KB. A query's time is the best of three runs. */
export interface Cost {
  readonly tools: number;
  readonly build: number;
  readonly firstAnswer: number;
  readonly searchMedian: number;
  readonly searchP95: number;
  readonly taskMedian: number;
  /** Taking up the text of a kept index, with every server put. */
  readonly coldLoad: number;
  /** The first answer after that. */
  readonly coldFirst: number;
  /** Of that text, in MB. */
  readonly keptSize: number;
  /** One need, by a caller that may use half of the servers: the first time, and from then on. */
  readonly partFirst: number;
  readonly partMedian: number;
  /** To remove one server, and to put it again: median over servers. */
  readonly removeMedian: number;
  readonly putMedian: number;
  /** Heap per tool beyond the definitions themselves; undefined without --expose-gc. */
  readonly heapPerTool: number | undefined;
}

const BENCH_VERSION = 'bench';

/** Measures a catalog of `size` tools made from real ones. */
export function measureCost(tools: readonly SearchDocument[], queries: readonly JudgedQuery[], size: number): Cost {
  const servers = byServer(variedCatalog(tools, size).map((document) => ({ ...document, digest: document.id })));
  const before = heapUsed();
  const index = createToolIndex({ text: undefined, version: BENCH_VERSION });
  const build = timed(() => {
    for (const [server, documents] of servers) index.put(server, documents);
  });
  // One caller: the gateway gives the index the same function at each of its searches.
  const everything = (): boolean => true;
  const once = (query: string): number => timed(() => index.search(query, { limit: 10, visible: everything }));
  const search = (query: string): number => Math.min(once(query), once(query), once(query));
  const firstAnswer = once(queries[0]?.query ?? 'read a file');
  const after = heapUsed();
  for (const { query } of queries) search(query);
  const short = queries.filter(({ style }) => style !== 'task').map(({ query }) => search(query));
  const long = queries.filter(({ style }) => style === 'task').map(({ query }) => search(query));
  const half = new Set([...servers.keys()].filter((_, at) => at % 2 === 0));
  const visible = (id: string): boolean => half.has(id.slice(0, id.indexOf(':')));
  const part = (query: string): number => timed(() => index.search(query, { limit: 10, visible }));
  const partFirst = part(queries[0]?.query ?? 'read a file');
  const inPart = queries.filter(({ style }) => style !== 'task').map(({ query }) => Math.min(part(query), part(query), part(query)));
  const kept = index.serialise();
  let again: ToolIndex | undefined;
  const coldLoad = timed(() => {
    again = createToolIndex({ text: kept, version: BENCH_VERSION });
    for (const [server, documents] of servers) again.put(server, documents);
  });
  const coldFirst = timed(() => again?.search(queries[0]?.query ?? 'read a file', { limit: 10, visible: everything }));
  const changed = [...servers].slice(0, 200);
  const removals: number[] = [];
  const puts = changed.map(([server, documents]) => {
    removals.push(timed(() => index.remove(server)));
    return timed(() => index.put(server, documents));
  });
  return {
    tools: size,
    build,
    firstAnswer,
    searchMedian: quantile(short, 0.5),
    searchP95: quantile(short, 0.95),
    taskMedian: quantile(long, 0.5),
    coldLoad,
    coldFirst,
    keptSize: kept.length / 2 ** 20,
    partFirst,
    partMedian: quantile(inPart, 0.5),
    putMedian: quantile(puts, 0.5),
    removeMedian: quantile(removals, 0.5),
    heapPerTool: before === undefined || after === undefined ? undefined : (after - before) / size / 1024,
  };
}

function timed(run: () => unknown): number {
  const start = performance.now();
  run();
  return performance.now() - start;
}

function heapUsed(): number | undefined {
  if (globalThis.gc === undefined) return undefined;
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}
