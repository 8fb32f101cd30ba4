import { sequence, terms } from './analyse.ts';
import { readEntities } from './entities.ts';
import { alternativesOf, alternativesOfStem, phrasesFrom, verbClass, type Alternative } from './lexicon/lexicon.ts';
import type { VerbClass } from './lexicon/verbs.ts';
import type { Term } from './postings.ts';
import type { Scope } from './scope.ts';
import { heavyStem, lightStem } from './stem.ts';
import { COMPOUND_PART, PATH_WORD, SAME_STEM, STORY_ALTERNATIVES, STRETCH_TERMS, TYPING_ERROR, VERB_MAX_TERMS } from './weights.ts';

/** Longest query that is read, in UTF-16 units. */
export const MAX_QUERY = 2_000;
/** Runs without a space beyond this length are data (a blob, a key), cut out before the query is bounded. */
const BLOB = /\S{200,}/g;
const MAX_RAW_QUERY = 20_000;

/** One thing the query asks for: a word, a phrase or a typed value, with every term that may answer it. */
export interface Unit {
  /** What a person sees of it in an explanation. */
  readonly label: string;
  readonly answers: ReadonlyMap<Term, Answer>;
}

/** A term of the index that answers a unit. */
export interface Answer {
  /** How much of the unit it stands for, 0–1. */
  readonly weight: number;
  /** What its impact in a tool is multiplied with: the weight and how telling the term is. */
  readonly factor: number;
}

/** A query as the ranking sees it. */
export interface QueryPlan {
  readonly units: readonly Unit[];
  /** The query's terms in order, as positions in `units`. */
  readonly order: readonly number[];
  /** Whether it is longer than one request needs. */
  readonly isStory: boolean;
  readonly verb: VerbClass | undefined;
}

/** Cuts a query to what is read of it. */
export function boundedQuery(query: string): string {
  return query.slice(0, MAX_RAW_QUERY).replace(BLOB, ' ').slice(0, MAX_QUERY);
}

/** Reads a query against the vocabulary of a scope. Any text is a query; one without words has no units. */
export function planQuery(query: string, scope: Scope): QueryPlan {
  const reading = readEntities(boundedQuery(query));
  const queryTerms = terms(reading.text, MAX_QUERY);
  const spoken = sequence(reading.text, MAX_QUERY);
  const isStory = queryTerms.length > STRETCH_TERMS;
  const plan = new PlanBuilder(scope, isStory ? STORY_ALTERNATIVES : 1);
  for (const term of queryTerms) plan.word(term);
  for (const entity of reading.entities) plan.typed(entity.key, entity.words);
  for (const term of terms(reading.pathText, MAX_QUERY)) plan.pathWord(term);
  spoken.forEach((word, at) => {
    for (const phrase of phrasesFrom(word)) {
      if (phrase.words.every((expected, offset) => spoken[at + offset] === expected)) plan.phrase(phrase.words.join(' '), phrase.alternatives);
    }
  });
  return {
    units: plan.units,
    order: queryTerms.map((term) => plan.indexOf(term)),
    isStory,
    verb: queryTerms.length <= VERB_MAX_TERMS ? firstVerb(spoken) : undefined,
  };
}

/** The class of the first verb among words. */
export function firstVerb(words: readonly string[]): VerbClass | undefined {
  for (const word of words) {
    const found = verbClass(word);
    if (found !== undefined) return found;
  }
  return undefined;
}

class PlanBuilder {
  readonly units: Unit[] = [];
  readonly #scope: Scope;
  readonly #alternativeShare: number;
  readonly #at = new Map<string, number>();

  /** `alternativeShare` scales everything that merely stands for a word. */
  constructor(scope: Scope, alternativeShare: number) {
    this.#scope = scope;
    this.#alternativeShare = alternativeShare;
  }

  indexOf(label: string): number {
    return this.#at.get(label) ?? -1;
  }

