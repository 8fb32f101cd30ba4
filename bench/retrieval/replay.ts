import type { SearchDocument } from '../../src/proxy/search/types.ts';
import { Usage } from '../../src/proxy/search/usage.ts';
import type { JudgedQuery } from './corpus.ts';
import { filledIndex } from './rankers.ts';
import { mean, measure, type Quality } from './scoring.ts';

const AGENTS = 100;
const STEPS = 30;
const DEPTH = 10;
const SESSION = 'one';

/** How well agents find things whose earlier calls are, or are not, taken into account. */
export interface Replay extends Quality {
  readonly agents: string;
  readonly steps: number;
  readonly prior: 'without' | 'with';
}

/**
 * Replays made-up agents: each draws its needs, one after another, and calls a right tool after each search. `at home`
 * in few servers, as agents of one project are; `everywhere`, as nobody is, where a past tells nothing and must not harm.
 * The tools are the whole catalog's in either case.
 */
export function replay(documents: readonly SearchDocument[], queries: readonly JudgedQuery[]): readonly Replay[] {
  const index = filledIndex(documents);
  const single = queries.filter(({ style }) => style !== 'task');
  const homes: Readonly<Record<string, number>> = { 'at home in 5 servers': 5, 'at home in 15 servers': 15, everywhere: Number.POSITIVE_INFINITY };
  return Object.entries(homes).flatMap(([agents, servers]) =>
    (['without', 'with'] as const).map((prior) => {
      const usage = new Usage();
      const measured: Quality[] = [];
      for (let agent = 0; agent < AGENTS; agent++) {
        for (const query of needsOf(agent, servers, single)) {
          const known = prior === 'with' ? usage.prior(String(agent), SESSION) : undefined;
          const [result] = measure([query], (text) => index.search(text, { limit: DEPTH, visible: () => true, priors: known === undefined ? [] : [{ name: 'history', share: known }] }).hits.map(({ id }) => id));
          if (result !== undefined) measured.push(result.quality);
          const [gold = ''] = query.gold;
          usage.called(String(agent), SESSION, serverOf(gold), gold.slice(serverOf(gold).length + 1));
        }
      }
      return { agents, steps: measured.length, prior, ...mean(measured) };
    }),
  );
}

/** The needs of one agent in order, drawn with repetition from those of its servers; the same at every run. */
function needsOf(agent: number, servers: number, queries: readonly JudgedQuery[]): readonly JudgedQuery[] {
  const random = sequenceOf(agent + 1);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const all = [...new Set(queries.map(({ gold: [first = ''] }) => serverOf(first)))];
  const home = new Set(Number.isFinite(servers) ? Array.from({ length: servers }, () => pick(all)) : all);
  const own = queries.filter(({ gold: [first = ''] }) => home.has(serverOf(first)));
  return Array.from({ length: STEPS }, () => pick(own));
}

function serverOf(id: string): string {
  return id.slice(0, id.indexOf(':'));
}

/** A small generator of even numbers 0–1 (mulberry32). */
function sequenceOf(seed: number): () => number {
  let state = seed * 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
