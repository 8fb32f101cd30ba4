import { stat } from 'node:fs/promises';
import { findNodeAtLocation, parseTree, type Node } from 'jsonc-parser';
import { VestibuleError, type FilePosition } from '../errors.ts';
import { compileFilter, patternIn } from '../policy/tool-filter.ts';
import { readTextIfExists, writeFileAtomic } from '../storage/atomic-file.ts';
import { withFileLock } from '../storage/file-lock.ts';
import { quote } from './fields.ts';
import { MAX_FILE_LENGTH, readJsonc, withoutByteOrderMark } from './jsonc.ts';
import { append, remove, replace } from './jsonc-edit.ts';
import type { ServerName } from '../model.ts';

/** One entry in the grammar of the file, as JSON data. */
export type ServerEntry = Readonly<Record<string, unknown>>;

/** One entry of `inputs` in the grammar of the file. */
export type InputEntry = Readonly<Record<string, unknown>> & { readonly id: string };

/** A change of a servers file's text. Everything it is not about, comments included, stays as it was. */
export type ServersEdit = (text: string) => string;

const NEW_FILE = '{\n  "servers": {}\n}\n';

/**
 * Adds a server at the end of `servers`.
 * @throws VestibuleError `bad-config` when the name is taken, or the text cannot be edited
 */
export function addServer(name: ServerName, entry: ServerEntry): ServersEdit {
  return (text) => {
    const servers = section(text, 'servers', 'object');
    if (servers === undefined) return append(text, rootOf(text), 'servers', { [name]: entry });
    if (membersNamed(servers, name).length === 0) return append(text, servers, name, entry);
    throw new VestibuleError('bad-config', `There is a server named ${quote(name)} already.`, { action: 'Choose another name, or remove that server first.' });
  };
}

/**
 * Removes a server, every one of that name.
 * @throws VestibuleError `not-found`, or `bad-config` when the text cannot be edited
 */
export function removeServer(name: ServerName): ServersEdit {
  return (text) => {
    let result = text;
    for (let found = 0; ; found++) {
      const servers = section(result, 'servers', 'object');
      const member = servers === undefined ? undefined : membersNamed(servers, name)[0];
      if (servers === undefined || member === undefined) {
        if (found === 0) throw notFound(name);
        return result;
      }
      result = remove(result, servers, member);
    }
  };
}

/**
 * Switches a server on or off. On is what an absent `enabled` means, so switching on removes the key.
 * @throws VestibuleError `not-found`, or `bad-config` when the text cannot be edited
 */
export function setServerEnabled(name: ServerName, enabled: boolean): ServersEdit {
  return (text) => {
    const servers = section(text, 'servers', 'object');
    const [member, second] = servers === undefined ? [] : membersNamed(servers, name);
    if (member === undefined) throw notFound(name);
    const entry = member.children?.[1];
    if (second !== undefined || entry?.type !== 'object') {
      const why = second === undefined ? 'is not an object' : 'is declared twice';
      throw new VestibuleError('bad-config', `The server ${quote(name)} ${why}.`, { action: 'Correct the servers file first.' });
    }
    const written = membersNamed(entry, 'enabled')[0];
    if (enabled) return written === undefined ? text : remove(text, entry, written);
    const value = written?.children?.[1];
    return value === undefined ? append(text, entry, 'enabled', false) : replace(text, value, false);
  };
}

/**
 * Sets a member of a server's entry, at most one object deep: `['url']`, `['headers', 'Authorization']`.
 * @throws VestibuleError `not-found`, or `bad-config` when the text cannot be edited
 */
export function setServerMember(name: ServerName, [key, inner]: readonly [string, string?], value: unknown): ServersEdit {
  return (text) => {
    const servers = section(text, 'servers', 'object');
    const entry = servers === undefined ? undefined : membersNamed(servers, name).at(-1)?.children?.[1];
    if (entry === undefined) throw notFound(name);
    if (entry.type !== 'object') throw new VestibuleError('bad-config', `The server ${quote(name)} is not an object.`, { action: 'Correct the servers file first.' });
    const outer = membersNamed(entry, key).at(-1)?.children?.[1];
    if (inner === undefined) return outer === undefined ? append(text, entry, key, value) : replace(text, outer, value);
    if (outer?.type !== 'object') return outer === undefined ? append(text, entry, key, { [inner]: value }) : replace(text, outer, { [inner]: value });
    const member = membersNamed(outer, inner).at(-1)?.children?.[1];
    return member === undefined ? append(text, outer, inner, value) : replace(text, member, value);
  };
}

/**
 * Takes a tool of a server out of what agents get, or puts it back, by exact name in `tools.deny`; where there is a
 * `tools.allow` that does not name it, putting it back names it there. A glob that covers it stays as it is.
 * @param tool its name at the upstream
 * @throws VestibuleError `not-found`, or `bad-config` when the text cannot be edited
 */
export function setToolServed(name: ServerName, tool: string, served: boolean): ServersEdit {
  const glob = globOf(tool);
  return (text) => {
    const tools = toolsOf(text, name);
    const deny = listIn(tools, 'deny');
    const denied = deny?.children?.find((child) => child.value === glob);
    if (!served) {
      if (denied !== undefined) return text;
      if (deny !== undefined) return append(text, deny, undefined, glob);
      return tools === undefined ? setServerMember(name, ['tools'], { deny: [glob] })(text) : append(text, tools, 'deny', [glob]);
    }
    const undenied = deny === undefined || denied === undefined ? text : remove(text, deny, denied);
    const allow = listIn(toolsOf(undenied, name), 'allow');
    const covered = allow === undefined || compileFilter((allow.children ?? []).map((child) => String(child.value)), false)(tool);
    return covered ? undenied : append(undenied, allow, undefined, glob);
  };
}

