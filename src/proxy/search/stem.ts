/**
 * English stems, two strengths. The light one only folds plurals and is what the index stores; the heavy one also
 * folds verb forms and nouns made of verbs, and is used to find relatives of a word at less weight.
 */

/** Folds a regular English plural: `queries` → `query`, `files` → `file`. Other words come back unchanged. */
export function lightStem(word: string): string {
  const length = word.length;
  if (length < 4 || word.charCodeAt(length - 1) !== 115 /* s */) return word;
  if (length > 4 && word.endsWith('ies')) return `${word.slice(0, -3)}y`;
  if (length > 4 && ES_PLURAL.test(word)) return word.slice(0, -2);
  return NOT_PLURAL.test(word) ? word : word.slice(0, -1);
}

/** The heavy stem of a light-stemmed word: `translation`, `translator` and `translating` share one. Not a word itself. */
export function heavyStem(word: string): string {
  if (word.length < 5 || !PLAIN.test(word)) return word;
  let stem = word.replace(SUFFIX, '$1');
  if (stem === word && word.length >= 6 && word.endsWith('ing')) stem = word.slice(0, -3);
  else if (stem === word && word.endsWith('ed')) stem = word.slice(0, -2);
  if (DOUBLED.test(stem)) stem = stem.slice(0, -1);
  if (stem.length > 3 && stem.endsWith('e')) stem = stem.slice(0, -1);
  if (stem.length > 3 && stem.endsWith('y')) stem = `${stem.slice(0, -1)}i`;
  return stem.length > 5 && stem.endsWith('at') ? stem.slice(0, -2) : stem;
}

const ES_PLURAL = /(?:ss|sh|ch|x|z)es$/;
const NOT_PLURAL = /(?:ss|us|is)$/;
const PLAIN = /^[a-z]+$/;
const DOUBLED = /([bdfgklmnprt])\1$/;
/** The shortest beginning of four letters or more makes the ending the longest one. */
const SUFFIX =
  /^(.{4,}?)(?:i[sz]ation|ational|ifications?|ations?|ators?|i[sz](?:ing|ed|er|e)|ments?|(?:ing|ed)ly|ings?|ions?|ors?|ers?|ed|ive|[ai]ble|[ae]nce|al|ic|ly|ity|ness)$/;
