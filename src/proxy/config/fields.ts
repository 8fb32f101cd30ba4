import type { Node } from 'jsonc-parser';
import { dictionary } from './dictionary.ts';
import { valueOf } from './jsonc.ts';
import { nearest } from './nearest.ts';
import type { FileReport } from './report.ts';

/*
 * Typed reading of one JSON object. Each reader reports what is wrong with a value and answers undefined for it;
 * whether that costs the whole entry is for the caller (`FileReport.forServer`).
 */

const MAX_QUOTED = 120;

/** A key with its value, both with their place in the file. */
export interface Field {
  readonly key: string;
  readonly keyNode: Node;
  readonly value: Node;
}

/** The members of one object, by key. */
export type Fields = ReadonlyMap<string, Field>;

/** Bounds of a number; `whole` asks for an integer. */
export interface Range {
  readonly min: number;
  readonly max: number;
  readonly whole?: boolean;
}

/** The members of an object, or undefined (reported) when it is none. A repeated key is reported; the last counts. */
export function fieldsOf(report: FileReport, node: Node, what: string): Fields | undefined {
  if (node.type !== 'object') {
    report.error(node, `${what} must be an object, not ${kindOf(node)}.`, 'Write it in braces: { … }.');
    return undefined;
  }
  const fields = new Map<string, Field>();
  for (const property of node.children ?? []) {
    const [keyNode, value] = property.children ?? [];
    // Without a value the syntax is broken, which is reported once for the file.
    if (keyNode === undefined || value === undefined) continue;
    const key = String(keyNode.value);
    const earlier = fields.get(key);
    if (earlier !== undefined) {
      const { line, column } = report.at(earlier.keyNode.offset);
      report.warn(keyNode, `${quote(key)} stands twice: also at line ${line}, column ${column}. The last one counts.`, 'Remove or rename one of them.');
    }
    fields.set(key, { key, keyNode, value });
  }
  return fields;
}

/** Warns about keys that nobody reads, with the nearest known one. They stay in the file untouched. */
export function checkKeys(report: FileReport, fields: Fields, known: readonly string[], foreign?: ReadonlyMap<string, string>): void {
  for (const { key, keyNode } of fields.values()) {
    if (known.includes(key)) continue;
    const near = nearest(key, known);
    const fix = foreign?.get(key) ?? (near === undefined ? `Remove it. Known keys: ${known.join(', ')}.` : `Did you mean ${quote(near)}?`);
    report.warn(keyNode, `Unknown key ${quote(key)}.`, fix);
  }
}

/** A text, not empty unless allowed. */
export function textField(report: FileReport, fields: Fields, key: string, maxLength = 32_768): string | undefined {
  const field = fields.get(key);
  return field === undefined ? undefined : textOf(report, field.value, quote(key), maxLength);
}

export function flagField(report: FileReport, fields: Fields, key: string): boolean | undefined {
  const field = fields.get(key);
  if (field === undefined) return undefined;
  if (field.value.type === 'boolean') return field.value.value === true;
  report.error(field.value, `${quote(key)} must be true or false, not ${kindOf(field.value)}.`, 'Write true or false without quotes.');
  return undefined;
}

export function numberField(report: FileReport, fields: Fields, key: string, range: Range): number | undefined {
  const field = fields.get(key);
  if (field === undefined) return undefined;
  const value: unknown = field.value.value;
  const fits = typeof value === 'number' && value >= range.min && value <= range.max && (range.whole !== true || Number.isInteger(value));
  if (fits) return value;
  const kind = range.whole === true ? 'a whole number' : 'a number';
  report.error(field.value, `${quote(key)} must be ${kind} from ${range.min} to ${range.max}, not ${sample(report, field.value)}.`, `Write ${kind} in that range, without quotes.`);
  return undefined;
}

export function choiceField<T extends string>(report: FileReport, fields: Fields, key: string, choices: readonly T[]): T | undefined {
  const field = fields.get(key);
  if (field === undefined) return undefined;
  const written: unknown = field.value.value;
  const chosen = choices.find((choice) => choice === written);
  if (chosen !== undefined) return chosen;
  const near = typeof written === 'string' ? nearest(written, choices) : undefined;
  report.error(
    field.value,
    `${quote(key)} must be one of ${choices.map(quote).join(', ')}, not ${sample(report, field.value)}.`,
    near === undefined ? `Write ${quote(choices[0] ?? '')}, for example.` : `Did you mean ${quote(near)}?`,
  );
  return undefined;
}

