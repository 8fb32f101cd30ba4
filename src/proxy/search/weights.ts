/**
 * Every number of the ranking in one place. They were set on all public development queries (docs/search.md), so what
 * is measured there flatters them. All sit on flat ground: a step either way moves recall by about half a point, so one
 * digit is enough.
 */

/** Where a term stands. `brand` holds what the server's product is known for (`lexicon/brands.ts`). */
export type Field = 'name' | 'server' | 'description' | 'parameters' | 'parameter text' | 'brand';

interface FieldWeight {
  readonly weight: number;
  /** How much a long field is discounted, 0–1 (BM25's b). */
  readonly lengthNorm: number;
  /** Usual length in terms. Fixed, so that what is computed for a tool stays right whatever servers come and go. */
  readonly usualLength: number;
}

/** BM25F: one saturation over the weighted frequencies of all fields. */
export const FIELDS: Readonly<Record<Field, FieldWeight>> = {
  name: { weight: 1, lengthNorm: 0.4, usualLength: 2.7 },
  server: { weight: 3, lengthNorm: 0.7, usualLength: 2.4 },
  description: { weight: 1, lengthNorm: 0.5, usualLength: 13 },
  parameters: { weight: 0.25, lengthNorm: 0.6, usualLength: 4 },
  'parameter text': { weight: 0.3, lengthNorm: 0.3, usualLength: 9.7 },
  brand: { weight: 1.2, lengthNorm: 0.2, usualLength: 3 },
};

/** BM25's k1: how soon repeating a word stops helping. */
export const SATURATION = 1;

/** What stands for a word of the query, and how much of the word's weight it gets. The word itself has 1. */
export const SAME_STEM = 0.6;
export const SYNONYM = 0.55;
export const SYNONYM_OF_STEM = 0.5;
export const RELATED_WORD = 0.4;
export const OTHER_LANGUAGE = 0.5;
export const TYPING_ERROR = 0.6;
export const COMPOUND_PART = 0.4;
/** Words of a file path say less than words of the sentence around it. */
export const PATH_WORD = 0.6;

/** A tool whose whole name is said by the query scores this much more than one of whose name nothing is. */
export const NAME_COVERAGE = 0.7;
/** A tool that reads, writes, changes or deletes as the query asks gains this share; one that does another loses it. */
export const VERB_AGREEMENT = 0.05;
/** Longer queries name several verbs, so none of them is the one. */
export const VERB_MAX_TERMS = 12;

/**
 * A query longer than this many terms is a story: the best stretch of it counts as much as all of it, and a tool's name
 * has to be said within one stretch.
 */
export const STRETCH_TERMS = 20;
export const STRETCH_SHARE = 0.5;
/** A story says its need in several words of its own, so what stands for them weighs this much less. */
export const STORY_ALTERNATIVES = 0.4;
/**
 * In a query of at least this many different units, a share of what a server's best two tools score goes to each of its
 * tools, since a long task usually needs several tools of one server: a base share, and more the larger the part of
 * the server that stands among the first `DENSITY_DEPTH`. A small server that is about the task counts, a large one of
 * which something always matches does not.
 */
export const SERVER_MIN_UNITS = 12;
export const SERVER_BASE_SHARE = 0.2;
export const SERVER_DENSITY_SHARE = 0.4;
export const SERVER_DENSITY_SHARE_OF_STORY = 1.2;
export const DENSITY_DEPTH = 30;

/** Candidates that are ranked exactly, by their first score. */
export const CANDIDATES = 100;
/** A story's words are strewn over many tools, so that more of them have to be looked at. */
export const CANDIDATES_OF_STORY = 200;
/** Below this share of the best first score a tool is not counted as a match. */
export const MATCH_FLOOR = 0.3;
