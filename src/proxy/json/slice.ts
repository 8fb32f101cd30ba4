import type { RawJson } from '../model.ts';
import { BACKSLASH, CLOSE_BRACE, CLOSE_BRACKET, COLON, COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE } from './char-codes.ts';

/*
 * Raw JSON text, cut without re-serialising. Relayed values keep every byte the sender wrote: integers beyond
 * 2^53, member order, unknown members, escapes. All functions expect text that `JSON.parse` accepts; callers
 * parse (or check) once at the boundary, then cut.
 */

/**
 * True when `text` nests objects and arrays deeper than `limit`. Reads text that need not be valid JSON and
 * never recurses, so it is safe before parsing.
 */
export function exceedsDepth(text: string, limit: number): boolean {
  // A short text has no room for so many brackets.
  if (text.length <= limit) return false;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) i = endOfString(text, i) - 1;
    else if (c === OPEN_BRACE || c === OPEN_BRACKET) {
      if (++depth > limit) return true;
    } else if (c === CLOSE_BRACE || c === CLOSE_BRACKET) depth--;
  }
  return false;
}

/**
 * The members of one JSON object as raw text, in order of appearance. A repeated key keeps its last value, as
 * `JSON.parse` does. Returns undefined when `text` is not an object.
 */
export function members(text: RawJson): Map<string, RawJson> | undefined {
  let i = skipSpace(text, 0);
  if (text.charCodeAt(i) !== OPEN_BRACE) return undefined;
  const found = new Map<string, RawJson>();
  i = skipSpace(text, i + 1);
  while (text.charCodeAt(i) === QUOTE) {
    const keyEnd = endOfString(text, i);
    const key = decodeString(text.slice(i, keyEnd));
    i = skipSpace(text, keyEnd);
    if (text.charCodeAt(i) === COLON) i = skipSpace(text, i + 1);
    const valueEnd = endOfValue(text, i);
    found.set(key, text.slice(i, valueEnd));
    i = skipSpace(text, valueEnd);
    if (text.charCodeAt(i) !== COMMA) break;
    i = skipSpace(text, i + 1);
  }
  return found;
}

/** The elements of one JSON array as raw text. Returns undefined when `text` is not an array. */
export function elements(text: RawJson): RawJson[] | undefined {
  let i = skipSpace(text, 0);
  if (text.charCodeAt(i) !== OPEN_BRACKET) return undefined;
  const found: RawJson[] = [];
  i = skipSpace(text, i + 1);
  while (i < text.length && text.charCodeAt(i) !== CLOSE_BRACKET) {
    const end = endOfValue(text, i);
    if (end === i) break;
    found.push(text.slice(i, end));
    i = skipSpace(text, end);
    if (text.charCodeAt(i) === COMMA) i = skipSpace(text, i + 1);
  }
  return found;
}

/**
 * The object `text` with some members replaced, added (at the end) or, when undefined, removed; every other
 * member verbatim. `text` undefined counts as `{}`.
 */
export function withMembers(text: RawJson | undefined, changes: Readonly<Record<string, RawJson | undefined>>): RawJson {
  const all = (text === undefined ? undefined : members(text)) ?? new Map<string, RawJson>();
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) all.delete(key);
    else all.set(key, value);
  }
  return objectOf(all);
}

/** Writes an object from raw members. */
export function objectOf(all: Iterable<readonly [string, RawJson]>): RawJson {
  const parts: string[] = [];
  for (const [key, value] of all) parts.push(`${JSON.stringify(key)}:${value}`);
  return `{${parts.join(',')}}`;
}

/** The string a raw JSON string stands for, or undefined when `raw` is absent or not a string. */
export function stringOf(raw: RawJson | undefined): string | undefined {
  return raw !== undefined && raw.charCodeAt(0) === QUOTE ? decodeString(raw) : undefined;
}

/** The string that a raw JSON string, which it must be, stands for. */
export function decodeString(raw: RawJson): string {
  return raw.includes('\\') ? (JSON.parse(raw) as string) : raw.slice(1, -1);
}

/** Index just past the string that opens at `start`; the end of the text when it never closes. */
export function endOfString(text: string, start: number): number {
  let i = start;
  for (;;) {
    i = text.indexOf('"', i + 1);
    if (i < 0) return text.length;
    let slashes = 0;
    while (text.charCodeAt(i - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return i + 1;
  }
}

/** Index just past the value that begins at `start`. */
function endOfValue(text: string, start: number): number {
  const first = text.charCodeAt(start);
  if (first === QUOTE) return endOfString(text, start);
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) {
    let i = start;
    while (i < text.length && !endsScalar(text.charCodeAt(i))) i++;
    return i;
  }
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) i = endOfString(text, i) - 1;
    else if (c === OPEN_BRACE || c === OPEN_BRACKET) depth++;
    else if ((c === CLOSE_BRACE || c === CLOSE_BRACKET) && --depth === 0) return i + 1;
  }
  return text.length;
}

function endsScalar(c: number): boolean {
  return c === COMMA || c === CLOSE_BRACE || c === CLOSE_BRACKET || isSpace(c);
}

/** Index of the first character from `start` on that is no white space of JSON; the end of the text where there is none. */
export function skipSpace(text: string, start: number): number {
  let i = start;
  while (isSpace(text.charCodeAt(i))) i++;
  return i;
}

function isSpace(c: number): boolean {
  return c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09;
}