/** A list of texts. */
export function textsField(report: FileReport, fields: Fields, key: string, maxCount = 1_000): readonly string[] | undefined {
  const field = fields.get(key);
  if (field === undefined) return undefined;
  if (field.value.type !== 'array') {
    report.error(field.value, `${quote(key)} must be a list of texts, not ${kindOf(field.value)}.`, 'Write it in brackets: ["…", "…"].');
    return undefined;
  }
  const nodes = field.value.children ?? [];
  if (nodes.length > maxCount) {
    report.error(field.value, `${quote(key)} holds more than ${maxCount} entries.`, 'Remove some.');
    return undefined;
  }
  const texts = nodes.map((node, index) => (node.type === 'string' && node.value === '' ? '' : textOf(report, node, `${quote(key)}[${index}]`)));
  return texts.every((text) => text !== undefined) ? texts : undefined;
}

/** The members of a nested object, or undefined when the key is absent (or reported). */
export function objectField(report: FileReport, fields: Fields, key: string): Fields | undefined {
  const field = fields.get(key);
  return field === undefined ? undefined : fieldsOf(report, field.value, quote(key));
}

/** A section of which all counts or nothing: what `read` makes of it, or undefined when it is absent or holds an error. */
export function soundSection<T>(report: FileReport, fields: Fields, key: string, known: readonly string[], read: (section: Fields) => T | undefined): T | undefined {
  let result: T | undefined;
  const sound = report.withoutErrors(() => {
    const section = objectField(report, fields, key);
    if (section === undefined) return;
    checkKeys(report, section, known);
    result = read(section);
  });
  return sound ? result : undefined;
}

/** A record of values each read by `read`; those it answers undefined for are left out. */
export function recordField<V>(report: FileReport, fields: Fields, key: string, read: (field: Field) => V | undefined): Record<string, V> | undefined {
  const members = objectField(report, fields, key);
  if (members === undefined) return undefined;
  const entries: [string, V][] = [];
  for (const member of members.values()) {
    const value = read(member);
    if (value !== undefined) entries.push([member.key, value]);
  }
  return dictionary(entries);
}

/** Members as plain data, for sections that are kept as written. */
export function plainField(report: FileReport, fields: Fields, key: string): Record<string, unknown> | undefined {
  return recordField(report, fields, key, (member) => valueOf(member.value));
}

/** A text that is not empty; anything else is reported under the name `what`. */
export function textOf(report: FileReport, node: Node, what: string, maxLength = 32_768): string | undefined {
  const value: unknown = node.value;
  if (node.type !== 'string' || typeof value !== 'string') {
    report.error(node, `${what} must be a text, not ${kindOf(node)}.`, node.type === 'number' || node.type === 'boolean' ? `Put it in double quotes: "${report.source(node)}".` : 'Write a text in double quotes.');
    return undefined;
  }
  if (value === '') report.error(node, `${what} is empty.`, 'Write a value, or remove the key.');
  else if (value.length > maxLength) report.error(node, `${what} is longer than ${maxLength} characters.`, 'Shorten it.');
  else if (value.includes('\0')) report.error(node, `${what} holds a NUL character.`, 'Remove it.');
  else return value;
  return undefined;
}

/** What a node is, in words. */
export function kindOf(node: Node): string {
  switch (node.type) {
    case 'string':
      return 'a text';
    case 'array':
      return 'a list';
    case 'object':
      return 'an object';
    case 'null':
      return 'null';
    default:
      return `a ${node.type}`;
  }
}

/** A key or value for a message: in quotes, and cut when it is longer than anybody would read. */
export function quote(text: string): string {
  return JSON.stringify(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text);
}

function sample(report: FileReport, node: Node): string {
  const source = report.source(node);
  return source.length > 40 || node.type === 'object' || node.type === 'array' ? kindOf(node) : source;
}
