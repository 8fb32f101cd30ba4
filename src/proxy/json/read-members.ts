import type { RawJson } from '../model.ts';
import { BACKSLASH, CLOSE_BRACE, CLOSE_BRACKET, COLON, COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE } from './char-codes.ts';
import { decodeString, skipSpace } from './slice.ts';

const FIRST_PRINTABLE = 0x20;

const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
/** What may follow on a character of a string. The number of escapes is bounded for the sake of the engine's stack. */
const RUN = /[ !#-[\]-\uffff]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[ !#-[\]-\uffff]*){0,1000}/y;
/** Characters of a string that are looked at one by one: calling the expression takes longer than that. */
const SHORT = 24;

/** The members of an object as raw text, in order of appearance: of a repeated one the last counts, as `JSON.parse` has it. */
export class RawMembers {
  readonly names: string[] = [];
  readonly values: RawJson[] = [];

  /** A search: for objects of a known shape, of which few members are asked for. */
  get(name: string): RawJson | undefined {
    return this.values[this.names.lastIndexOf(name)];
  }
}

/** What a text is that is no JSON object: no JSON, JSON nested too deep, or another value. */
export type NoObject = 'not-json' | 'too-deep' | 'no-object';

/**
 * Reads a text as one JSON value (RFC 8259), and cuts it into the members of the object it is. Nothing is made of their
 * values: what is relayed need not be built. Accepts what `JSON.parse` does, to the letter, where `members` cuts text that is
 * known to be JSON. Never recurses.
 * @param maxDepth of arrays and objects within each other
 */
export function readMembers(text: string, maxDepth: number): RawMembers | NoObject {
  const members = new RawMembers();
  /** Of each array and object that is open: whether it is an object. */
  const open: boolean[] = [];
  let at = skipSpace(text, 0);
  const isObject = text.charCodeAt(at) === OPEN_BRACE;
  let valueAt = 0;
  for (;;) {
    const first = text.charCodeAt(at);
    let ended = true;
    if (first === OPEN_BRACE || first === OPEN_BRACKET) {
      if (open.length >= maxDepth) return 'too-deep';
      at = skipSpace(text, at + 1);
      ended = text.charCodeAt(at) === closeOf(first === OPEN_BRACE);
      if (ended) at++;
      else open.push(first === OPEN_BRACE);
    } else {
      at = first === QUOTE ? afterString(text, at) : afterScalar(text, at);
      if (at < 0) return 'not-json';
    }
    while (ended) {
      if (open.length === 1 && isObject) members.values.push(text.slice(valueAt, at));
      at = skipSpace(text, at);
      const inObject = open.at(-1);
      if (inObject === undefined) return at < text.length ? 'not-json' : isObject ? members : 'no-object';
      const next = text.charCodeAt(at);
      at++;
      ended = next !== COMMA;
      if (!ended) at = skipSpace(text, at);
      else if (next === closeOf(inObject)) open.pop();
      else return 'not-json';
    }
    if (open.at(-1) === false) continue;
    const nameEnd = text.charCodeAt(at) === QUOTE ? afterString(text, at) : -1;
    const colon = nameEnd < 0 ? -1 : skipSpace(text, nameEnd);
    if (text.charCodeAt(colon) !== COLON) return 'not-json';
    const next = skipSpace(text, colon + 1);
    if (open.length === 1) {
      members.names.push(decodeString(text.slice(at, nameEnd)));
      valueAt = next;
    }
    at = next;
  }
}

function closeOf(isObject: boolean): number {
  return isObject ? CLOSE_BRACE : CLOSE_BRACKET;
}

/** Past the string that begins at `start`; -1 when it is none. */
function afterString(text: string, start: number): number {
  const soon = Math.min(start + SHORT, text.length);
  let i = start + 1;
  for (; i < soon; i++) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) return i + 1;
    if (c === BACKSLASH || c < FIRST_PRINTABLE) break;
  }
  for (;;) {
    RUN.lastIndex = i;
    RUN.test(text);
    if (text.charCodeAt(RUN.lastIndex) === QUOTE) return RUN.lastIndex + 1;
    if (RUN.lastIndex === i) return -1;
    i = RUN.lastIndex;
  }
}

/** Past the number or word that begins at `start`; -1 when it is none. */
function afterScalar(text: string, start: number): number {
  SCALAR.lastIndex = start;
  return SCALAR.test(text) ? SCALAR.lastIndex : -1;
}
