import { canonicalJson } from '../../proxy/json/canonical.ts';
import type { RawJson } from '../../proxy/model.ts';

/**
 * Canonical JSON (sorted keys, received digits) laid out over lines: two definitions differ in it exactly when their
 * digests do.
 * @throws NotCanonicalError for a text that has no canonical form
 */
export function prettyJson(raw: RawJson): string {
  const text = canonicalJson(raw);
  let out = '';
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '"') {
      const end = stringEnd(text, at);
      out += text.slice(at, end);
      at = end - 1;
    } else if (character === '{' || character === '[') {
      const empty = text.charAt(at + 1) === (character === '{' ? '}' : ']');
      out += empty ? text.slice(at, at + 2) : character + line(++depth);
      if (empty) at++;
    } else if (character === '}' || character === ']') {
      out += line(--depth) + character;
    } else if (character === ',') {
      out += character + line(depth);
    } else {
      out += character === ':' ? ': ' : character;
    }
  }
  return out;
}

function stringEnd(text: string, start: number): number {
  let at = start + 1;
  while (text.charAt(at) !== '"') at += text.charAt(at) === '\\' ? 2 : 1;
  return at + 1;
}

function line(depth: number): string {
  return `\n${'  '.repeat(depth)}`;
}
