import { oneLine } from '../text.ts';

const MAX_CHANGES = 20;
const MAX_DEPTH = 6;

/** Where two values of JSON differ, one line each: `path: before → after`; at most twenty. */
export function changesBetween(before: unknown, after: unknown): readonly string[] {
  const changes: string[] = [];
  compare('', before, after, 0, changes);
  return changes.slice(0, MAX_CHANGES);
}

function compare(path: string, before: unknown, after: unknown, depth: number, into: string[]): void {
  if (into.length >= MAX_CHANGES || Object.is(before, after)) return;
  if (depth < MAX_DEPTH && isObject(before) && isObject(after) && Array.isArray(before) === Array.isArray(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    for (const key of keys) compare(path === '' ? key : `${path}.${key}`, before[key], after[key], depth + 1, into);
    return;
  }
  const [old, now] = [said(before), said(after)];
  if (old !== now) into.push(`${oneLine(path === '' ? '·' : path, 80)}: ${old} → ${now}`);
}

function said(value: unknown): string {
  return value === undefined ? '∅' : oneLine(JSON.stringify(value), 120);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