/**
 * Adds a declaration to `inputs`; one of the same id stays as it is.
 * @throws VestibuleError `bad-config` when the text cannot be edited
 */
export function addInput(input: InputEntry): ServersEdit {
  return (text) => {
    const inputs = section(text, 'inputs', 'array');
    if (inputs === undefined) return append(text, rootOf(text), 'inputs', [input]);
    const declared = inputs.children?.some((child) => findNodeAtLocation(child, ['id'])?.value === input.id) === true;
    return declared ? text : append(text, inputs, undefined, input);
  };
}

/**
 * Applies edits to a servers file, in order and as one atomic replacement; a missing file is made. Other writers of
 * the same file wait meanwhile. Resolves with true when the file changed.
 * @throws VestibuleError of the edits, `bad-config` for broken syntax, `data-folder-unreadable`, `data-folder-locked`
 */
export function editServersFile(path: string, edits: readonly ServersEdit[]): Promise<boolean> {
  if (!isEdited(path)) return Promise.reject(notEdited(path));
  return withFileLock(path, async () => {
    const before = await readTextIfExists(path, MAX_FILE_LENGTH);
    const text = withoutByteOrderMark(before ?? '');
    if (text.trim() !== '') refuseBroken(text, path);
    const base = text.trim() === '' ? NEW_FILE : text;
    const after = edits.reduce((current, edit) => edit(current), base);
    if (after === before || (before !== undefined && after === text)) return false;
    const mark = before?.length === text.length ? '' : (before ?? '').slice(0, 1);
    await writeFileAtomic(path, mark + after, { mode: await modeOf(path) });
    return true;
  });
}

/** False for a file that is read but never edited: of TOML and YAML, comments and layout would not stay as they are. */
export function isEdited(path: string): boolean {
  return !/\.(?:toml|ya?ml)$/i.test(path);
}

/** The error for an edit of such a file. @param at where the entry stands, if it is about one */
export function notEdited(path: string, at?: FilePosition): VestibuleError {
  return new VestibuleError('bad-config', `Commands edit no TOML or YAML, which would lose its comments: ${path} stays as it is.`, {
    action: 'Change it yourself, where it stands; a gateway that runs follows within a second.',
    at: at ?? { file: path, line: 1, column: 1 },
  });
}

/** An edit of broken text could land anywhere. */
function refuseBroken(text: string, path: string): void {
  const { broken, at } = readJsonc(text, path);
  if (broken === undefined) return;
  throw new VestibuleError('bad-config', `The servers file cannot be edited: ${broken.message}`, { action: broken.fix, at: at(broken.offset) });
}

/** A file that others may read today stays one; a new one is the person's alone. */
async function modeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).mode & 0o777;
  } catch {
    return 0o600;
  }
}

function rootOf(text: string): Node {
  const root = parseTree(text, [], { allowTrailingComma: true });
  if (root?.type === 'object') return root;
  throw new VestibuleError('bad-config', 'The servers file does not hold an object.', { action: 'Write it in braces: { "servers": {} }.' });
}

/** A top-level section, if there is one; one of another type is in the way. */
function section(text: string, key: string, type: 'object' | 'array'): Node | undefined {
  const node = membersNamed(rootOf(text), key).at(-1)?.children?.[1];
  if (node === undefined || node.type === type) return node;
  throw new VestibuleError('bad-config', `${quote(key)} in the servers file is not ${type === 'object' ? 'an object' : 'a list'}.`, { action: 'Correct the servers file first.' });
}

/** Members of an object with this key: more than one when somebody wrote it twice. */
function membersNamed(node: Node, key: string): Node[] {
  return (node.children ?? []).filter((member) => member.children?.[0]?.value === key && member.children.length === 2);
}

/** The `tools` section of a server's entry, if it has one. */
function toolsOf(text: string, name: ServerName): Node | undefined {
  const servers = section(text, 'servers', 'object');
  const entry = servers === undefined ? undefined : membersNamed(servers, name).at(-1)?.children?.[1];
  if (entry === undefined) throw notFound(name);
  const tools = membersNamed(entry, 'tools').at(-1)?.children?.[1];
  if (tools === undefined || tools.type === 'object') return tools;
  throw new VestibuleError('bad-config', `"tools" of the server ${quote(name)} is not an object.`, { action: 'Correct the servers file first.' });
}

function listIn(tools: Node | undefined, key: string): Node | undefined {
  const list = tools === undefined ? undefined : membersNamed(tools, key).at(-1)?.children?.[1];
  if (list === undefined || list.type === 'array') return list;
  throw new VestibuleError('bad-config', `${quote(key)} of the tools of a server is not a list.`, { action: 'Correct the servers file first.' });
}

/** The glob that names one tool: characters that mean more, or look as if they did, stand for any one. */
export function globOf(tool: string): string {
  const glob = tool.replace(/[[\]{}()!^$|+*?]/g, '?');
  // Between slashes it would be read as a regular expression.
  return patternIn(glob) === undefined ? glob : `?${glob.slice(1)}`;
}

function notFound(name: ServerName): VestibuleError {
  return new VestibuleError('not-found', `There is no server named ${quote(name)} in this file.`, { action: 'Check the name, or the file it is in.' });
}
