import { findNodeAtLocation, parseTree, type Node, type ParseError } from 'jsonc-parser';
import { VestibuleError } from '../../errors.ts';
import { exceedsDepth } from '../../json/slice.ts';
import type { Digest, ServerName } from '../../model.ts';
import { positionAt } from '../../storage/parse-state.ts';

/** What was approved of one server, as a team shares it. */
export interface LockedServer {
  /** Fingerprint of its launch. */
  readonly fingerprint: Digest;
  readonly instructions: Digest | undefined;
  readonly tools: ReadonlyMap<string, Digest>;
}

/** What `.vscode/vestibule.lock.json` says (contract §5). */
export type Lock = ReadonlyMap<ServerName, LockedServer>;

const VERSION = 1;
const MAX_DEPTH = 8;
const DIGEST = /^sha256-[A-Za-z0-9+/]{43}=$/;
const CONFLICT = /^(?:<{7}|\|{7}|={7}|>{7})(?= |\r?$)/m;

/**
 * The text of a lock: keys sorted by code unit and one tool a line, so that two branches that approve different tools
 * merge by themselves. The same lock is always the same text.
 */
export function writeLock(lock: Lock): string {
  const servers = sorted(lock).map(([name, { fingerprint, instructions, tools }]) => [name, objectOf([
    ['fingerprint', JSON.stringify(fingerprint)],
    ...(instructions === undefined ? [] : [['instructions', JSON.stringify(instructions)] as const]),
    ['tools', objectOf(sorted(tools).map(([tool, digest]) => [tool, JSON.stringify(digest)]), 6)],
  ], 4)] as const);
  return `${objectOf([['lockfileVersion', String(VERSION)], ['servers', objectOf(servers, 2)]], 0)}\n`;
}

/**
 * Reads a lock, all of it or nothing: a file that merging left in pieces, names something twice or holds anything that
 * `writeLock` does not write is no lock.
 * @param file the path for positions
 * @throws VestibuleError `bad-config` with line and column
 */
export function parseLock(text: string, file: string): Lock {
  const fail = (offset: number, message: string, action: string): VestibuleError =>
    new VestibuleError('bad-config', message, { action, at: positionAt(file, text, offset) });
  const conflict = CONFLICT.exec(text);
  if (conflict !== null) throw fail(conflict.index, 'A merge conflict is left in the lock file.', 'Resolve it, or share the approvals anew.');
  if (exceedsDepth(text, MAX_DEPTH)) throw fail(0, `The lock file is nested deeper than ${MAX_DEPTH} levels.`, ANEW);
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { disallowComments: true, allowTrailingComma: false });
  const [first] = errors;
  if (first !== undefined || root === undefined) throw fail(first?.offset ?? 0, 'The lock file is not valid JSON here.', ANEW);

  const wrong = (node: Node, expected: string): VestibuleError => fail(node.offset, `The lock file must have ${expected} here.`, ANEW);
  const membersOf = (node: Node): Map<string, Node> => {
    if (node.type !== 'object') throw wrong(node, 'an object');
    const members = new Map<string, Node>();
    for (const property of node.children ?? []) {
      const [key, value] = property.children ?? [];
      if (key === undefined || value === undefined) throw wrong(property, 'a key and a value');
      const name = key.value as string;
      if (members.has(name)) throw fail(key.offset, `The lock file names ${JSON.stringify(name)} twice.`, 'Keep the right one, or share the approvals anew.');
      members.set(name, value);
    }
    return members;
  };
  const fixedMembersOf = (node: Node, known: readonly string[]): ReadonlyMap<string, Node> => {
    const members = membersOf(node);
    for (const [name, value] of members) if (!known.includes(name)) throw fail(value.offset, `The lock file has an unknown member ${JSON.stringify(name)} here.`, ANEW);
    return members;
  };
  const required = (parent: Node, node: Node | undefined, name: string): Node => {
    if (node === undefined) throw wrong(parent, `a member "${name}"`);
    return node;
  };
  const digest = (node: Node): Digest => {
    if (typeof node.value !== 'string' || !DIGEST.test(node.value)) throw wrong(node, 'a digest (sha256-…)');
    return node.value as Digest;
  };
  const server = (node: Node): LockedServer => {
    const members = fixedMembersOf(node, ['fingerprint', 'instructions', 'tools']);
    const instructions = members.get('instructions');
    const tools = membersOf(required(node, members.get('tools'), 'tools'));
    return {
      fingerprint: digest(required(node, members.get('fingerprint'), 'fingerprint')),
      instructions: instructions && digest(instructions),
      tools: new Map([...tools].map(([tool, value]) => [tool, digest(value)])),
    };
  };

  fixedMembersOf(root, ['lockfileVersion', 'servers']);
  const version = findNodeAtLocation(root, ['lockfileVersion']) ?? root;
  if (version.value !== VERSION) throw wrong(version, `"lockfileVersion": ${VERSION}`);
  const servers = membersOf(required(root, findNodeAtLocation(root, ['servers']), 'servers'));
  return new Map([...servers].map(([name, value]) => [name, server(value)]));
}

const ANEW = 'Repair it, or share the approvals anew.';

function sorted<V>(entries: ReadonlyMap<string, V>): readonly (readonly [string, V])[] {
  return [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** An object as text, so that keys that look like numbers stay in order. @param indent blanks before its closing brace */
function objectOf(members: readonly (readonly [string, string])[], indent: number): string {
  if (members.length === 0) return '{}';
  const lines = members.map(([key, value]) => `${' '.repeat(indent + 2)}${JSON.stringify(key)}: ${value}`);
  return `{\n${lines.join(',\n')}\n${' '.repeat(indent)}}`;
}
