import { digestOf, NotCanonicalError } from '../json/canonical.ts';
import { exceedsDepth, members, stringOf } from '../json/slice.ts';
import type { Digest, RawJson, Tier } from '../model.ts';
import type { ToolAnnotations } from './types.ts';

export const MAX_DEFINITION_BYTES = 512 * 1024;
const MAX_DEPTH = 64;
const MAX_NAME_CHARACTERS = 1024;

/** A tool definition as one upstream sends it, without its place among others. Immutable. */
export interface Definition {
  readonly name: string;
  readonly raw: RawJson;
  readonly digest: Digest;
  readonly title: string | undefined;
  readonly description: string;
  readonly inputSchema: Readonly<Record<string, unknown>>;
  readonly annotations: ToolAnnotations;
  readonly tier: Tier;
}

/** Why a definition cannot be served. */
export interface Unreadable {
  readonly name: string | undefined;
  readonly problem: string;
  readonly fix: string;
}

const NO_ARGUMENTS: Readonly<Record<string, unknown>> = Object.freeze({ type: 'object' });
const REPORT = "Report this to the server's author; its other tools are not affected.";

/** A member, what it must be, and the test for that. */
type Kind = readonly [member: string, kind: string, fits: (value: unknown) => boolean];

// What clients' own validation insists on: one wrong member makes them refuse the server's whole list.
const MEMBERS: readonly Kind[] = [
  ['title', 'a string', isString],
  ['description', 'a string', isString],
  ['annotations', 'an object', isRecord],
  ['outputSchema', 'an object', isRecord],
  ['icons', 'an array', Array.isArray],
  ['_meta', 'an object', isRecord],
];
const HINTS: readonly Kind[] = [
  ['title', 'a string', isString],
  ...['readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint'].map((hint): Kind => [hint, 'true or false', isBoolean]),
];
const SCHEMA: readonly Kind[] = [
  ['type', '"object"', (value) => value === 'object'],
  ['properties', 'an object', isRecord],
  ['required', 'an array of strings', (value) => Array.isArray(value) && value.every(isString)],
];

/**
 * Reads one definition, leniently about what it may hold and strictly about what must have one meaning: a definition
 * two readers could understand differently is not served (security D10). Optional members that are null count as
 * absent, as many servers write them.
 */
export function readDefinition(raw: RawJson): Definition | Unreadable {
  const problem = (text: string, fix = REPORT): Unreadable => ({ name: nameIn(raw), problem: text, fix });
  const size = Buffer.byteLength(raw, 'utf8');
  if (size > MAX_DEFINITION_BYTES) return problem(`The definition has ${size} bytes; at most ${MAX_DEFINITION_BYTES} are accepted.`);
  if (exceedsDepth(raw, MAX_DEPTH)) return problem(`The definition is nested deeper than ${MAX_DEPTH} levels.`);
  const value = parse(raw);
  if (!isRecord(value)) return problem('The definition is not a JSON object.');
  const { name, inputSchema = NO_ARGUMENTS } = value;
  if (typeof name !== 'string' || name === '') return problem('The definition has no name.');
  if (name.length > MAX_NAME_CHARACTERS) return problem(`The name has ${name.length} characters; at most ${MAX_NAME_CHARACTERS} are accepted.`);
  if (!isRecord(inputSchema)) return problem('"inputSchema" is not an object.');
  const misfit = misfitIn(value, MEMBERS) ?? misfitIn(value['annotations'], HINTS, 'annotations.') ?? misfitIn(inputSchema, SCHEMA, 'inputSchema.');
  if (misfit !== undefined) return problem(misfit);
  let digest: Digest;
  try {
    digest = digestOf(raw);
  } catch (error) {
    if (!(error instanceof NotCanonicalError)) throw error;
    return problem(`The definition has more than one reading: ${error.message}.`);
  }
  const annotations = annotationsOf(value['annotations']);
  return {
    name,
    raw: detached(raw),
    digest,
    title: optionalString(value['title']) ?? annotations.title,
    description: optionalString(value['description']) ?? '',
    inputSchema: deepFreeze(inputSchema),
    annotations,
    tier: tierOf(annotations),
  };
}

/** True when `readDefinition` could read it. */
export function isReadable(result: Definition | Unreadable): result is Definition {
  return 'digest' in result;
}

function misfitIn(value: unknown, kinds: readonly Kind[], path = ''): string | undefined {
  if (!isRecord(value)) return undefined;
  const misfit = kinds.find(([member, , fits]) => isPresent(value[member]) && !fits(value[member]));
  return misfit && `"${path}${misfit[0]}" is not ${misfit[1]}.`;
}

/** What a tool may do as far as its definition says; unannotated counts as destructive. */
function tierOf(annotations: ToolAnnotations): Tier {
  if (annotations.readOnlyHint === true) return 'read';
  return annotations.destructiveHint === false ? 'write' : 'destructive';
}

function annotationsOf(value: unknown): ToolAnnotations {
  const claims = isRecord(value) ? HINTS.map(([hint]) => [hint, value[hint]] as const) : [];
  return Object.freeze(Object.fromEntries(claims.filter(([, claim]) => isPresent(claim))));
}

/** The name in a definition that is not read otherwise, for showing. */
function nameIn(raw: RawJson): string | undefined {
  try {
    return stringOf(members(raw)?.get('name'))?.slice(0, MAX_NAME_CHARACTERS);
  } catch {
    return undefined;
  }
}

function parse(raw: RawJson): unknown {
  try {
    return JSON.parse(raw);
  } catch {
    return undefined;
  }
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
}

function isBoolean(value: unknown): value is boolean {
  return typeof value === 'boolean';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function optionalString(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** A copy that does not keep the whole page alive that it was cut from. */
function detached(raw: RawJson): RawJson {
  return Buffer.from(raw, 'utf8').toString('utf8');
}

/** Recursion is bounded by the depth limit. */
function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}
