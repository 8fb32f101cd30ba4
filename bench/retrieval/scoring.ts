import type { ToolId } from '../../src/proxy/model.ts';
import type { JudgedQuery } from './corpus.ts';

/** Means over queries, 0–1. A gold tool counts as found when it or one of its alternatives is. */
export interface Quality {
  readonly queries: number;
  readonly recallAt1: number;
  readonly recallAt5: number;
  readonly recallAt10: number;
  readonly ndcgAt5: number;
  /** Mean reciprocal rank of the first gold tool. */
  readonly mrr: number;
}

/** Best first. Ranks beyond the tenth place are not looked at. */
export type RankTools = (query: string) => readonly ToolId[];

/** Scores one ranking method on queries. */
export function measure(queries: readonly JudgedQuery[], rank: RankTools): readonly { readonly query: JudgedQuery; readonly quality: Quality }[] {
  return queries.map((query) => ({ query, quality: scoreOne(query, rank(query.query)) }));
}

/** The mean of measurements. @throws when there are none */
export function mean(measured: readonly Quality[]): Quality {
  if (measured.length === 0) throw new Error('nothing was measured');
  const average = (of: (quality: Quality) => number): number => measured.reduce((sum, quality) => sum + of(quality), 0) / measured.length;
  return {
    queries: measured.length,
    recallAt1: average((quality) => quality.recallAt1),
    recallAt5: average((quality) => quality.recallAt5),
    recallAt10: average((quality) => quality.recallAt10),
    ndcgAt5: average((quality) => quality.ndcgAt5),
    mrr: average((quality) => quality.mrr),
  };
}

function scoreOne(query: JudgedQuery, ranked: readonly ToolId[]): Quality {
  const places = query.gold.map((gold) => {
    const answers = new Set<ToolId>([gold, ...(query.alts?.[gold] ?? [])]);
    const at = ranked.findIndex((id) => answers.has(id));
    return at < 0 ? Number.POSITIVE_INFINITY : at + 1;
  });
  const recall = (limit: number): number => places.filter((place) => place <= limit).length / places.length;
  const gain = places.filter((place) => place <= 5).reduce((sum, place) => sum + 1 / Math.log2(place + 1), 0);
  let ideal = 0;
  for (let place = 1; place <= Math.min(5, places.length); place++) ideal += 1 / Math.log2(place + 1);
  const first = Math.min(...places);
  return { queries: 1, recallAt1: recall(1), recallAt5: recall(5), recallAt10: recall(10), ndcgAt5: gain / ideal, mrr: Number.isFinite(first) ? 1 / first : 0 };
}
