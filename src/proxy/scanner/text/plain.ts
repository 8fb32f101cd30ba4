import { latinFor } from './confusables.ts';

/** A text as a reader understands it: one spelling, one case, no disguise. Offsets lead back to the original. */
export interface Plain {
  /** Lower case, unaccented, white space folded; a line feed stands between sentences and nowhere else. */
  readonly text: string;
  /** Offset in the original of each UTF-16 unit of `text`, and of its end. */
  readonly map: readonly number[];
}

/** One sentence of a `Plain`. */
export interface Sentence {
  readonly text: string;
  /** Where it starts in the `Plain`. */
  readonly start: number;
}

// Nothing of these is seen; what they hide is looked at apart.
const UNSEEN = /[\p{Cf}\p{Default_Ignorable_Code_Point}\p{Cc}\p{Co}]/u;
// Marks put on letters to disguise them, or accents: without them "café" is found as "cafe" and "i̷gnore" as "ignore".
// eslint-disable-next-line no-misleading-character-class -- marks alone are what is looked for
const MARK = /[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]/;
const LETTERS = /[\p{L}\p{M}]+/gu;
const SPELLING: ReadonlyMap<string, string> = new Map([
  ...Array.from('‘’‚‛`´′ʼ', (quote) => [quote, "'"] as const),
  ...Array.from('“”„‟″«»', (quote) => [quote, '"'] as const),
  ...Array.from('‐‑‒–—―−', (dash) => [dash, '-'] as const),
  ['…', '.'],
  ['ё', 'е'],
]);

/** Folds a text; linear in its length. */
export function plain(text: string): Plain {
  return new Folder(text).run();
}

/** Spells the source of a pattern, written in lower case, as `plain` spells texts. */
export function unaccented(source: string): string {
  return Array.from(source.normalize('NFKD'))
    .filter((character) => !MARK.test(character))
    .join('')
    .replaceAll('ı', 'i');
}

/** The sentences of a folded text. */
export function sentencesOf({ text }: Plain): Sentence[] {
  const sentences: Sentence[] = [];
  for (let start = 0; start < text.length; ) {
    const found = text.indexOf('\n', start);
    const end = found < 0 ? text.length : found;
    if (end > start) sentences.push({ text: text.slice(start, end), start });
    start = end + 1;
  }
  return sentences;
}

/** A run of letters that mixes scripts so that it reads as one word: `pаypal` with a Cyrillic а. */
export interface MixedWord {
  readonly start: number;
  readonly end: number;
  readonly script: 'Cyrillic' | 'other';
  /** As it reads. */
  readonly latin: string;
}

/** Words in which letters of another script stand in for Latin ones. */
export function mixedWords(text: string): MixedWord[] {
  if (!/[^\0-\u024f]/.test(text)) return [];
  const words: MixedWord[] = [];
  for (const match of text.matchAll(LETTERS)) {
    const word = match[0];
    if (!/[a-z]/i.test(word)) continue;
    const foreign = Array.from(word).filter((character) => /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}]/u.test(character));
    if (foreign.length === 0 || foreign.some((character) => latinFor(character) === undefined) || isInflected(word) || isSymbol(word)) continue;
    const script = foreign.some((character) => /\p{Script=Cyrillic}/u.test(character)) ? 'Cyrillic' : 'other';
    words.push({ start: match.index, end: match.index + word.length, script, latin: Array.from(word, (character) => latinFor(character) ?? character).join('') });
  }
  return words;
}

/** `URLов`: an abbreviation with an ending of the language around it. */
function isInflected(word: string): boolean {
  return /^[A-Z]{2,}[^\p{Script=Latin}]+$/u.test(word);
}

/** `Δt`, `μs`, `αβ`: a Greek letter as a sign before or after one or two letters. */
function isSymbol(word: string): boolean {
  return /^\p{Script=Greek}+[a-z]{0,3}$/iu.test(word) || /^[a-z]{1,2}\p{Script=Greek}$/iu.test(word);
}

class Folder {
  readonly #source: string;
  readonly #out: string[] = [];
  readonly #map: number[] = [];
  /** Last unit written; '' at the start. */
  #last = '';

  constructor(source: string) {
    this.#source = source;
  }

  run(): Plain {
    const source = this.#source;
    const disguised = mixedWords(source);
    let next = 0;
    for (let i = 0; i < source.length; ) {
      const code = source.charCodeAt(i);
      if (code < 0x80) {
        this.#ascii(code, i);
        i++;
        continue;
      }
      while ((disguised[next]?.end ?? Infinity) <= i) next++;
      const character = String.fromCodePoint(source.codePointAt(i) ?? 0xfffd);
      const inDisguise = (disguised[next]?.start ?? Infinity) <= i;
      this.#other(character, i, inDisguise);
      i += character.length;
    }
    this.#map.push(source.length);
    return { text: this.#out.join(''), map: this.#map };
  }

  #ascii(code: number, at: number): void {
    const c = String.fromCharCode(code);
    if (code === 0x0a) this.#lineFeed(at);
    else if (code <= 0x20 || code === 0x7f) this.#space(at);
    else if (code >= 0x41 && code <= 0x5a) this.#write(String.fromCharCode(code + 0x20), at);
    else this.#write(c === '`' ? "'" : c, at);
  }

  #other(character: string, at: number, inDisguise: boolean): void {
    if (UNSEEN.test(character)) return;
    if (/\s/.test(character)) return this.#space(at);
    const spelled = SPELLING.get(character);
    if (spelled !== undefined) return this.#write(spelled, at);
    const latin = inDisguise || /\p{Script=Latin}/u.test(character) ? latinFor(character) : undefined;
    if (latin !== undefined) return this.#write(latin.toLowerCase(), at);
    const decomposed = character.normalize('NFKD');
    for (const part of decomposed) {
      if (MARK.test(part)) continue;
      if (/\s/.test(part)) this.#space(at);
      else this.#write(part.toLowerCase(), at);
    }
    if (character === '。' || decomposed === '!' || decomposed === '?') this.#end(at);
  }

  #write(units: string, at: number): void {
    for (let i = 0; i < units.length; i++) {
      this.#out.push(units[i] ?? '');
      this.#map.push(at);
    }
    this.#last = units[units.length - 1] ?? this.#last;
  }

  #space(at: number): void {
    if (this.#last === '' || this.#last === '\n' || this.#last === ' ') return;
    if (/[.!?。]/.test(this.#last) && !this.#abbreviated()) this.#end(at);
    else this.#write(' ', at);
  }

  /** A sentence goes on over a line break unless something begins or ended there: prose is wrapped anywhere. */
  #lineFeed(at: number): void {
    let i = at + 1;
    while (i < this.#source.length && /[ \t\r]/.test(this.#source[i] ?? '')) i++;
    const begins = /^(?:\n|[-*•#<>[|=]|\d{1,3}[.)])/.test(this.#source.slice(i, i + 5));
    if (begins || /[:;.!?>\]|。]/.test(this.#last)) this.#end(at);
    else this.#space(at);
  }

  #end(at: number): void {
    if (this.#last === '' || this.#last === '\n') return;
    if (this.#last === ' ') {
      this.#out.pop();
      this.#map.pop();
    }
    this.#write('\n', at);
  }

  /** "e.g. ", "i.e. ", "etc. " do not end a sentence. */
  #abbreviated(): boolean {
    const tail = this.#out.slice(-5).join('');
    return /(?:e\.g|i\.e|\betc|\bvs)\.$/.test(tail);
  }
}
