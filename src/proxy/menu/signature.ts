import type { CatalogTool } from '../catalog/types.ts';
import { plainLine } from './plain-line.ts';

const MAX_SENTENCE = 200;
const MAX_PARAMETERS = 16;
const MAX_CHOICES = 8;
const MAX_VALUE = 40;

/**
 * One line an agent can call from (contract §4): `server:tool(owner*: string, state: open|closed = open) — first
 * sentence`, then only what sets the tool apart: `[read]` for call_tool_read, and risks its definition admits.
 * What does not fit is marked by `…`; describe_tool has the rest.
 */
export function signatureLine(tool: CatalogTool): string {
  const sentence = firstSentence(tool.description);
  const marks = marksOf(tool);
  return `${plainLine(tool.id)}(${parametersOf(tool.inputSchema)})${sentence === '' ? '' : ` — ${sentence}`}${marks}`;
}

function marksOf(tool: CatalogTool): string {
  const marks: string[] = [];
  if (tool.tier === 'read') marks.push('read');
  // Unannotated tools count as destructive but say nothing of it: the word is kept for those that do.
  if (tool.annotations.destructiveHint === true && tool.tier === 'destructive') marks.push('destructive');
  if (tool.annotations.openWorldHint === true) marks.push('open-world');
  return marks.length === 0 ? '' : ` [${marks.join(', ')}]`;
}

/** The first sentence of a description, at most 200 characters, on one line. */
export function firstSentence(description: string): string {
  // Bounded before anything reads it: descriptions are an upstream's to choose.
  const line = plainLine(description.slice(0, 2_000).trimStart().split('\n', 1)[0] ?? '');
  const end = /[.!?](?=\s)|[。！？]/u.exec(line);
  const sentence = end === null ? line : line.slice(0, end.index + 1);
  return sentence.length <= MAX_SENTENCE ? sentence.replace(/\.$/, '') : `${sentence.slice(0, MAX_SENTENCE - 1).trimEnd()}…`;
}

function parametersOf(schema: Readonly<Record<string, unknown>>): string {
  const properties = recordOf(schema['properties']);
  const required = new Set(Array.isArray(schema['required']) ? schema['required'] : []);
  const names = [...properties.keys()];
  // Required ones first: they are what a call cannot do without.
  names.sort((a, b) => Number(required.has(b)) - Number(required.has(a)));
  const shown = names.slice(0, MAX_PARAMETERS).map((name) => {
    const property = recordOf(properties.get(name));
    const star = required.has(name) ? '*' : '';
    const fallback = defaultOf(property.get('default'));
    return `${plainLine(name)}${star}: ${typeOf(property, 0)}${fallback}`;
  });
  if (names.length > MAX_PARAMETERS) shown.push('…');
  return shown.join(', ');
}

function typeOf(property: ReadonlyMap<string, unknown>, depth: number): string {
  const choices = property.get('enum');
  if (Array.isArray(choices) && choices.length > 0) {
    const shown = choices.slice(0, MAX_CHOICES).map((choice) => valueOf(choice));
    return shown.join('|') + (choices.length > MAX_CHOICES ? '|…' : '');
  }
  if (property.has('const')) return valueOf(property.get('const'));
  const type = property.get('type');
  if (type === 'array') {
    const items = recordOf(property.get('items'));
    return depth < 2 && items.size > 0 ? `${typeOf(items, depth + 1)}[]` : 'array';
  }
  if (typeof type === 'string') return plainLine(type.slice(0, MAX_VALUE));
  if (Array.isArray(type)) {
    const shown = type.filter((name): name is string => typeof name === 'string' && name !== 'null');
    return shown.map((name) => plainLine(name.slice(0, MAX_VALUE))).join('|') || 'any';
  }
  const alternatives = property.get('anyOf') ?? property.get('oneOf');
  if (Array.isArray(alternatives) && depth < 2) {
    const shown = new Set(alternatives.slice(0, MAX_CHOICES).map((option) => typeOf(recordOf(option), depth + 1)));
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
