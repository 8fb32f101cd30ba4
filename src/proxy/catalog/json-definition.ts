import { digestOf, NotCanonicalError } from '../json/canonical.ts';
import { isRecord, jsonOf } from '../json/data.ts';
import { exceedsDepth, members, stringOf } from '../json/slice.ts';
import type { Digest, RawJson } from '../model.ts';

export const MAX_DEFINITION_BYTES = 512 * 1024;
const MAX_DEPTH = 64;
export const MAX_NAME_CHARACTERS = 1024;

/** What every definition has, whatever it defines. */
export interface Named {
  /** What tells it from others of its kind: a name, or the URI (template) of a resource. */
  readonly name: string;
  /** The text exactly as received. */
  readonly raw: RawJson;
  readonly digest: Digest;
}

/** Why a definition cannot be served. */
export interface Unreadable {
  readonly name: string | undefined;
  readonly problem: string;
  readonly fix: string;
}

/** A member, what it must be, and the test for that. */
export type MemberRule = readonly [member: string, kind: string, fits: (value: unknown) => boolean];

/** An object that was read, with its identity. */
export interface ReadObject extends Named {
  readonly value: Readonly<Record<string, unknown>>;
}

/** Reads the object a definition is, or tells what is wrong with it as one sentence. Never throws. */
export function readObject(raw: RawJson, key: string, rules: readonly MemberRule[]): ReadObject | string {
  const size = Buffer.byteLength(raw, 'utf8');
  if (size > MAX_DEFINITION_BYTES) return `The definition has ${size} bytes; at most ${MAX_DEFINITION_BYTES} are accepted.`;
  if (exceedsDepth(raw, MAX_DEPTH)) return `The definition is nested deeper than ${MAX_DEPTH} levels.`;
  const value = jsonOf(raw);
  if (!isRecord(value)) return 'The definition is not a JSON object.';
  const name = value[key];
  if (typeof name !== 'string' || name === '') return `The definition has no ${key}.`;
  if (name.length > MAX_NAME_CHARACTERS) return `The ${key} has ${name.length} characters; at most ${MAX_NAME_CHARACTERS} are accepted.`;
  const misfit = misfitIn(value, rules);
  if (misfit !== undefined) return misfit;
  try {
    return { name, raw: detached(raw), digest: digestOf(raw), value };
  } catch (error) {
    if (!(error instanceof NotCanonicalError)) throw error;
    return `The definition has more than one reading: ${error.message}.`;
  }
}

/** The first member that is there and is not what it must be, as a sentence. */
export function misfitIn(value: unknown, rules: readonly MemberRule[], path = ''): string | undefined {
  if (!isRecord(value)) return undefined;
  const misfit = rules.find(([member, , fits]) => isPresent(value[member]) && !fits(value[member]));
  return misfit && `"${path}${misfit[0]}" is not ${misfit[1]}.`;
}

export function isString(value: unknown): value is string {
  return typeof value === 'string';
}

export function isBoolean(value: unknown): value is boolean {
  return typeof value === 'boolean';
}

/** Members that are null count as absent, as many servers write them. */
export function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}

export function optionalString(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** What tells a definition that cannot be read from others, as far as that can be read: for showing. */
export function nameIn(raw: RawJson, key: string): string | undefined {
  try {
    return stringOf(members(raw)?.get(key))?.slice(0, MAX_NAME_CHARACTERS);
  } catch {
    return undefined;
  }
}

/** A copy that does not keep the whole page alive that it was cut from. */
function detached(raw: RawJson): RawJson {
  return Buffer.from(raw, 'utf8').toString('utf8');
}
