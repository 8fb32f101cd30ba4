import { Buffer } from 'node:buffer';
import { characterHead } from './cut.ts';
import { elements, exceedsDepth, members, stringOf } from '../json/slice.ts';
import type { RawJson } from '../model.ts';
import type { CacheRead } from './types.ts';

/** Larger streams are not read as JSON: checking them would hold up every other call. */
const MAX_JSON = 16 * 1024 * 1024;
const MAX_DEPTH = 512;
const MAX_POINTER = 2_000;
const MAX_OUTLINE_LINES = 200;

/**
 * The value at a JSON Pointer (RFC 6901) in `text`, raw, so that every digit stays; a string comes decoded. The
 * last token may be a slice `a-b` or `a-` of an array or of a string's characters, counted from 0, both ends
 * included. What is longer than `limit` characters comes in slices with `next`, or, where there is nothing to
 * slice, as an outline that names the pointers below it with their sizes.
 */
export function readPath(text: string, pointer: string, limit: number): CacheRead {
  if (text.length > MAX_JSON) return problem(`This result is longer than ${MAX_JSON} characters; read it by lines, grep or offset.`);
  if (!isJson(text)) return problem('This result is not JSON; read it by lines, grep or offset.');
  const tokens = tokensOf(pointer);
  if (tokens === undefined) return problem('path must be a JSON Pointer: empty, or "/" before each key or index, as in "/items/0/name".');

  let value: RawJson = text.trim();
  let reached = '';
  for (const [i, token] of tokens.entries()) {
    const inside = stepInto(value, token);
    if (inside === undefined) {
      const slice = i === tokens.length - 1 ? sliceOf(value, token) : undefined;
      if (slice === undefined) return problem(`There is nothing at "${reached}/${escapeToken(token)}". ${contentsOf(value, reached)}`);
      return page(text, value, slice, reached, limit);
    }
    value = inside;
    reached += `/${escapeToken(token)}`;
  }
  const shown = stringOf(value) ?? value;
  if (shown.length <= limit) return answer(text, shown, undefined);
  return page(text, value, { from: 0, to: Infinity }, reached, limit);
}

interface Slice {
  readonly from: number;
  readonly to: number;
}

/** The part of an array or string that fits, with the slice that follows; anything else as an outline. */
function page(text: string, value: RawJson, slice: Slice, pointer: string, limit: number): CacheRead {
  const string = stringOf(value);
  if (string !== undefined) {
    const wanted = string.slice(slice.from, slice.to + 1);
    const shown = characterHead(wanted, limit);
    return answer(text, shown, shown.length < wanted.length ? `${pointer}/${slice.from + shown.length}-${endOf(slice)}` : undefined);
  }
  const items = elements(value)?.slice(slice.from, slice.to + 1);
  if (items === undefined) return answer(text, outline(value, pointer, 0, limit), undefined);
  let size = 2;
  let count = 0;
  for (; count < items.length; count++) {
    size += (items[count]?.length ?? 0) + 1;
    if (size > limit) break;
  }
  if (count === 0 && items.length > 0) return answer(text, outline(value, pointer, slice.from, limit), undefined);
  return answer(text, `[${items.slice(0, count).join(',')}]`, count < items.length ? `${pointer}/${slice.from + count}-${endOf(slice)}` : undefined);
}

function endOf(slice: Slice): string {
  return slice.to === Infinity ? '' : String(slice.to);
}

/** One line per member or element: its pointer and what it is. */
function outline(value: RawJson, pointer: string, from: number, limit: number): string {
  const entries: [string, RawJson][] =
    elements(value)
      ?.slice(from)
      .map((item, i): [string, RawJson] => [String(from + i), item]) ?? [...(members(value) ?? [])];
  const lines = ['Too long to show whole; its parts are:'];
  let room = limit - 100;
  for (const [key, item] of entries) {
    const line = `${pointer}/${escapeToken(key)}: ${kindOf(item)}`;
    room -= line.length + 1;
    if (room < 0 || lines.length > MAX_OUTLINE_LINES) {
      lines.push(`(${entries.length - lines.length + 1} more)`);
      break;
    }
    lines.push(line);
  }
  return lines.join('\n');
}

function kindOf(item: RawJson): string {
  const string = stringOf(item);
  if (string !== undefined) return `string of ${string.length} characters`;
  if (item.startsWith('[')) return `array of ${elements(item)?.length ?? 0} elements, ${item.length} characters`;
  if (item.startsWith('{')) return `object of ${members(item)?.size ?? 0} members, ${item.length} characters`;
  return characterHead(item, 40);
}

function contentsOf(value: RawJson, pointer: string): string {
  const array = elements(value);
  if (array !== undefined) return `"${pointer}" is an array of ${array.length} elements.`;
  const object = members(value);
  if (object === undefined) return `"${pointer}" is a ${stringOf(value) === undefined ? 'scalar' : 'string'}.`;
  const keys = [...object.keys()].slice(0, 20).map((key) => JSON.stringify(characterHead(key, 60)));
  return `"${pointer}" is an object with ${keys.join(', ')}${object.size > keys.length ? `, … (${object.size} in all)` : ''}.`;
}

function stepInto(value: RawJson, token: string): RawJson | undefined {
  if (value.startsWith('{')) return members(value)?.get(token);
  return value.startsWith('[') && /^(?:0|[1-9]\d*)$/.test(token) ? elements(value)?.[Number(token)] : undefined;
}

function sliceOf(value: RawJson, token: string): Slice | undefined {
  const match = /^(\d{1,15})-(\d{0,15})$/.exec(token);
  if (match === null || value.startsWith('{')) return undefined;
  const from = Number(match[1]);
  const to = match[2] === '' ? Infinity : Number(match[2]);
  const length = elements(value)?.length ?? stringOf(value)?.length ?? 0;
  return from <= to && from < length ? { from, to } : undefined;
}

function tokensOf(pointer: string): string[] | undefined {
  if (pointer === '') return [];
  if (!pointer.startsWith('/') || pointer.length > MAX_POINTER || /~(?![01])/.test(pointer)) return undefined;
  return pointer
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function escapeToken(token: string): string {
  return token.replaceAll('~', '~0').replaceAll('/', '~1');
}

function isJson(text: string): boolean {
  if (exceedsDepth(text, MAX_DEPTH)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function answer(text: string, shown: string, nextPath: string | undefined): CacheRead {
  return {
    ok: true,
    text: shown,
    total: Buffer.byteLength(text),
    next: nextPath === undefined ? undefined : JSON.stringify({ path: nextPath }),
  };
}

function problem(text: string): CacheRead {
  return { ok: false, problem: text };
}