  word(term: string): void {
    if (this.#at.has(term)) return;
    const answers = new Map<Term, number>();
    this.#answer(answers, term, 1);
    this.#answerStem(answers, term, SAME_STEM);
    const known = alternativesOf(term);
    this.#alternatives(answers, known);
    // A word with synonyms of its own does not borrow those of its relatives.
    if (!known.some((other) => other.inflect)) this.#alternatives(answers, alternativesOfStem(term));
    if (answers.size === 0) this.#repair(answers, term);
    this.#add(term, answers, this.#scope.term(term));
  }

  phrase(label: string, alternatives: readonly Alternative[]): void {
    const answers = new Map<Term, number>();
    this.#alternatives(answers, alternatives);
    this.#addIfAnswered(label, answers);
  }

  typed(key: string, words: readonly (readonly [string, number])[]): void {
    const answers = new Map<Term, number>();
    for (const [word, weight] of words) this.#answer(answers, lightStem(word), weight);
    this.#addIfAnswered(`<${key}>`, answers);
  }

  pathWord(term: string): void {
    const answers = new Map<Term, number>();
    this.#answer(answers, term, PATH_WORD);
    if (!this.#at.has(term)) this.#addIfAnswered(`/${term}`, answers);
  }

  /** A stand-in is never more telling than the word it stands for, when the index knows that word. */
  #add(label: string, weights: ReadonlyMap<Term, number>, own: Term | undefined): void {
    const most = own === undefined ? Number.POSITIVE_INFINITY : this.#scope.idf(own);
    const answers = new Map<Term, Answer>();
    for (const [term, weight] of weights) answers.set(term, { weight, factor: weight * Math.min(most, this.#scope.idf(term)) });
    this.#at.set(label, this.units.length);
    this.units.push({ label, answers });
  }

  #addIfAnswered(label: string, answers: ReadonlyMap<Term, number>): void {
    if (answers.size > 0 && !this.#at.has(label)) this.#add(label, answers, undefined);
  }

  #alternatives(answers: Map<Term, number>, alternatives: readonly Alternative[]): void {
    for (const { term, weight, inflect } of alternatives) {
      const share = weight * this.#alternativeShare;
      this.#answer(answers, term, share);
      if (inflect) this.#answerStem(answers, term, share * SAME_STEM);
    }
  }

  #answer(answers: Map<Term, number>, text: string, weight: number): void {
    const term = this.#scope.term(text);
    if (term !== undefined) offer(answers, term, weight);
  }

  #answerStem(answers: Map<Term, number>, text: string, weight: number): void {
    for (const term of this.#scope.withStem(heavyStem(text))) offer(answers, term, weight);
  }

  /** A word nobody knows: one slip of the keyboard away from a known one, or two known words run together. */
  #repair(answers: Map<Term, number>, word: string): void {
    if (word.length < MIN_REPAIR) return;
    for (const length of [word.length - 1, word.length, word.length + 1]) {
      for (const term of this.#scope.withShape(word.charAt(0), length)) {
        if (isOneSlip(word, term.text)) offer(answers, term, TYPING_ERROR);
      }
    }
    for (let at = MIN_PART; at <= word.length - MIN_PART; at++) {
      const first = this.#scope.term(lightStem(word.slice(0, at)));
      const second = this.#scope.term(lightStem(word.slice(at)));
      if (first === undefined || second === undefined) continue;
      offer(answers, first, COMPOUND_PART);
      offer(answers, second, COMPOUND_PART);
    }
  }
}

const MIN_REPAIR = 4;
const MIN_PART = 3;

function offer(answers: Map<Term, number>, term: Term, weight: number): void {
  if ((answers.get(term) ?? 0) < weight) answers.set(term, weight);
}

/** Whether one letter added, left out, changed or swapped with its neighbour makes `a` into `b`. */
export function isOneSlip(a: string, b: string): boolean {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  if (long.length - short.length > 1 || a === b) return false;
  let at = 0;
  while (at < short.length && short[at] === long[at]) at++;
  if (short.length < long.length) return short.slice(at) === long.slice(at + 1);
  if (short.slice(at + 1) === long.slice(at + 1)) return true;
  return short[at] === long[at + 1] && short[at + 1] === long[at] && short.slice(at + 2) === long.slice(at + 2);
}
