import type { Node } from 'jsonc-parser';
import { dictionary } from './dictionary.ts';
import { parseCommandLine } from './command-line.ts';
import type { InputEntry, ServerEntry } from './edit.ts';
import { quote } from './fields.ts';
import { readJsonc, valueOf } from './jsonc.ts';
import { FILE_KEYS, FOREIGN_SERVER_KEYS, SERVER_KEYS } from './keys.ts';
import { parseServersFile } from './servers-file.ts';
import { freeName, nameForCommand, nameForUrl } from './suggest-name.ts';
import { variablesIn } from './variable-syntax.ts';

/** A server somebody pasted, ready for `addServer`. */
export interface PastedServer {
  /** A name to offer; the pasted one where there was one. */
  readonly name: string;
  readonly entry: ServerEntry;
  /** What was left out or written differently, one sentence each. */
  readonly notes: readonly string[];
}

/** What a pasted text stands for, or why it stands for nothing. */
export type PasteResult =
  | { readonly ok: true; readonly servers: readonly PastedServer[]; readonly inputs: readonly InputEntry[] }
  | { readonly ok: false; readonly problem: string; readonly fix: string };

/**
 * Reads what a person pasted to add servers: an address, a command line, or JSON in the form of a mcp.json, of
 * Claude's and Cursor's `mcpServers`, or of a single entry. Every server of an `ok` result passes the parser of
 * servers files.
 * @param options.platform whose command line quoting holds; default this one's
 * @param options.taken tells names that are in use; suggestions avoid them
 */
