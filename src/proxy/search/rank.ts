import type { VerbClass } from './lexicon/verbs.ts';
import type { ServerName, ToolId } from '../model.ts';
import type { ServerTerms } from './fields.ts';
import type { Postings, Term } from './postings.ts';
import type { QueryPlan } from './query.ts';
import type { Scope, Slots } from './scope.ts';
import type { Prior, SearchDocument } from './types.ts';
import {
  CANDIDATES,
  CANDIDATES_OF_STORY,
  DENSITY_DEPTH,
  MATCH_FLOOR,
  NAME_COVERAGE,
  SERVER_BASE_SHARE,
  SERVER_DENSITY_SHARE,
  SERVER_DENSITY_SHARE_OF_STORY,
  SERVER_MIN_UNITS,
  STRETCH_SHARE,
  STRETCH_TERMS,
  VERB_AGREEMENT,
} from './weights.ts';

/** A tool as the index holds it. */
export interface IndexedTool {
  readonly id: ToolId;
  readonly server: ServerName;
  readonly document: SearchDocument;
  /** What it shares with its server's other tools. */
  readonly shared: ServerTerms;
  /** Every term of the tool, with its impact in step. */
  readonly terms: readonly Term[];
  readonly impacts: readonly number[];
  /** The different terms of its name. */
  readonly name: readonly Term[];
  readonly verb: VerbClass | undefined;
}

/** A ranked tool with the parts whose sum its score is. */
export interface RankedTool {
  readonly tool: IndexedTool;
  readonly score: number;
  /** What each unit of the plan gave, in step with its units. */
  readonly shares: readonly number[];
  /** What the query saying the tool's name added. */
  readonly coverage: number;
  /** What the verb added or, below zero, took. */
  readonly verb: number;
  /** What the server's other matches added. */
  readonly server: number;
  /** What was known beforehand added, by what it is called. */
  readonly priors: readonly { readonly name: Prior['name']; readonly score: number }[];
}

/** What is asked for beside the plan. */
export interface RankOptions {
  readonly limit: number;
  /** Asked before anything is cut. */
  readonly passes: (id: ToolId) => boolean;
  readonly priors: readonly Prior[];
}

/** The answer to one plan. */
export interface Ranking {
  /** Best first; at most as many as were asked for. */
  readonly tools: readonly RankedTool[];
  /** Slots of every visible tool that matches, ranked or not. */
  readonly matches: readonly number[];
}

/** How finely first scores are told apart when candidates are chosen. */
const SCORE_BINS = 512;

/** Scores tools against query plans. Keeps its scratch space between queries; not re-entrant. */
export class Ranker {
  readonly #postings: Postings;
  readonly #tools: Slots;
  #sums = new Float64Array(0);
  #best = new Float64Array(0);

  /** `tools` may change between calls. */
  constructor(postings: Postings, tools: Slots) {
    this.#postings = postings;
    this.#tools = tools;
  }

  /** The best `limit` of the tools that pass, for a plan made in `scope`. */
  rank(plan: QueryPlan, scope: Scope, { limit, passes, priors }: RankOptions): Ranking {
    const matches = this.#matches(plan, passes);
    const candidates = this.#strongest(matches, Math.max(plan.isStory ? CANDIDATES_OF_STORY : CANDIDATES, limit));
    const scorer = new Scorer(plan, scope);
    const ranked = candidates.map((tool) => scorer.score(tool)).sort(byScore);
    const final = plan.units.length >= SERVER_MIN_UNITS ? this.#withServerShare(ranked, plan.isStory, scope).sort(byScore) : ranked;
    const tools = priors.length === 0 ? final : final.map((entry) => withPriors(entry, priors)).sort(byScore);
    return { tools: tools.slice(0, limit), matches };
  }

