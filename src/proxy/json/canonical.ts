import { createHash } from 'node:crypto';
import type { Digest, RawJson } from '../model.ts';

/** Why a text has no single canonical form; such a definition is held, never guessed at (security D10). */
export class NotCanonicalError extends Error {
  override readonly name = 'NotCanonicalError';
}

const MAX_DEPTH = 64;
const LONE_SURROGATE = /\p{Surrogate}/u;
const MAX_NODES = 100_000;

/**
 * RFC 8785 canonical JSON of raw text. Reads the received tokens themselves, so that two texts have one
 * canonical form only if no reader could tell them apart: repeated keys and lone surrogates are refused, and an
 * integer that no double holds keeps its digits.
 * @throws NotCanonicalError naming what stands in the way
 */
export function canonicalJson(text: RawJson): string {
  return new Canoniser(text).run();
}

/** `sha256-` + base64 of SHA-256 over the UTF-8 bytes of `canonicalJson(text)` (contract §5). */
export function digestOf(text: RawJson): Digest {
  return sha256(canonicalJson(text));
}

/** `sha256-` + base64 of SHA-256 over the UTF-8 bytes of `text`. */
export function sha256(text: string): Digest {
  return `sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}`;
}

class Canoniser {
  readonly #text: string;
  #at = 0;
  #nodes = 0;

  constructor(text: string) {
    this.#text = text;
  }

  run(): string {
    const value = this.#value(0);
    this.#space();
    if (this.#at !== this.#text.length) throw this.#unexpected();
    return value;
  }

  #value(depth: number): string {
    if (depth > MAX_DEPTH) throw new NotCanonicalError(`nested deeper than ${MAX_DEPTH} levels`);
    if (++this.#nodes > MAX_NODES) throw new NotCanonicalError(`more than ${MAX_NODES} values`);
    this.#space();
    switch (this.#text[this.#at]) {
      case '{':
        return this.#object(depth);
      case '[':
        return this.#array(depth);
      case '"':
        return JSON.stringify(this.#string());
      default:
        return this.#scalar();
    }
  }

  #object(depth: number): string {
    this.#at++;
    const parts = new Map<string, string>();
    this.#space();
    if (this.#take('}')) return '{}';
    do {
      this.#space();
      if (this.#text[this.#at] !== '"') throw this.#unexpected();
      const key = this.#string();
      if (parts.has(key)) throw new NotCanonicalError(`the key ${JSON.stringify(key)} appears twice in one object`);
      this.#space();
      if (!this.#take(':')) throw this.#unexpected();
      parts.set(key, this.#value(depth + 1));
      this.#space();
    } while (this.#take(','));
    if (!this.#take('}')) throw this.#unexpected();
    // Default string order compares UTF-16 code units, which is what RFC 8785 §3.2.3 asks for.
    const keys = [...parts.keys()].sort();
    return `{${keys.map((key) => `${JSON.stringify(key)}:${parts.get(key) ?? ''}`).join(',')}}`;
  }

  #array(depth: number): string {
    this.#at++;
    const parts: string[] = [];
    this.#space();
    if (this.#take(']')) return '[]';
    do {
      parts.push(this.#value(depth + 1));
      this.#space();
    } while (this.#take(','));
    if (!this.#take(']')) throw this.#unexpected();
    return `[${parts.join(',')}]`;
  }

  #string(): string {
    const start = this.#at;
    let end = this.#text.indexOf('"', start + 1);
    while (end > 0 && this.#isEscaped(end)) end = this.#text.indexOf('"', end + 1);
    if (end < 0) throw new NotCanonicalError(`not a valid string at offset ${start}`);
    this.#at = end + 1;
    const value = decodeString(this.#text.slice(start, this.#at));
    if (value === undefined) throw new NotCanonicalError(`not a valid string at offset ${start}`);
    if (LONE_SURROGATE.test(value)) throw new NotCanonicalError('a string holds half of a surrogate pair');
    return value;
  }

  /** True when an odd number of backslashes stands before `at`. */
  #isEscaped(at: number): boolean {
    let slashes = 0;
    while (this.#text.charCodeAt(at - 1 - slashes) === 0x5c) slashes++;
    return slashes % 2 === 1;
  }

  #scalar(): string {
    const match = /[^\s,\]}]*/y;
    match.lastIndex = this.#at;
    const lexeme = match.exec(this.#text)?.[0] ?? '';
    if (lexeme === 'true' || lexeme === 'false' || lexeme === 'null') {
      this.#at += lexeme.length;
      return lexeme;
    }
    if (!/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(lexeme)) throw this.#unexpected();
    this.#at += lexeme.length;
    const value = Number(lexeme);
    const canonical = Object.is(value, -0) ? '0' : String(value);
    // RFC 8785 writes numbers as doubles. Where that loses digits of an integer (int64 limits in schemas), two
    // different definitions would share a digest, so the received digits stand for themselves instead.
    const exact = Number.isFinite(value) && (!Number.isInteger(value) || sameDecimal(lexeme, canonical));
    return exact ? canonical : lexeme;
  }

  #take(c: string): boolean {
    if (this.#text[this.#at] !== c) return false;
    this.#at++;
    return true;
  }

  #space(): void {
    for (;;) {
      const c = this.#text.charCodeAt(this.#at);
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return;
      this.#at++;
    }
  }

  #unexpected(): NotCanonicalError {
    return new NotCanonicalError(`not valid JSON at offset ${this.#at}`);
  }
}

/** What a JSON string token stands for, or undefined when it is not valid. */
function decodeString(token: string): string | undefined {
  try {
    return JSON.parse(token) as string;
  } catch {
    return undefined;
  }
}

/** True when two JSON number texts stand for the same decimal value. */
function sameDecimal(a: string, b: string): boolean {
  return decimalOf(a) === decimalOf(b);
}

/** Sign, significant digits and exponent of a JSON number text, in one spelling per value. */
function decimalOf(lexeme: string): string {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(lexeme);
  if (match === null) return lexeme;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = digits.slice(0, lengthWithoutTrailingZeros(digits));
  if (significant === '') return '0';
  return `${sign}${significant}e${Number(exponent) - fraction.length + (digits.length - significant.length)}`;
}

/** A loop, because `/0+$/` takes quadratic time on a long run of zeros in the middle. */
function lengthWithoutTrailingZeros(digits: string): number {
  let length = digits.length;
  while (digits.charCodeAt(length - 1) === 0x30) length--;
  return length;
}
