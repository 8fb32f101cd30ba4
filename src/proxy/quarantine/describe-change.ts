import { digestOf } from '../json/canonical.ts';
import { exceedsDepth, members } from '../json/slice.ts';
import type { Digest, RawJson } from '../model.ts';

const MAX_PATHS = 50;
const MAX_TOKEN = 100;
const MAX_DEPTH = 64;

/**
 * Where two definitions differ, for the record: `+ pointer` was added, `- pointer` removed, `~ pointer` changed
 * (RFC 6901). At most fifty, the last then `…`. Values are left out: they are in the approved texts.
 */
export function describeChange(before: RawJson, after: RawJson): readonly string[] {
  if (exceedsDepth(before, MAX_DEPTH) || exceedsDepth(after, MAX_DEPTH)) return ['~ '];
  const paths: string[] = [];
  for (const name of changedMembers(before, after)) {
    const [was, is] = [members(before)?.get(name), members(after)?.get(name)];
    compare(was === undefined ? undefined : JSON.parse(was), is === undefined ? undefined : JSON.parse(is), `/${token(name)}`, paths);
    // Numbers that JavaScript cannot tell apart are different definitions all the same.
    if (!paths.some((path) => path.slice(2).startsWith(`/${token(name)}`))) paths.push(`~ /${token(name)}`);
  }
  if (paths.length === 0 && !sameText(before, after)) paths.push('~ ');
  return paths.length > MAX_PATHS ? [...paths.slice(0, MAX_PATHS - 1), '…'] : paths;
}

/** True when nothing but the text of its description differs. */
export function isDescriptionOnly(before: RawJson, after: RawJson): boolean {
  const changed = changedMembers(before, after);
  return changed.length === 1 && changed[0] === 'description' && [before, after].every((raw) => members(raw)?.get('description')?.startsWith('"') === true);
}

/** Names of the members that differ, exactly as digests do. */
function changedMembers(before: RawJson, after: RawJson): readonly string[] {
  const [was, is] = [digestsOf(before), digestsOf(after)];
  return [...new Set([...was.keys(), ...is.keys()])].filter((key) => was.get(key) !== is.get(key));
}

function digestsOf(raw: RawJson): ReadonlyMap<string, Digest> {
  return new Map([...(members(raw) ?? [])].map(([key, value]) => [key, digestOf(value)]));
}

function compare(was: unknown, is: unknown, path: string, paths: string[]): void {
  if (paths.length > MAX_PATHS) return;
  if (was === undefined || is === undefined) paths.push(`${was === undefined ? '+' : '-'} ${path}`);
  else if (isContainer(was) && isContainer(is) && Array.isArray(was) === Array.isArray(is)) {
    const [old, now] = [new Map(Object.entries(was)), new Map(Object.entries(is))];
    for (const key of new Set([...old.keys(), ...now.keys()])) compare(old.get(key), now.get(key), `${path}/${token(key)}`, paths);
  } else if (was !== is) paths.push(`~ ${path}`);
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function token(key: string): string {
  return key.slice(0, MAX_TOKEN).replaceAll('~', '~0').replaceAll('/', '~1');
}

function sameText(before: RawJson, after: RawJson): boolean {
  return digestOf(before) === digestOf(after);
}
