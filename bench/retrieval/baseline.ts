import { readTools, readQueries } from './corpus.ts';
import { filledIndex } from './rankers.ts';
import { mean, measure, type Quality } from './scoring.ts';

/**
 * What the index reached on the project's own subset when this was last written, in percent. A change that loses more
 * than one point anywhere is a regression; one that gains should raise the numbers here.
 */
export const BASELINE = {
  all: { recallAt5: 76.0, ndcgAt5: 67.9 },
  search: { recallAt5: 82.1, ndcgAt5: 72.3 },
  task: { recallAt5: 58.8, ndcgAt5: 55.5 },
} as const;

/** How many points below the baseline is still noise of a harmless change. */
export const TOLERANCE = 1;

export type Slice = keyof typeof BASELINE;

/** Measures the index on the subset: all queries, those that search for one thing, and whole tasks. */
export function measureSlices(): Readonly<Record<Slice, Quality>> {
  const index = filledIndex(readTools());
  const measured = measure(readQueries(), (query) => index.search(query, { limit: 10, visible: () => true }).hits.map((hit) => hit.id));
  const of = (keep: (style: string) => boolean): Quality => mean(measured.filter(({ query }) => keep(query.style)).map(({ quality }) => quality));
  return { all: of(() => true), search: of((style) => style !== 'task'), task: of((style) => style === 'task') };
}

/** What fell more than the tolerance below the baseline, one line each; empty when nothing did. */
export function regressions(slices: Readonly<Record<Slice, Quality>>): readonly string[] {
  const lines: string[] = [];
  for (const slice of ['all', 'search', 'task'] as const) {
    for (const metric of ['recallAt5', 'ndcgAt5'] as const) {
      const now = 100 * slices[slice][metric];
      const before = BASELINE[slice][metric];
      if (now < before - TOLERANCE) lines.push(`${slice}: ${metric} fell from ${before.toFixed(1)} to ${now.toFixed(1)}`);
    }
  }
  return lines;
}
