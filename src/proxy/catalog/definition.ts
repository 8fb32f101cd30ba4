import type { RawJson, Tier } from '../model.ts';
import { headerProblemOf } from './header-params.ts';
import { isRecord } from '../json/data.ts';
import { isBoolean, isPresent, isString, misfitIn, nameIn, optionalString, readObject, type MemberRule, type Named, type Unreadable } from './json-definition.ts';
import type { ToolAnnotations } from './types.ts';

/** A tool definition as one upstream sends it, without its place among others. Immutable. */
export interface Definition extends Named {
  readonly title: string | undefined;
  readonly description: string;
  readonly inputSchema: Readonly<Record<string, unknown>>;
  readonly annotations: ToolAnnotations;
  readonly tier: Tier;
}

const NO_ARGUMENTS: Readonly<Record<string, unknown>> = Object.freeze({ type: 'object' });
const REPORT = "Report this to the server's author; its other tools are not affected.";

// What clients' own validation insists on: one wrong member makes them refuse the server's whole list.
const MEMBERS: readonly MemberRule[] = [
  ['title', 'a string', isString],
  ['description', 'a string', isString],
  ['annotations', 'an object', isRecord],
  ['outputSchema', 'an object', isRecord],
  ['icons', 'an array', Array.isArray],
  ['_meta', 'an object', isRecord],
];
const HINTS: readonly MemberRule[] = [
  ['title', 'a string', isString],
  ...['readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint'].map((hint): MemberRule => [hint, 'true or false', isBoolean]),
];
const SCHEMA: readonly MemberRule[] = [
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
  const problem = (text: string, fix = REPORT): Unreadable => ({ name: nameIn(raw, 'name'), problem: text, fix });
  const read = readObject(raw, 'name', MEMBERS);
  if (typeof read === 'string') return problem(read);
  const { inputSchema = NO_ARGUMENTS, annotations: claims, title, description } = read.value;
  if (!isRecord(inputSchema)) return problem('"inputSchema" is not an object.');
  const misfit = misfitIn(claims, HINTS, 'annotations.') ?? misfitIn(inputSchema, SCHEMA, 'inputSchema.');
  if (misfit !== undefined) return problem(misfit);
  const badHeader = raw.includes('x-mcp-header') ? headerProblemOf(inputSchema) : undefined;
  if (badHeader !== undefined) return problem(badHeader);
  const annotations = annotationsOf(claims);
  return {
    name: read.name,
    raw: read.raw,
    digest: read.digest,
    title: optionalString(title) ?? annotations.title,
    description: optionalString(description) ?? '',
    inputSchema: deepFreeze(inputSchema),
    annotations,
    tier: tierOf(annotations),
  };
}

/** True when a definition could be read. */
export function isReadable<T extends Named>(result: T | Unreadable): result is T {
  return 'digest' in result;
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

/** Freezes a value that was parsed; recursion is bounded by the depth limit. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}
