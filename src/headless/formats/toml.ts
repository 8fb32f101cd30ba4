import type { Node } from 'jsonc-parser';
import { parse, TomlDate, TomlError } from 'smol-toml';
import { MAX_DEPTH, readWith, Unreadable, type JsoncDocument } from '../../proxy/config/jsonc.ts';
import { pathKey, placesIn, type Place } from './toml-places.ts';

/** Reads TOML 1.0 as what JSON with comments is read as; what is wrong in a value is told where its key stands. */
export function readToml(content: string, file: string): JsoncDocument {
  return readWith(content, file, (text) => {
    const values = parsed(text);
    return new Tree(placesIn(text)).node(values, [], { key: 0, keyLength: 0, value: 0, valueLength: 0 });
  });
}

function parsed(text: string): unknown {
  try {
    return parse(text, { maxDepth: MAX_DEPTH + 1 });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const offset = text.split('\n').slice(0, error.line - 1).reduce((sum, line) => sum + line.length + 1, 0) + Math.max(0, error.column - 1);
    const [first = ''] = error.message.split('\n');
    throw new Unreadable(offset, `This is not TOML: ${first.replace(/^Invalid TOML document: /, '')}`, 'Mend the line: a key, "=", and a value; texts stand in quotes.');
  }
}

class Tree {
  readonly #places: ReadonlyMap<string, Place>;

  constructor(places: ReadonlyMap<string, Place>) {
    this.#places = places;
  }

  /** @param around the place of what it stands in, which is its own where it has none */
  node(value: unknown, path: readonly (string | number)[], around: Place): Node {
    const place = this.#places.get(pathKey(path)) ?? around;
    const here = { offset: place.value, length: place.valueLength };
    if (path.length > 2 * MAX_DEPTH) throw new Unreadable(here.offset, `Tables are nested deeper than ${MAX_DEPTH} levels here.`, 'Remove the nesting.');
    if (Array.isArray(value)) return { type: 'array', ...here, children: value.map((item, i) => this.node(item, [...path, i], place)) };
    if (typeof value === 'object' && value !== null && !(value instanceof TomlDate)) {
      const children = Object.entries(value).map(([key, member]): Node => {
        const valueNode = this.node(member, [...path, key], place);
        const own = this.#places.get(pathKey([...path, key])) ?? place;
        return { type: 'property', offset: own.key, length: own.keyLength, children: [{ type: 'string', value: key, offset: own.key, length: own.keyLength }, valueNode] };
      });
      return { type: 'object', ...here, children };
    }
    if (typeof value === 'boolean') return { type: 'boolean', value, ...here };
    if (typeof value === 'number' && Number.isFinite(value)) return { type: 'number', value, ...here };
    return { type: 'string', value: value instanceof TomlDate ? value.toISOString() : String(value), ...here };
  }
}
