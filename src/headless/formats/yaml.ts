import type { Node } from 'jsonc-parser';
import { isAlias, isMap, isNode, isScalar, isSeq, parseDocument, type Alias, type Node as YamlNode } from 'yaml';
import { MAX_DEPTH, readWith, Unreadable, type JsoncDocument } from '../../proxy/config/jsonc.ts';

/** Values of a file, those that aliases repeat counted each time. */
const MAX_NODES = 100_000;

/**
 * Reads YAML 1.2 as what JSON with comments is read as, with places in its text. Anchors and aliases count; tags of other
 * kinds of values do not.
 */
export function readYaml(content: string, file: string): JsoncDocument {
  return readWith(content, file, (text) => {
    const document = parseDocument(text, { prettyErrors: false, uniqueKeys: false, merge: false, resolveKnownTags: false });
    const [error] = document.errors;
    if (error !== undefined) throw new Unreadable(error.pos[0], `This is not YAML: ${error.message}`, 'Mend the line; indentation is of spaces, and a text with ": " or "#" in it stands in quotes.');
    return document.contents === null ? undefined : new Tree().node(document.contents, 0, 0);
  });
}

class Tree {
  #nodes = 0;
  /** The latest node of each anchor so far: an alias that asked the library for its own would walk the whole file. */
  readonly #anchors = new Map<string, YamlNode>();
  /** What each alias meant where it stands: when it is repeated by another one, its anchor may stand for something else. */
  readonly #meant = new Map<Alias, YamlNode>();
  /** How many aliases are being followed. */
  #following = 0;

  /** @param at where it stands that has no place of its own, such as what is left out after a colon */
  node(value: unknown, at: number, depth: number): Node {
    const range = (value as { readonly range?: readonly [number, number, number] | null } | null)?.range;
    const offset = range?.[0] ?? at;
    const length = Math.max(0, (range?.[1] ?? offset) - offset);
    if (depth > MAX_DEPTH) throw new Unreadable(offset, `Objects and lists are nested deeper than ${MAX_DEPTH} levels here.`, 'Remove the nesting.');
    if (++this.#nodes > MAX_NODES) throw new Unreadable(offset, `The file holds more than ${MAX_NODES} values.`, 'Repeat less with aliases.');
    if (isAlias(value)) {
      const named = this.#meant.get(value) ?? this.#anchors.get(value.source);
      if (named === undefined) throw new Unreadable(offset, `There is no anchor ${JSON.stringify(value.source)} before this.`, 'Write the value itself, or the anchor first.');
      this.#meant.set(value, named);
      this.#following++;
      const node = { ...this.node(named, offset, depth + 1), offset, length };
      this.#following--;
      return node;
    }
    if (this.#following === 0 && isNode(value) && value.anchor !== undefined) this.#anchors.set(value.anchor, value);
    if (isSeq(value)) return { type: 'array', offset, length, children: value.items.map((item) => this.node(item, offset, depth + 1)) };
    if (isMap(value)) {
      const children = value.items.map(({ key, value: member }): Node => {
        const name = this.node(key, offset, depth + 1);
        if (name.children !== undefined) throw new Unreadable(name.offset, 'A key is a text.', 'Write a name before the colon.');
        const keyNode: Node = { type: 'string', value: String(name.value), offset: name.offset, length: name.length };
        const valueNode = this.node(member, name.offset + name.length, depth + 1);
        return { type: 'property', offset: name.offset, length: Math.max(name.length, valueNode.offset + valueNode.length - name.offset), children: [keyNode, valueNode] };
      });
      return { type: 'object', offset, length, children };
    }
    return { ...scalar(isScalar(value) ? value.value : null), offset, length };
  }
}

function scalar(value: unknown): Pick<Node, 'type' | 'value'> {
  if (value === null || value === undefined) return { type: 'null', value: null };
  if (typeof value === 'boolean') return { type: 'boolean', value };
  if (typeof value === 'number' && Number.isFinite(value)) return { type: 'number', value };
  return { type: 'string', value: typeof value === 'string' ? value : JSON.stringify(value) };
}
