import type { RawJson } from '../model.ts';
import { CLOSE_BRACE, CLOSE_BRACKET, COLON, COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE } from './char-codes.ts';
import { decodeString, endOfString } from './slice.ts';

/** A string value in raw JSON text. */
export interface StringValue {
  /** Offsets of its token, quotes included. */
  readonly start: number;
  readonly end: number;
  /** What it stands for. */
  readonly text: string;
  /** JSON Pointer (RFC 6901) to it; worked out when asked for, which has to be before the next value is. */
  path(): string;
}

/**
 * Every string value of a valid JSON text in order of appearance; names of members are none. Never recurses.
 * @param raw text that `JSON.parse` accepts
 */
export function* stringValues(raw: RawJson): Generator<StringValue> {
  /** Where each open object or array is: the raw token of the member it is at, or the index of the element. */
  const place: (string | number)[] = [];
  const path = (): string => pointerOf(place);
  for (let i = 0; i < raw.length; i++) {
    const c = raw.charCodeAt(i);
    if (c === QUOTE) {
      const end = endOfString(raw, i);
      let next = end;
      while (raw.charCodeAt(next) <= 0x20) next++;
      if (raw.charCodeAt(next) === COLON) {
        place[place.length - 1] = raw.slice(i, end);
      } else {
        yield { start: i, end, text: decodeString(raw.slice(i, end)), path };
      }
      i = end - 1;
    } else if (c === OPEN_BRACE) place.push('""');
    else if (c === OPEN_BRACKET) place.push(0);
    else if (c === CLOSE_BRACE || c === CLOSE_BRACKET) place.pop();
    else if (c === COMMA) {
      const last = place.at(-1);
      if (typeof last === 'number') place[place.length - 1] = last + 1;
    }
  }
}

/** `raw` with some of its string values replaced, every other byte as it was; `raw` itself when there is nothing to replace. */
export function withStrings(raw: RawJson, replaced: readonly { readonly start: number; readonly end: number; readonly text: string }[]): RawJson {
  if (replaced.length === 0) return raw;
  const parts: string[] = [];
  let at = 0;
  for (const { start, end, text } of replaced) {
    parts.push(raw.slice(at, start), JSON.stringify(text));
    at = end;
  }
  parts.push(raw.slice(at));
  return parts.join('');
}

function pointerOf(place: readonly (string | number)[]): string {
  return place.map((token) => `/${typeof token === 'number' ? token : decodeString(token).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