  /** Slots of tools that pass and whose words answer the plan well enough. Their first scores are in `#sums`. */
  #matches(plan: QueryPlan, passes: (id: ToolId) => boolean): number[] {
    const touched = this.#sumUp(plan);
    const sums = this.#sums;
    const seen: number[] = [];
    let top = 0;
    for (const slot of touched) {
      const score = sums[slot] as number;
      const tool = this.#tools[slot];
      // What is too low beside the best so far is too low beside the best of all: it need not be asked about.
      if (tool === undefined || score < top * MATCH_FLOOR || !passes(tool.id)) continue;
      seen.push(slot);
      if (score > top) top = score;
    }
    const floor = top * MATCH_FLOOR;
    return seen.filter((slot) => (sums[slot] as number) >= floor);
  }

  /** At least the `count` tools with the highest first scores, when there are as many; equal scores stay together. */
  #strongest(slots: readonly number[], count: number): IndexedTool[] {
    const sums = this.#sums;
    let top = 0;
    for (const slot of slots) top = Math.max(top, sums[slot] as number);
    const binOf = (slot: number): number => Math.floor(((sums[slot] as number) / top) * SCORE_BINS);
    const bins = new Uint32Array(SCORE_BINS + 1);
    for (const slot of slots) bins[binOf(slot)] = (bins[binOf(slot)] as number) + 1;
    let least = SCORE_BINS;
    for (let held = bins[least] as number; held < count && least > 0; held += bins[least] as number) least -= 1;
    return slots.filter((slot) => binOf(slot) >= least).flatMap((slot) => this.#tools[slot] ?? []);
  }

  /** Adds up, per tool, the best answer to each unit. Returns the slots that have a sum. */
  #sumUp(plan: QueryPlan): number[] {
    this.#makeRoom();
    this.#sums.fill(0);
    const sums = this.#sums;
    const best = this.#best;
    const touched: number[] = [];
    for (const unit of plan.units) {
      const answered: number[] = [];
      for (const [{ slots, impacts }, { factor }] of unit.answers) {
        for (let at = 0; at < slots.length; at++) {
          const slot = slots[at] as number;
          const value = factor * (impacts[at] as number);
          const before = best[slot] as number;
          if (value <= before) continue;
          if (before === 0) answered.push(slot);
          best[slot] = value;
        }
      }
      for (const slot of answered) {
        if (sums[slot] === 0) touched.push(slot);
        sums[slot] = (sums[slot] as number) + (best[slot] as number);
        best[slot] = 0;
      }
    }
    return touched;
  }

  /** Adds to each tool its server's share; `ranked` is sorted. */
  #withServerShare(ranked: readonly RankedTool[], story: boolean, scope: Scope): RankedTool[] {
    const densityShare = story ? SERVER_DENSITY_SHARE_OF_STORY : SERVER_DENSITY_SHARE;
    const servers = new Map<ServerName, { best: number[]; early: number }>();
    ranked.forEach(({ tool, score }, at) => {
      const own = servers.get(tool.server) ?? { best: [], early: 0 };
      if (own.best.length < 2) own.best.push(score);
      if (at < DENSITY_DEPTH) own.early += 1;
      servers.set(tool.server, own);
    });
    return ranked.map((entry) => {
      const { best, early } = servers.get(entry.tool.server) ?? { best: [], early: 0 };
      const [first = 0, second = 0] = best;
      const share = SERVER_BASE_SHARE + (densityShare * early) / scope.sizeOf(entry.tool.server);
      const server = (share * (first + second)) / 2;
      return { ...entry, score: entry.score + server, server };
    });
  }

  #makeRoom(): void {
    const { capacity } = this.#postings;
    if (this.#sums.length >= capacity) return;
    this.#sums = new Float64Array(capacity * 2);
    this.#best = new Float64Array(capacity * 2);
  }
}

function withPriors(entry: RankedTool, known: readonly Prior[]): RankedTool {
  const priors = known.map(({ name, share }) => ({ name, score: entry.score * share(entry.tool.id, entry.tool.server) }));
  return { ...entry, score: priors.reduce((sum, { score }) => sum + score, entry.score), priors };
}

/** Higher score first; equal scores by id, so that the order never depends on the order of indexing. */
export function byScore(a: { readonly score: number; readonly tool: IndexedTool }, b: { readonly score: number; readonly tool: IndexedTool }): number {
  if (a.score !== b.score) return b.score - a.score;
  return a.tool.id < b.tool.id ? -1 : 1;
}

/** Scores single tools exactly: which stretch of the query they answer, how much of their name one stretch says. */
class Scorer {
  readonly #plan: QueryPlan;
  readonly #scope: Scope;
  /** For each term of the index that answers something: the units it answers. */
  readonly #answers = new Map<Term, { readonly unit: number; readonly weight: number; readonly factor: number }[]>();
  /** For each such term: the most it stands for any unit. */
  readonly #said = new Map<Term, number>();
  /** Where in a story each unit is said. */
  readonly #places: readonly (readonly number[])[];

