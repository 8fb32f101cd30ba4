/*
 * Which stretches of a text can hold a phrase at all, told from 64 Kbit each: a bit for every three and every four code
 * units in a row that occur. A phrase can only be where all of its own are; where they are, the text itself decides.
 * Threes alone tell little of numbers, fours nothing of phrases as short as three.
 */

const BITS = 65_536;

/** One stretch's bits. */
export type PhraseSet = Uint32Array;

export function emptyPhraseSet(): PhraseSet {
  return new Uint32Array(BITS / 32);
}

/** Adds what a text holds. @param text in lower case, as phrases will be */
export function addText(set: PhraseSet, text: string): void {
  for (let i = 0; i + 2 < text.length; i++) {
    const hash = hashOf3(text, i);
    mark(set, bitOf(hash));
    if (i + 3 < text.length) mark(set, bitOf(extend(hash, text.charCodeAt(i + 3))));
  }
}

/** The bits of a phrase, for `mayHold`; none for one under three code units, which may be anywhere. @param phrase in lower case */
export function phraseBits(phrase: string): readonly number[] {
  const set = emptyPhraseSet();
  addText(set, phrase);
  const bits: number[] = [];
  for (let bit = 0; bit < BITS; bit++) if (has(set, bit)) bits.push(bit);
  return bits;
}

/** False when the phrase is surely in none of the texts added. */
export function mayHold(set: PhraseSet, bits: readonly number[]): boolean {
  return bits.every((bit) => has(set, bit));
}

function mark(set: PhraseSet, bit: number): void {
  set[bit >>> 5] = (set[bit >>> 5] ?? 0) | (1 << (bit & 31));
}

function has(set: PhraseSet, bit: number): boolean {
  return ((set[bit >>> 5] ?? 0) & (1 << (bit & 31))) !== 0;
}

function hashOf3(text: string, at: number): number {
  return extend(extend(text.charCodeAt(at) + 1, text.charCodeAt(at + 1)), text.charCodeAt(at + 2));
}

function extend(hash: number, code: number): number {
  return Math.imul(hash ^ code, 0x01000193) + 0x9e37;
}

function bitOf(hash: number): number {
  return Math.imul(hash ^ (hash >>> 15), 0x9e3779b1) >>> 16;
}
