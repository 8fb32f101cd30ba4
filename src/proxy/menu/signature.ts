import type { CatalogTool } from '../catalog/types.ts';
import { resolveReference } from './local-reference.ts';
import { plainLine } from './plain-line.ts';

const MAX_SENTENCE = 200;
/** Optional parameters are named while there are fewer than this in all. */
const MAX_PARAMETERS = 10;
const MAX_REQUIRED = 20;
const MAX_CHOICES = 8;
const MAX_VALUE = 40;
const MAX_DEPTH = 2;
/** A full stop after one of these ends no sentence. */
const ABBREVIATION = /(?:^|[\s(])(?:e\.g|i\.e|etc|vs|cf|approx|incl|no|st|dr|mr|ms)\.$/i;

type Schema = Readonly<Record<string, unknown>>;

/**
 * One line an agent can call from (contract §4): `server:tool(owner*: string, state: open|closed = open) — first
 * sentence`, then in brackets only what differs from a plain tool: `call_tool_read` where that may call it, and
 * the risks its definition admits. What does not fit is marked by `…`; describe_tool has the rest.
 */
export function signatureLine(tool: CatalogTool): string {
  const sentence = firstSentence(tool.description);
  const marks = marksOf(tool);
  return `${plainLine(tool.id)}(${parametersOf(tool.inputSchema)})${sentence === '' ? '' : ` — ${sentence}`}${marks}`;
}

function marksOf(tool: CatalogTool): string {
  const marks: string[] = [];
  if (tool.tier === 'read') marks.push('call_tool_read');
  // Unannotated tools count as destructive but say nothing of it: the word is kept for those that do.
  if (tool.annotations.destructiveHint === true && tool.tier === 'destructive') marks.push('destructive');
  if (tool.annotations.openWorldHint === true) marks.push('open-world');
  return marks.length === 0 ? '' : ` [${marks.join(', ')}]`;
}

/** The first sentence of a description, at most 200 characters, on one line. */
export function firstSentence(description: string): string {
  // Bounded before anything reads it: descriptions are an upstream's to choose.
  const line = plainLine(description.slice(0, 2_000).trimStart().split('\n', 1)[0] ?? '');
  const sentence = line.slice(0, sentenceEnd(line));
  return sentence.length <= MAX_SENTENCE ? sentence.replace(/\.$/, '') : `${sentence.slice(0, MAX_SENTENCE - 1).trimEnd()}…`;
}

function sentenceEnd(line: string): number {
  for (const match of line.matchAll(/[.!?](?=\s)|[。！？]/gu)) {
    const end = match.index + match[0].length;
    if (!ABBREVIATION.test(line.slice(Math.max(0, end - 10), end))) return end;
  }
  return line.length;
}

function parametersOf(schema: Schema): string {
  const properties = recordOf(schema['properties']);
  const listed = Array.isArray(schema['required']) ? schema['required'].filter((name): name is string => typeof name === 'string') : [];
  const isRequired = new Set(listed.filter((name) => properties.has(name)));
  // Required ones first: they are what a call cannot do without.
  const required = [...properties.keys()].filter((name) => isRequired.has(name)).slice(0, MAX_REQUIRED);
  const optional = [...properties.keys()].filter((name) => !isRequired.has(name)).slice(0, Math.max(0, MAX_PARAMETERS - required.length));
  const shown = [...required, ...optional].map((name) => {
    const property = recordOf(resolveReference(schema, properties.get(name)));
    return `${plainLine(name.slice(0, MAX_VALUE))}${isRequired.has(name) ? '*' : ''}: ${typeOf(property, schema, 0)}${defaultOf(property.get('default'))}`;
  });
  if (shown.length < properties.size) shown.push('…');
  return shown.join(', ');
}

function typeOf(property: ReadonlyMap<string, unknown>, schema: Schema, depth: number): string {
  const inner = (node: unknown): string => typeOf(recordOf(resolveReference(schema, node)), schema, depth + 1);
  const choices = property.get('enum');
  if (Array.isArray(choices) && choices.length > 0) {
    const shown = choices.slice(0, MAX_CHOICES).map((choice) => valueOf(choice));
    return shown.join('|') + (choices.length > MAX_CHOICES ? '|…' : '');
  }
  if (property.has('const')) return valueOf(property.get('const'));
  const type = property.get('type');
  if (type === 'array') {
    if (depth >= MAX_DEPTH || recordOf(property.get('items')).size === 0) return 'array';
    const items = inner(property.get('items'));
    return items.includes('|') ? `(${items})[]` : `${items}[]`;
  }
  if (typeof type === 'string') return plainLine(type.slice(0, MAX_VALUE));
  if (Array.isArray(type)) {
    const shown = type.slice(0, MAX_CHOICES).filter((name): name is string => typeof name === 'string' && name !== 'null');
    return shown.map((name) => plainLine(name.slice(0, MAX_VALUE))).join('|') || 'any';
  }
  const alternatives = property.get('anyOf') ?? property.get('oneOf');
  if (Array.isArray(alternatives) && depth < MAX_DEPTH) {
    const shown = new Set(alternatives.slice(0, MAX_CHOICES).map(inner));
    shown.delete('null');
    return [...shown].join('|') || 'any';
  }
  return property.has('properties') ? 'object' : 'any';
}

function defaultOf(value: unknown): string {
  if (value === undefined || value === null || typeof value === 'object' || value === '') return '';
  return ` = ${valueOf(value)}`;
}

function valueOf(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) as string | undefined) ?? 'null';
  return plainLine(text.length <= MAX_VALUE ? text : `${text.slice(0, MAX_VALUE - 1)}…`);
}

function recordOf(value: unknown): ReadonlyMap<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? new Map(Object.entries(value)) : new Map();
}
