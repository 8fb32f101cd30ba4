import type { RawJson } from '../model.ts';
import { isRecord } from '../json/data.ts';
import { isString, misfitIn, nameIn, optionalString, readObject, type MemberRule, type Named, type Unreadable } from './json-definition.ts';

/** A prompt, resource or resource template as one upstream sends it, without its place among others. Immutable. */
export interface ContentDefinition extends Named {
  readonly title: string | undefined;
  readonly description: string;
}

// What clients' own validation insists on: one wrong member makes them refuse the server's whole list.
const COMMON: readonly MemberRule[] = [
  ['title', 'a string', isString],
  ['description', 'a string', isString],
  ['icons', 'an array', Array.isArray],
  ['_meta', 'an object', isRecord],
];
const PROMPT: readonly MemberRule[] = [...COMMON, ['arguments', 'an array of objects', (value) => Array.isArray(value) && value.every(isRecord)]];
const ARGUMENT: readonly MemberRule[] = [
  ['name', 'a string', isString],
  ['title', 'a string', isString],
  ['description', 'a string', isString],
  ['required', 'true or false', (value) => typeof value === 'boolean'],
];
const RESOURCE: readonly MemberRule[] = [
  ...COMMON,
  ['name', 'a string', isString],
  ['mimeType', 'a string', isString],
  ['annotations', 'an object', isRecord],
];

/** Reads one prompt definition (MCP, prompts/list). */
export function readPrompt(raw: RawJson): ContentDefinition | Unreadable {
  return readContent(raw, 'name', PROMPT, ({ arguments: declared }) =>
    Array.isArray(declared) ? declared.map(misfitInArgument).find((misfit) => misfit !== undefined) : undefined,
  );
}

function misfitInArgument(argument: unknown): string | undefined {
  const named = isRecord(argument) && isString(argument['name']);
  return named ? misfitIn(argument, ARGUMENT, 'arguments.') : 'An argument has no name.';
}

/** Reads one resource definition (MCP, resources/list); its name here is its URI. */
export function readResource(raw: RawJson): ContentDefinition | Unreadable {
  return readContent(raw, 'uri', [...RESOURCE, ['size', 'a number', (value) => typeof value === 'number']]);
}

/** Reads one resource template (MCP, resources/templates/list); its name here is its `uriTemplate`. */
export function readTemplate(raw: RawJson): ContentDefinition | Unreadable {
  return readContent(raw, 'uriTemplate', RESOURCE);
}

function readContent(
  raw: RawJson,
  key: string,
  rules: readonly MemberRule[],
  check: (value: Readonly<Record<string, unknown>>) => string | undefined = () => undefined,
): ContentDefinition | Unreadable {
  const read = readObject(raw, key, rules);
  const problem = typeof read === 'string' ? read : check(read.value);
  if (typeof read === 'string' || problem !== undefined) {
    return { name: nameIn(raw, key), problem: problem ?? '', fix: "Report this to the server's author; what else it offers is not affected." };
  }
  const { title, description } = read.value;
  return { name: read.name, raw: read.raw, digest: read.digest, title: optionalString(title), description: optionalString(description) ?? '' };
}
