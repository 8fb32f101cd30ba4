import { terms } from './analyse.ts';
import { GENERIC_SERVER_WORDS } from './lexicon/generic-words.ts';
import { brandWords } from './lexicon/lexicon.ts';
import type { SearchDocument } from './types.ts';
import { FIELDS, type Field } from './weights.ts';
import { isRecord } from '../json/data.ts';

/**
 * How much of each text is read, in UTF-16 units. The limits also bound what stuffing a definition with keywords can
 * gain: what comes after them does not count, and what comes before dilutes itself.
 */
const MAX_NAME = 128;
const MAX_TITLE = 40;
const MAX_DESCRIPTION = 300;
const MAX_PARAMETERS = 600;
const MAX_PARAMETER_COUNT = 64;
/** A server's key was chosen by a person, its title by the server. */
const MAX_BRANDS = 3;
const MAX_TITLE_BRANDS = 1;

/** The terms of each field of a tool's definition. */
export type FieldTerms = Readonly<Record<Field, readonly string[]>>;

/** The fields that all tools of a server share. */
export type ServerTerms = Pick<FieldTerms, 'server' | 'brand'>;

/** What a server's key and title say, and what the products they name are known for. */
export function serverTerms(name: string, title: string | undefined): ServerTerms {
  const shownTitle = (title ?? '').slice(0, MAX_TITLE);
  const server = unique([...terms(name, MAX_NAME), ...terms(shownTitle, MAX_TITLE)]).filter((term) => !GENERIC_SERVER_WORDS.has(term));
  const brand = unique([...brandWords(name.slice(0, MAX_NAME), MAX_BRANDS), ...brandWords(shownTitle, MAX_TITLE_BRANDS)]);
  return { server, brand: brand.filter((term) => !server.includes(term)) };
}

/** A tool's definition as terms per field. Bounded by the limits above whatever the definition holds. */
export function fieldTerms(document: SearchDocument, shared: ServerTerms): FieldTerms {
  const parameters = parameterTexts(document.inputSchema);
  return {
    ...shared,
    name: terms(document.name, MAX_NAME),
    description: terms(`${(document.title ?? '').slice(0, MAX_TITLE)}\n${document.description}`, MAX_DESCRIPTION),
    parameters: terms(parameters.names, MAX_PARAMETERS),
    'parameter text': terms(parameters.texts, MAX_PARAMETERS),
  };
}

/** BM25F's weighted frequency of each term over all fields, before saturation. */
export function weightedFrequencies(fields: FieldTerms): Map<string, number> {
  const sum = new Map<string, number>();
  for (const field of FIELD_NAMES) {
    const share = occurrenceWeight(field, fields[field].length);
    for (const term of fields[field]) sum.set(term, (sum.get(term) ?? 0) + share);
  }
  return sum;
}

/** What one occurrence of a term weighs in a field of `length` terms. */
export function occurrenceWeight(field: Field, length: number): number {
  const { weight, lengthNorm, usualLength } = FIELDS[field];
  return weight / (1 - lengthNorm + (lengthNorm * length) / usualLength);
}

export const FIELD_NAMES = Object.keys(FIELDS) as readonly Field[];

function unique(list: readonly string[]): string[] {
  return [...new Set(list)];
}

function parameterTexts(schema: Readonly<Record<string, unknown>>): { readonly names: string; readonly texts: string } {
  const properties = schema['properties'];
  if (!isRecord(properties)) return { names: '', texts: '' };
  const names: string[] = [];
  const texts: string[] = [];
  for (const [name, property] of Object.entries(properties).slice(0, MAX_PARAMETER_COUNT)) {
    names.push(name);
    if (!isRecord(property)) continue;
    if (typeof property['description'] === 'string') texts.push(property['description'].slice(0, MAX_PARAMETERS));
    if (Array.isArray(property['enum'])) texts.push(...property['enum'].slice(0, MAX_PARAMETER_COUNT).filter((value) => typeof value === 'string'));
  }
  return { names: names.join(' '), texts: texts.join(' ') };
}