  constructor(plan: QueryPlan, scope: Scope) {
    this.#plan = plan;
    this.#scope = scope;
    plan.units.forEach((unit, at) => {
      for (const [term, { weight, factor }] of unit.answers) {
        const answer = { unit: at, weight, factor };
        const known = this.#answers.get(term);
        if (known === undefined) this.#answers.set(term, [answer]);
        else known.push(answer);
        if ((this.#said.get(term) ?? 0) < weight) this.#said.set(term, weight);
      }
    });
    this.#places = plan.isStory ? placesOf(plan) : [];
  }

  score(tool: IndexedTool): RankedTool {
    const shares = this.#shares(tool);
    const words = sum(shares);
    const coverage = words * NAME_COVERAGE * this.#coverage(tool);
    const verb = (words + coverage) * this.#verbAgreement(tool);
    return { tool, score: words + coverage + verb, shares, coverage, verb, server: 0, priors: [] };
  }

  #shares(tool: IndexedTool): number[] {
    const shares = new Array<number>(this.#plan.units.length).fill(0);
    tool.terms.forEach((term, at) => {
      for (const { unit, factor } of this.#answers.get(term) ?? []) {
        const value = factor * (tool.impacts[at] ?? 0);
        if (value > (shares[unit] ?? 0)) shares[unit] = value;
      }
    });
    if (!this.#plan.isStory) return shares;
    const stretch = bestStretch(this.#plan.order, shares);
    return shares.map((share, unit) => share * (1 - STRETCH_SHARE + (stretch.has(unit) ? STRETCH_SHARE : 0)));
  }

  /** How much of the tool's name the query says, 0–1, telling words counting more. */
  #coverage(tool: IndexedTool): number {
    const idfs = tool.name.map((term) => this.#scope.idf(term));
    const all = sum(idfs);
    if (all === 0) return 0;
    if (this.#plan.isStory) return this.#saidTogether(tool.name, idfs) / all;
    return sum(tool.name.map((term, at) => (idfs[at] ?? 0) * (this.#said.get(term) ?? 0))) / all;
  }

  /** The most that one stretch of a story says of a name: its words strewn over the whole of it are not the name. */
  #saidTogether(name: readonly Term[], idfs: readonly number[]): number {
    const mentions: { readonly place: number; readonly word: number; readonly value: number }[] = [];
    name.forEach((term, word) => {
      for (const { unit, weight } of this.#answers.get(term) ?? []) {
        for (const place of this.#places[unit] ?? []) mentions.push({ place, word, value: weight * (idfs[word] ?? 0) });
      }
    });
    mentions.sort((a, b) => a.place - b.place);
    let best = 0;
    mentions.forEach(({ place: start }, first) => {
      const values = new Array<number>(name.length).fill(0);
      for (let at = first; at < mentions.length; at++) {
        const { place, word, value } = mentions[at] ?? { place: Number.POSITIVE_INFINITY, word: 0, value: 0 };
        if (place >= start + STRETCH_TERMS) break;
        values[word] = Math.max(values[word] ?? 0, value);
      }
      best = Math.max(best, sum(values));
    });
    return best;
  }

  #verbAgreement(tool: IndexedTool): number {
    if (this.#plan.verb === undefined || tool.verb === undefined) return 0;
    return this.#plan.verb === tool.verb ? VERB_AGREEMENT : -VERB_AGREEMENT;
  }
}

function placesOf({ units, order }: QueryPlan): number[][] {
  const places: number[][] = units.map(() => []);
  order.forEach((unit, place) => places[unit]?.push(place));
  return places;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** The units of the `STRETCH_TERMS` neighbouring terms of the query that together score highest. */
function bestStretch(order: readonly number[], shares: readonly number[]): ReadonlySet<number> {
  const inside = new Map<number, number>();
  let sum = 0;
  let bestSum = -1;
  let bestEnd = 0;
  order.forEach((unit, at) => {
    const count = inside.get(unit) ?? 0;
    inside.set(unit, count + 1);
    if (count === 0) sum += shares[unit] ?? 0;
    const left = order[at - STRETCH_TERMS];
    if (left !== undefined) {
      const remaining = (inside.get(left) ?? 1) - 1;
      inside.set(left, remaining);
      if (remaining === 0) sum -= shares[left] ?? 0;
    }
    if (sum > bestSum) {
      bestSum = sum;
      bestEnd = at;
    }
  });
  return new Set(order.slice(Math.max(0, bestEnd - STRETCH_TERMS + 1), bestEnd + 1));
}
