import { editDistance } from '../edit-distance.ts';

/** Longer words are not compared: nobody mistypes them into a key. */
const MAX_LENGTH = 40;

/**
 * The word of `known` that `written` was most likely meant to be: at most a third of its letters off (Damerau–
 * Levenshtein: a swap of neighbours is one mistake), without regard to case, `-` and `_`. Undefined when none is near.
 */
export function nearest(written: string, known: Iterable<string>): string | undefined {
  if (written.length > MAX_LENGTH) return undefined;
  const wanted = fold(written);
  let best: { readonly word: string; readonly distance: number } | undefined;
  for (const word of known) {
    const distance = editDistance(wanted, fold(word));
    if (distance <= Math.max(1, Math.floor(Math.max(wanted.length, word.length) / 3)) && (best === undefined || distance < best.distance)) {
      best = { word, distance };
    }
  }
  return best?.word;
}

function fold(word: string): string {
  return word.toLowerCase().replace(/[-_]/g, '');
}
