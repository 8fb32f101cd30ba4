import type { Node } from 'jsonc-parser';
import { append, remove, replace } from '../config/jsonc-edit.ts';
import { readJsonc, valueOf } from '../config/jsonc.ts';
import { VestibuleError } from '../errors.ts';
import type { ListEdit } from './edit.ts';

/** Clients keep more than servers in these files: histories and settings of years. In UTF-16 code units. */
const MAX_LENGTH = 16 * 1_048_576;

/** Edits of a client's list in JSON, comments and everything else left as they are. */
export const jsonEdit: ListEdit = {
  set(text, { path, member }, name, entry) {
    if (text.trim() === '') return `${JSON.stringify(nested([...member, name], entry), undefined, 2)}\n`;
    let node = rootOf(text, path);
    for (const [depth, key] of member.entries()) {
      const value = memberOf(node, key)?.children?.[1];
      if (value === undefined) return append(text, node, key, nested([...member.slice(depth + 1), name], entry));
      node = objectAt(value, text, path, key);
    }
    const present = memberOf(node, name)?.children?.[1];
    return present === undefined ? append(text, node, name, entry) : replace(text, present, entry);
  },

  get(text, { path, member }, name) {
    const found = text.trim() === '' ? undefined : listOf(rootOf(text, path), member);
    const value = found === undefined ? undefined : memberOf(found, name)?.children?.[1];
    return value === undefined ? undefined : valueOf(value);
  },

  remove(text, { path, member }, name) {
    const list = listOf(rootOf(text, path), member);
    const present = list === undefined ? undefined : memberOf(list, name);
    return list === undefined || present === undefined ? text : remove(text, list, present);
  },
};

function nested(keys: readonly string[], value: unknown): unknown {
  return keys.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
}

/** An edit of broken text could land anywhere. */
function rootOf(text: string, path: string): Node {
  const { root, broken, at } = readJsonc(text, path, MAX_LENGTH);
  if (broken !== undefined) {
    throw new VestibuleError('bad-config', `${path} cannot be edited: ${broken.message}`, { action: broken.fix, at: at(broken.offset) });
  }
  if (root?.type === 'object') return root;
  throw new VestibuleError('bad-config', `${path} does not hold an object.`, { action: 'Correct the file first.', at: at(0) });
}

function objectAt(node: Node, text: string, path: string, key: string): Node {
  if (node.type === 'object') return node;
  const { at } = readJsonc(text, path, MAX_LENGTH);
  throw new VestibuleError('bad-config', `${JSON.stringify(key)} in ${path} is not an object.`, { action: 'Correct the file first.', at: at(node.offset) });
}

function listOf(root: Node, member: readonly string[]): Node | undefined {
  let node: Node | undefined = root;
  for (const key of member) node = node === undefined ? undefined : memberOf(node, key)?.children?.[1];
  return node?.type === 'object' ? node : undefined;
}

/** The member of this key; of several the last, which is the one that counts. */
function memberOf(node: Node, key: string): Node | undefined {
  return node.children?.findLast((member) => member.children?.[0]?.value === key && member.children.length === 2);
}
