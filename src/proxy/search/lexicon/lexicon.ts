import { sequence, terms } from '../analyse.ts';
import { heavyStem, lightStem } from '../stem.ts';
import { OTHER_LANGUAGE, RELATED_WORD, SYNONYM, SYNONYM_OF_STEM } from '../weights.ts';
import { BRANDS } from './brands.ts';
import { CHINESE } from './chinese.ts';
import { RELATED } from './related.ts';
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

/** What may stand for `term`; empty when the lexicons do not know it. */
export function alternativesOf(term: string): readonly Alternative[] {
  const { groups, links } = queryTables();
  const found = new Map<string, Alternative>();
  for (const group of groups.get(term) ?? []) {
    for (const other of group) if (other !== term) found.set(other, { term: other, weight: SYNONYM, inflect: true });
  }
  for (const link of links.get(term) ?? []) {
    if ((found.get(link.term)?.weight ?? 0) < link.weight) found.set(link.term, link);
  }
  return [...found.values()];
}

/** The synonyms of a word that shares the term's heavy stem, and that word itself; empty when there is none. */
export function alternativesOfStem(term: string): readonly Alternative[] {
  const { groups, byStem } = queryTables();
  const word = byStem.get(heavyStem(term));
  if (word === undefined) return [];
  const synonyms = new Set([word, ...(groups.get(word) ?? []).flat()]);
  return Array.from(synonyms, (other) => ({ term: other, weight: SYNONYM_OF_STEM, inflect: true }));
}

/** Phrases of the lexicons that begin with `word`. */
export function phrasesFrom(word: string): readonly LexiconPhrase[] {
  return queryTables().phrases.get(word) ?? [];
}

/** The kind of operation a verb names, if the lexicon knows it. */
export function verbClass(term: string): VerbClass | undefined {
  return indexTables().verbs.get(term);
}

/** The known products that `name` names. */
export function productsIn(name: string): string[] {
  const { brands } = indexTables();
  const spoken = sequence(name, name.length);
  const candidates = [...terms(name, name.length), ...spoken, ...spoken.slice(1).map((word, at) => (spoken[at] ?? '') + word)];
  return [...new Set(candidates)].filter((word) => brands.has(word));
}

/** Words of the fields that up to `max` known products named in `name` stand for. */
export function brandWords(name: string, max: number): string[] {
  const { brands } = indexTables();
  return productsIn(name).slice(0, max).flatMap((word) => stemmed(brands.get(word) ?? ''));
}

/** What indexing needs. */
interface IndexTables {
  /** Known products and the words they stand for, as written. */
  readonly brands: ReadonlyMap<string, string>;
  readonly verbs: ReadonlyMap<string, VerbClass>;
}

/** What reading a query needs. */
interface QueryTables {
  /** The synonym groups of a word. */
  readonly groups: ReadonlyMap<string, readonly (readonly string[])[]>;
  /** Related words and words of the other language. */
  readonly links: ReadonlyMap<string, readonly Alternative[]>;
  /** A word of the synonym groups for each heavy stem. */
  readonly byStem: ReadonlyMap<string, string>;
  readonly phrases: ReadonlyMap<string, readonly LexiconPhrase[]>;
}

let builtIndexTables: IndexTables | undefined;
let builtQueryTables: QueryTables | undefined;

/** The lexicons are made into tables at first use: a program that never searches never pays for them. */
function indexTables(): IndexTables {
  return (builtIndexTables ??= {
    brands: new Map(BRANDS.map((line) => halves(line)).map(([brand, words]) => [lightStem(brand), words])),
    verbs: new Map(Object.entries(VERB_CLASSES).flatMap(([kind, words]) => stemmed(words).map((word) => [word, kind as VerbClass] as const))),
  });
}

function queryTables(): QueryTables {
  return (builtQueryTables ??= new QueryTableBuilder().build());
}

class QueryTableBuilder {
  readonly #groups = new Map<string, string[][]>();
  readonly #links = new Map<string, Alternative[]>();
  readonly #phrases = new Map<string, LexiconPhrase[]>();

  build(): QueryTables {
    for (const line of SYNONYMS) this.#addGroup(line.split(', ').map(stemmed));
    for (const line of RELATED) this.#addHeaded(line, RELATED_WORD);
    for (const line of CHINESE) this.#addHeaded(line, OTHER_LANGUAGE);
    const byStem = new Map<string, string>();
    for (const word of this.#groups.keys()) if (!byStem.has(heavyStem(word))) byStem.set(heavyStem(word), word);
    return { groups: this.#groups, links: this.#links, byStem, phrases: this.#phrases };
  }

  #addGroup(members: readonly (readonly string[])[]): void {
    const single = members.flatMap((member) => (member.length === 1 ? member : []));
    for (const word of single) append(this.#groups, word, single);
    const alternatives = single.map((term) => ({ term, weight: SYNONYM, inflect: true }));
    for (const member of members) if (member.length > 1) this.#addPhrase(member, alternatives);
  }

  #addHeaded(line: string, weight: number): void {
    const [head, words] = halves(line).map(stemmed) as [readonly string[], readonly string[]];
    const alternatives = words.map((term) => ({ term, weight, inflect: false }));
    const [word] = head;
    if (word === undefined || head.length > 1) return this.#addPhrase(head, alternatives);
    const back = { term: word, weight, inflect: false };
    for (const other of alternatives) {
      append(this.#links, word, other);
      append(this.#links, other.term, back);
    }
  }

  #addPhrase(words: readonly string[], alternatives: readonly Alternative[]): void {
    append(this.#phrases, words[0] ?? '', { words, alternatives });
  }
}

function append<V>(map: Map<string, V[]>, key: string, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

/** Both sides of `head: words`. */
function halves(line: string): readonly [head: string, words: string] {
  const at = line.indexOf(': ');
  return [line.slice(0, at), line.slice(at + 2)];
}

function stemmed(text: string): readonly string[] {
  return text.split(' ').map(lightStem);
}
