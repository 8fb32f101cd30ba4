import { STOP_WORDS } from './lexicon/stop-words.ts';
import { lightStem } from './stem.ts';

/**
 * Text as the index reads it: Unicode folded, identifiers split at case, digit and separator boundaries, scripts
 * without spaces cut into overlapping pairs of characters, emoji kept, plurals folded, lower case.
 */

/** Text as content terms, without stop words. Reads at most the first `limit` UTF-16 units; never throws. */
export function terms(text: string, limit: number): string[] {
  const out: string[] = [];
  for (const word of words(text, limit)) {
    if (typeof word === 'string') pushTerm(out, word, 0);
    else {
      out.push(lightStem(word.joined));
      for (const part of word.parts) pushTerm(out, part, 1);
    }
  }
  return out;
}

/** Text as a sequence with stop words kept and compounds joined: what phrases are looked for in. */
export function sequence(text: string, limit: number): string[] {
  return words(text, limit).map((word) => lightStem(typeof word === 'string' ? word : word.joined));
}

/** A short word written in mixed case is also known by its joined form: `GitHub`, `YouTube`, `createIssue`. */
interface Compound {
  readonly joined: string;
  readonly parts: readonly string[];
}

const MAX_COMPOUND = 14;
const MAX_COMPOUND_PARTS = 3;
/** Longer words are data (keys, digests, encoded blobs), not language. */
const MAX_WORD = 40;

const ASCII_WORD = /[A-Za-z0-9]+/g;
const INNER_CAPITAL = /.\p{Lu}/u;
const ANY_WORD = /[\p{L}\p{M}\p{N}]+|\p{Extended_Pictographic}/gu;
const UNSPACED = '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Hangul}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}';
const HAS_UNSPACED = new RegExp(`[${UNSPACED}]`, 'u');
const SCRIPT_RUN = new RegExp(`[${UNSPACED}]+|[^${UNSPACED}]+`, 'gu');
const LATIN_ACCENT = /(?<=\p{Script=Latin})\p{M}+/gu;
// eslint-disable-next-line no-control-regex -- the point is to tell ASCII from the rest
const NOT_ASCII = /[^\x00-\x7f\u2010-\u2027]/;

function words(text: string, limit: number): (string | Compound)[] {
  const cut = text.length > limit ? text.slice(0, limit) : text;
  const out: (string | Compound)[] = [];
  if (!NOT_ASCII.test(cut)) {
    for (const word of cut.match(ASCII_WORD) ?? []) pushWord(out, word);
    return out;
  }
  const folded = cut.normalize('NFKD').replace(LATIN_ACCENT, '').normalize('NFKC');
  for (const word of folded.match(ANY_WORD) ?? []) {
    if (!HAS_UNSPACED.test(word)) pushWord(out, word);
    else for (const run of word.match(SCRIPT_RUN) ?? []) {
      if (HAS_UNSPACED.test(run)) out.push(...pairs(run));
      else pushWord(out, run);
    }
  }
  return out;
}

function pushWord(out: (string | Compound)[], word: string): void {
  if (word.length > MAX_WORD) return;
  const lower = word.toLowerCase();
  if (lower === word || !INNER_CAPITAL.test(word)) {
    out.push(lower);
    return;
  }
  const parts = word
    .replace(/([\p{Ll}\p{N}])(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu}+)(\p{Lu}\p{Ll})/gu, '$1 $2')
    .toLowerCase()
    .split(' ');
  if (parts.length > 1 && parts.length <= MAX_COMPOUND_PARTS && word.length <= MAX_COMPOUND) out.push({ joined: lower, parts });
  else out.push(...parts);
}

function pairs(run: string): string[] {
  const characters = Array.from(run);
  if (characters.length < 2) return characters;
  return characters.slice(1).map((character, at) => (characters[at] ?? '') + character);
}

function pushTerm(out: string[], word: string, minLength: number): void {
  if (word.length > minLength && !STOP_WORDS.has(word)) out.push(lightStem(word));
}
