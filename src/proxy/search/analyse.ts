/** Longest text that is analysed; the rest of a query or field carries no weight. */
export const MAX_TEXT = 2_000;

const CJK = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;
const WORD = /[\p{L}\p{M}\p{N}]+/gu;

/**
 * Splits text into lower-case terms: identifiers at case, digit and separator boundaries, CJK text into overlapping
 * pairs of characters. Reads at most the first `MAX_TEXT` characters; never throws.
 */
export function analyse(text: string): string[] {
  const terms: string[] = [];
  const split = text
    .slice(0, MAX_TEXT)
    .normalize('NFKC')
    .replace(/(\p{Ll}|\p{N})(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu}+)(\p{Lu}\p{Ll})/gu, '$1 $2');
  for (const [word] of split.matchAll(WORD)) {
    if (CJK.test(word)) terms.push(...pairs(word));
    else terms.push(word.toLowerCase());
  }
  return terms;
}

function pairs(word: string): string[] {
  const characters = Array.from(word);
  if (characters.length < 2) return characters;
  return characters.slice(1).map((character, at) => (characters[at] ?? '') + character);
}
