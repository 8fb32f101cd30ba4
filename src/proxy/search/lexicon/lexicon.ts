import { sequence, terms } from '../analyse.ts';
import { heavyStem, lightStem } from '../stem.ts';
import { OTHER_LANGUAGE, RELATED_WORD, SYNONYM, SYNONYM_OF_STEM } from '../weights.ts';
import { BRANDS } from './brands.ts';
import { CHINESE } from './chinese.ts';
import { RELATED } from './related.ts';
import { STOP_WORDS } from './stop-words.ts';
import { SYNONYMS } from './synonyms.ts';
import { VERB_CLASSES, type VerbClass } from './verbs.ts';

/** A term that may stand for another, and for how much of it. */
export interface Alternative {
  readonly term: string;
  readonly weight: number;
  /** Whether words of the same stem may stand in for it as well. */
  readonly inflect: boolean;
}

/** A phrase of a lexicon, as a sequence of light-stemmed words, with what may stand for all of it. */
export interface LexiconPhrase {
  readonly words: readonly string[];
  readonly alternatives: readonly Alternative[];
}

const NONE: readonly never[] = [];

/** What may stand for `term`, best first per kind; empty when the lexicons do not know it. */
export function alternativesOf(term: string): readonly Alternative[] {
  return tables().alternatives.get(term) ?? NONE;
}

/** As `alternativesOf`, for the word of the synonym lexicon that shares the term's heavy stem. */
export function alternativesOfStem(term: string): readonly Alternative[] {
  return tables().byStem.get(heavyStem(term)) ?? NONE;
}

/** Phrases of the lexicons that begin with `word`. */
export function phrasesFrom(word: string): readonly LexiconPhrase[] {
  return tables().phrases.get(word) ?? NONE;
}

/** The kind of operation a verb names, if the lexicon knows it. */
export function verbClass(term: string): VerbClass | undefined {
  return tables().verbs.get(term);
}

/** Words of the fields that up to `max` known products named in `name` stand for. */
export function brandWords(name: string, max: number): string[] {
  const { brands } = tables();
  const spoken = sequence(name, name.length);
  const candidates = [...terms(name, name.length), ...spoken, ...spoken.slice(1).map((word, at) => (spoken[at] ?? '') + word)];
  const known = [...new Set(candidates)].filter((word) => brands.has(word)).slice(0, max);
  return known.flatMap((word) => brands.get(word) ?? NONE);
}

interface Tables {
  readonly alternatives: ReadonlyMap<string, readonly Alternative[]>;
  readonly byStem: ReadonlyMap<string, readonly Alternative[]>;
  readonly phrases: ReadonlyMap<string, readonly LexiconPhrase[]>;
  readonly brands: ReadonlyMap<string, readonly string[]>;
  readonly verbs: ReadonlyMap<string, VerbClass>;
}

let built: Tables | undefined;

/** The lexicons as look-up tables. Built at first use: a program that never searches never pays for them. */
function tables(): Tables {
  return (built ??= new TableBuilder().build());
}

class TableBuilder {
  readonly #alternatives = new Map<string, Map<string, Alternative>>();
  readonly #byStem = new Map<string, readonly Alternative[]>();
  readonly #phrases = new Map<string, LexiconPhrase[]>();

  build(): Tables {
    for (const line of SYNONYMS) this.#group(line.split(', ').map(stemmed));
    for (const [word, own] of this.#alternatives) this.#addStem(word, own);
    for (const line of RELATED) this.#headed(line, RELATED_WORD);
    for (const line of CHINESE) this.#headed(line, OTHER_LANGUAGE);
    return {
      alternatives: new Map([...this.#alternatives].map(([word, own]) => [word, [...own.values()]])),
      byStem: this.#byStem,
      phrases: this.#phrases,
      brands: new Map(BRANDS.map((line) => headAndWords(line)).map(([head, words]) => [head.join(''), words])),
      verbs: new Map(Object.entries(VERB_CLASSES).flatMap(([kind, words]) => stemmed(words).map((word) => [word, kind as VerbClass] as const))),
    };
  }

  #group(members: readonly (readonly string[])[]): void {
    const single = members.flatMap((member) => (member.length === 1 ? member : []));
    const all = single.map((term) => ({ term, weight: SYNONYM, inflect: true }));
    for (const member of members) {
      const [word] = member;
      if (word === undefined) continue;
      if (member.length > 1) this.#phrase(member, all);
      else for (const other of all) if (other.term !== word) this.#link(word, other);
    }
  }

  #headed(line: string, weight: number): void {
    const [head, words] = headAndWords(line);
    const [first] = head;
    if (first === undefined) return;
    const alternatives = words.map((term) => ({ term, weight, inflect: false }));
    if (head.length > 1 || STOP_WORDS.has(first)) return this.#phrase(head, alternatives);
    for (const other of alternatives) {
      this.#link(first, other);
      this.#link(other.term, { term: first, weight, inflect: false });
    }
  }

  #link(word: string, other: Alternative): void {
    let own = this.#alternatives.get(word);
    if (own === undefined) this.#alternatives.set(word, (own = new Map<string, Alternative>()));
    if ((own.get(other.term)?.weight ?? 0) < other.weight) own.set(other.term, other);
  }

  #phrase(words: readonly string[], alternatives: readonly Alternative[]): void {
    const first = words[0] ?? '';
    let own = this.#phrases.get(first);
    if (own === undefined) this.#phrases.set(first, (own = []));
    own.push({ words, alternatives });
  }

  #addStem(word: string, own: ReadonlyMap<string, Alternative>): void {
    const stem = heavyStem(word);
    if (this.#byStem.has(stem)) return;
    this.#byStem.set(
      stem,
      [word, ...own.keys()].map((term) => ({ term, weight: SYNONYM_OF_STEM, inflect: true })),
    );
  }
}

/** `head words: word word …` as stemmed words. */
function headAndWords(line: string): readonly [head: readonly string[], words: readonly string[]] {
  const at = line.indexOf(': ');
  return [stemmed(line.slice(0, at)), stemmed(line.slice(at + 2))];
}

function stemmed(text: string): readonly string[] {
  return text.split(' ').map(lightStem);
}
