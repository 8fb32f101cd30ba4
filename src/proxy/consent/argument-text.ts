import { elements, members, stringOf } from '../json/slice.ts';
import { visible } from '../json/visible.ts';
import type { RawJson } from '../model.ts';

/** Deeper values are shown as one line of JSON. */
const MAX_DEPTH = 12;
/** What of two calls is compared at most. */
const MAX_COMPARED = 2_000;

/**
 * Arguments as a person reads them: a line for each value, indented under its name, lists with dashes, text of several
 * lines behind a margin. Nothing invisible stays invisible, digits stay as they were written, nothing is cut.
 * @param raw a JSON object
 */
export function argumentLines(raw: RawJson): readonly string[] {
  const lines = [...linesOf(members(raw) ?? new Map<string, RawJson>(), 0)];
  return lines.length === 0 ? ['(no arguments)'] : lines;
}

/**
 * What is different in `now` from `before`: `+ path: value`, `- path: value`, `~ path: before → now`, in the order of
 * the arguments.
 */
export function argumentChanges(before: RawJson, now: RawJson): readonly string[] {
  const old = new Map(leaves(before));
  const current = new Map(leaves(now));
  const changes: string[] = [];
  for (const [path, value] of current) {
    const was = old.get(path);
    if (was === undefined) changes.push(`+ ${path}: ${inline(value)}`);
    else if (was !== value) changes.push(`~ ${path}: ${inline(was)} → ${inline(value)}`);
  }
  for (const [path, value] of old) if (!current.has(path)) changes.push(`- ${path}: ${inline(value)}`);
  return changes;
}

function* linesOf(object: ReadonlyMap<string, RawJson>, depth: number): Generator<string> {
  for (const [key, value] of object) yield* entry(`${'  '.repeat(depth)}${nameOf(key)}:`, value, depth);
}

function* entry(head: string, value: RawJson, depth: number): Generator<string> {
  const object = depth < MAX_DEPTH ? members(value) : undefined;
  const list = depth < MAX_DEPTH && object === undefined ? elements(value) : undefined;
  const text = stringOf(value);
  const below = '  '.repeat(depth + 1);
  if (object !== undefined && object.size > 0) {
    yield head;
    yield* linesOf(object, depth + 1);
  } else if (list !== undefined && list.length > 0) {
    yield head;
    for (const item of list) yield* entry(`${below}-`, item, depth + 1);
  } else if (text?.includes('\n') === true) {
    yield head;
    for (const line of text.split('\n')) yield `${below}│ ${visible(line)}`;
  } else {
    yield `${head} ${inline(value)}`;
  }
}

/** Every value that holds no other, by its path. */
function* leaves(raw: RawJson): Generator<readonly [string, RawJson]> {
  let left = MAX_COMPARED;
  function* walk(value: RawJson, path: string, depth: number): Generator<readonly [string, RawJson]> {
    const object = depth < MAX_DEPTH ? members(value) : undefined;
    const list = depth < MAX_DEPTH && object === undefined ? elements(value) : undefined;
    if (left <= 0) return;
    if (object !== undefined && object.size > 0) {
      for (const [key, member] of object) yield* walk(member, path === '' ? nameOf(key) : `${path}.${nameOf(key)}`, depth + 1);
    } else if (list !== undefined && list.length > 0) {
      for (const [i, item] of list.entries()) yield* walk(item, `${path}[${i}]`, depth + 1);
    } else if (path !== '') {
      left--;
      yield [path, value];
    }
  }
  yield* walk(raw, '', 0);
}

/** A plain name as it is; any other in quotes, so that it cannot pass for a name and its value. */
function nameOf(key: string): string {
  return /^[\w$-]+$/.test(key) ? key : visible(JSON.stringify(key));
}

function inline(value: RawJson): string {
  const text = stringOf(value);
  return visible(text === undefined ? value : JSON.stringify(text));
}