export function parseServerInput(text: string, options: { readonly platform?: NodeJS.Platform; readonly taken?: (name: string) => boolean } = {}): PasteResult {
  const pasted = text.trim();
  const taken = options.taken ?? (() => false);
  if (pasted === '') return refuse('There is nothing to add.', 'Paste an address, a command line or a part of a mcp.json.');
  if (/^(?:[[{]|"(?:[^"\\]|\\.)*"\s*:)/.test(pasted)) return readJson(pasted, taken);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(pasted) && !/\s/.test(pasted)) return readUrl(pasted, taken);
  return readCommand(pasted, options.platform ?? process.platform, taken);
}

/**
 * The entry of a server that starts with these words, with a name for it: what `parseServerInput` makes of a command
 * line, for a caller whose shell has cut it already.
 */
export function serverForCommand(words: readonly string[], env: readonly (readonly [string, string])[] = []): PastedServer {
  const [command = '', ...args] = words;
  const entry = { type: 'stdio', command, ...(args.length > 0 && { args }), ...(env.length > 0 && { env: dictionary(env) }) };
  return { name: nameForCommand(words), entry, notes: [] };
}

/** The entry of a server at this address, with a name for it. An address that ends in `/sse` is taken for legacy SSE. */
export function serverForUrl(url: string): PastedServer {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const type = parsed !== undefined && /\/sse\/?$/.test(parsed.pathname) ? 'sse' : 'http';
  return { name: parsed === undefined ? 'server' : nameForUrl(parsed), entry: { type, url }, notes: [] };
}

/** What the parser of servers files has against an entry, if anything. */
export function problemOfEntry(name: string, entry: ServerEntry, inputs: readonly InputEntry[] = []): { readonly problem: string; readonly fix: string } | undefined {
  const { problems } = parseServersFile(JSON.stringify({ inputs, servers: dictionary([[name, entry]]) }), 'pasted text', 'user');
  const error = problems.find((problem) => problem.severity === 'error');
  return error === undefined ? undefined : { problem: error.message, fix: error.fix };
}

function readUrl(pasted: string, taken: (name: string) => boolean): PasteResult {
  return accept([serverForUrl(pasted)], [], taken);
}

function readCommand(pasted: string, platform: NodeJS.Platform, taken: (name: string) => boolean): PasteResult {
  // Documentation shows commands with the prompt before them.
  const line = parseCommandLine(pasted.replace(/^[$>]\s+/, ''), platform);
  return 'problem' in line ? refuse(line.problem, line.fix) : accept([serverForCommand(line.words, line.env)], [], taken);
}

function readJson(pasted: string, taken: (name: string) => boolean): PasteResult {
  // A fragment is often copied without the braces around it.
  const whole = pasted.startsWith('"') ? `{${pasted.replace(/,\s*$/, '')}}` : pasted;
  const { root, broken, at } = readJsonc(whole, 'pasted text');
  if (broken !== undefined) {
    const { line, column } = at(broken.offset);
    return refuse(`This is not JSON, at line ${line}, column ${column}: ${broken.message}`, broken.fix);
  }
  if (root?.type !== 'object') return refuse('This JSON is not an object.', 'Paste an object with "servers" or "mcpServers", or one entry.');
  const mcp = memberOf(root, 'mcp');
  const document = mcp?.type === 'object' ? mcp : root;
  const inputs = inputsOf(memberOf(document, 'inputs'));
  const wrapped = memberOf(document, 'servers') ?? memberOf(document, 'mcpServers') ?? memberOf(document, 'context_servers');
  const foreign = memberOf(document, 'servers') === undefined;
  const read = (name: string | undefined, node: Node): PastedServer => translate(name, node, foreign);
  if (wrapped !== undefined) return accept(membersOf(wrapped).map(([name, node]) => read(name, node)), inputs, taken);
  if (isEntry(document)) return accept([read(undefined, document)], inputs, taken);
  const named = membersOf(document).filter(([name, node]) => isEntry(node) && !FILE_KEYS.some((key) => key === name));
  if (named.length > 0) return accept(named.map(([name, node]) => read(name, node)), inputs, taken);
  return refuse('There is no server in this JSON.', 'Paste an object with "servers" or "mcpServers", or one entry with "command" or "url".');
}

function accept(servers: readonly PastedServer[], inputs: readonly InputEntry[], taken: (name: string) => boolean): PasteResult {
  if (servers.length === 0) return refuse('There is no server in this JSON.', 'Paste one that names at least one server.');
  const names = new Set<string>();
  const named: PastedServer[] = [];
  const declared = [...inputs, ...undeclaredInputs(servers, inputs)];
  for (const server of servers) {
    const problem = problemOfEntry(server.name, server.entry, declared);
    if (problem !== undefined) return refuse(problem.problem, problem.fix);
    const name = freeName(server.name, (candidate) => names.has(candidate) || taken(candidate));
    names.add(name);
    named.push({ ...server, name });
  }
  return { ok: true, servers: named, inputs: declared };
}

/** Inputs that a fragment uses but did not bring along: asked for as secrets, which is what they mostly are. */
function undeclaredInputs(servers: readonly PastedServer[], inputs: readonly InputEntry[]): InputEntry[] {
  const used = variablesIn(JSON.stringify(servers.map(({ entry }) => entry))).flatMap(({ name, argument }) => (name === 'input' && argument !== undefined && argument !== '' ? [argument] : []));
  const missing = new Set(used.filter((id) => !inputs.some((input) => input.id === id)));
  return [...missing].map((id) => ({ id, type: 'promptString', description: id, password: true }));
}

/** An entry of another client in our grammar. What has no counterpart is left out, and said so. */
function translate(name: string | undefined, node: Node, foreign: boolean): PastedServer {
  const members = new Map(membersOf(node).map(([key, value]) => [key, valueOf(value)] as const));
  const notes: string[] = [];
  const entries: [string, unknown][] = [];
  for (const [written, value] of members) {
    const renamed = RENAMED.get(written);
    const key = renamed !== undefined && !members.has(renamed) ? renamed : written;
    if (key === 'type' && typeof value === 'string') entries.push([key, TYPES.get(value.toLowerCase()) ?? value]);
    else if (key === 'disabled') {
      if (value === true) entries.push(['enabled', false]);
    } else if (FOREIGN_SERVER_KEYS.has(key) || (foreign && !SERVER_KEYS.some((known) => known === key) && key !== 'name')) {
      notes.push(`${quote(key)} was left out: it has no counterpart here.`);
    } else if (key === 'name' && typeof value === 'string') continue;
    else entries.push([key, variablesOf(value, foreign)]);
  }
  const entry = dictionary(entries);
  return { name: name ?? nameOf(members.get('name'), entry), entry, notes };
}

const RENAMED: ReadonlyMap<string, string> = new Map([
  ['httpUrl', 'url'],
  ['serverUrl', 'url'],
  ['transport', 'type'],
  ['transportType', 'type'],
]);
const TYPES: ReadonlyMap<string, string> = new Map([
  ['streamable-http', 'http'],
  ['streamablehttp', 'http'],
  ['streamable_http', 'http'],
  ['local', 'stdio'],
  ['remote', 'http'],
]);

/** Other clients write environment variables as `${NAME}`, or `${NAME:-default}`, which has no counterpart. */
function variablesOf(value: unknown, foreign: boolean): unknown {
  if (!foreign) return value;
  if (typeof value === 'string') return value.replace(/\$\{([A-Z_][A-Z0-9_]*)\}/g, '$${env:$1}');
  if (Array.isArray(value)) return value.map((element: unknown) => variablesOf(element, foreign));
  if (typeof value !== 'object' || value === null) return value;
  return dictionary(Object.entries(value).map(([key, member]) => [key, variablesOf(member, foreign)] as const));
}

function nameOf(written: unknown, entry: ServerEntry): string {
  if (typeof written === 'string' && written !== '' && !written.includes(':')) return written.slice(0, 100);
  const { command, args, url } = entry;
  if (typeof url === 'string') return serverForUrl(url).name;
  const words = Array.isArray(args) ? args.filter((arg) => typeof arg === 'string') : [];
  return nameForCommand([typeof command === 'string' ? command : '', ...words]);
}

function inputsOf(node: Node | undefined): InputEntry[] {
  const inputs: InputEntry[] = [];
  for (const element of node?.type === 'array' ? (node.children ?? []) : []) {
    const value = valueOf(element);
    if (typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string') inputs.push({ ...value, id: value.id });
  }
  return inputs;
}

function isEntry(node: Node): boolean {
  return ['command', 'url', 'httpUrl', 'serverUrl'].some((key) => memberOf(node, key)?.type === 'string');
}

function memberOf(node: Node, key: string): Node | undefined {
  return membersOf(node).find(([name]) => name === key)?.[1];
}

function membersOf(node: Node): (readonly [string, Node])[] {
  if (node.type !== 'object') return [];
  return (node.children ?? []).flatMap(({ children }) => (children?.[0] !== undefined && children[1] !== undefined ? [[String(children[0].value), children[1]] as const] : []));
}

function refuse(problem: string, fix: string): PasteResult {
  return { ok: false, problem, fix };
}
