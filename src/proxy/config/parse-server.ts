import type { Node } from 'jsonc-parser';
import { dictionary } from './dictionary.ts';
import {
  checkKeys, choiceField, fieldsOf, flagField, kindOf, numberField, objectField, plainField, quote, recordField, textField, textOf, textsField,
  type Field, type Fields,
} from './fields.ts';
import { valueOf } from './jsonc.ts';
import { CACHE_KEYS, FOREIGN_SERVER_KEYS, LIMITS_KEYS, OUTPUT_KEYS, SERVER_KEYS } from './keys.ts';
import { parseTools } from './parse-tools.ts';
import type { FileReport } from './report.ts';
import { RANGES } from './ranges.ts';
import { knownVariable, variablesIn } from './variable-syntax.ts';
import type { HttpTransport, StdioTransport, UpstreamConfig } from './types.ts';

/** Where an entry stands, and what it may refer to. */
export interface ServerContext {
  readonly origin: UpstreamConfig['origin'];
  /** Ids declared by the `inputs` of the same file. */
  readonly inputs: ReadonlySet<string>;
}

const DEFAULTS = { idleStopMinutes: 10, timeoutSeconds: 60, maxTimeoutSeconds: 3_600 } as const;

/** Keys that end in a field of `UpstreamConfig`; all others are kept in `extra` as written. */
const INTERPRETED: ReadonlySet<string> = new Set([
  'type', 'command', 'args', 'env', 'envFile', 'cwd', 'url', 'headers', 'enabled', 'lazy', 'idleStopMinutes', 'timeoutSeconds', 'maxTimeoutSeconds',
  'tools', 'shared',
]);

/** One entry of `servers` with its defaults (contract §2), or undefined (reported) when it cannot be used. */
export function parseServer(report: FileReport, entry: Field, context: ServerContext): UpstreamConfig | undefined {
  let config: UpstreamConfig | undefined;
  const sound = report.forServer(entry.key, () => {
    config = read(report, entry, context);
  });
  return sound ? config : undefined;
}

function read(report: FileReport, entry: Field, context: ServerContext): UpstreamConfig | undefined {
  if (!checkName(report, entry)) return undefined;
  const fields = fieldsOf(report, entry.value, `The server ${quote(entry.key)}`);
  if (fields === undefined) return undefined;
  if (isPastedWhole(entry, fields)) {
    report.error(entry.keyNode, `${quote(entry.key)} looks like a whole mcp.json pasted as one server.`, 'Move its entries one level up, directly into "servers".');
    return undefined;
  }
  checkKeys(report, fields, SERVER_KEYS, FOREIGN_SERVER_KEYS);
  const transport = parseTransport(report, entry, fields);
  checkVariables(report, fields, context);
  checkSections(report, fields);
  const at = report.at(entry.keyNode.offset);
  const config = {
    name: entry.key,
    origin: context.origin,
    file: at.file,
    at,
    enabled: flagField(report, fields, 'enabled') ?? true,
    lazy: flagField(report, fields, 'lazy') ?? true,
    idleStopMinutes: numberField(report, fields, 'idleStopMinutes', RANGES.idleStopMinutes) ?? DEFAULTS.idleStopMinutes,
    ...parseTimeouts(report, fields),
    shared: flagField(report, fields, 'shared') ?? false,
    tools: parseTools(report, fields, context.origin),
    outputLimit: parseOutputLimit(report, fields),
    extra: dictionary([...fields.values()].filter(({ key }) => !INTERPRETED.has(key)).map(({ key, value }) => [key, valueOf(value)] as const)),
  };
  return transport === undefined ? undefined : { ...config, transport };
}

function checkName(report: FileReport, { key, keyNode }: Field): boolean {
  const problem =
    key === '' ? 'is empty'
    : key.length > 100 ? 'is longer than 100 characters'
    : key.includes(':') ? 'holds a colon, which separates server and tool in ids such as "server:tool"'
    : key === '__proto__' ? 'is a reserved word'
    : /[\p{Cc}\p{Surrogate}]/u.test(key) ? 'holds a control character or half a character'
    : undefined;
  if (problem === undefined) return true;
  report.error(keyNode, `The server name ${quote(key)} ${problem}.`, 'Choose another name of 1 to 100 characters without a colon.');
  return false;
}

function isPastedWhole({ key }: Field, fields: Fields): boolean {
  const isEntry = fields.has('command') || fields.has('url') || fields.has('type');
  return !isEntry && ['servers', 'mcpServers', 'mcp', 'inputs'].includes(key) && [...fields.values()].some(({ value }) => value.type === 'object');
}

function parseTransport(report: FileReport, entry: Field, fields: Fields): StdioTransport | HttpTransport | undefined {
  const type = transportType(report, entry, fields);
  if (type === undefined) return undefined;
  const unused = type === 'stdio' ? ['url', 'headers'] : ['command', 'args', 'env', 'envFile', 'cwd'];
  for (const key of unused) {
    const field = fields.get(key);
    if (field !== undefined) report.warn(field.keyNode, `${quote(key)} has no meaning for a server of type ${quote(type)}.`, 'Remove it, or change the type.');
  }
  return type === 'stdio' ? parseStdio(report, entry, fields) : parseHttp(report, entry, fields, type);
}

const TYPES = ['stdio', 'http', 'sse'] as const;

function transportType(report: FileReport, entry: Field, fields: Fields): (typeof TYPES)[number] | undefined {
  const written = fields.get('type');
  if (written !== undefined) {
    if (typeof written.value.value === 'string' && /^streamable[-_]?http$/i.test(written.value.value)) {
      report.error(written.value, `The type ${quote(written.value.value)} is called "http" here.`, 'Write "http".');
      return undefined;
    }
    return choiceField(report, fields, 'type', TYPES);
  }
  const [command, url] = [fields.has('command'), fields.has('url')];
  if (command && url) {
    report.error(entry.keyNode, `The server ${quote(entry.key)} has both a "command" and a "url".`, 'Keep one of them, or add "type".');
    return undefined;
  }
  if (command) return 'stdio';
  if (url) return 'http';
  report.error(entry.keyNode, `The server ${quote(entry.key)} has neither "command" nor "url".`, 'Add "command" for a program to start, or "url" for a server that runs already.');
  return undefined;
}

function parseStdio(report: FileReport, entry: Field, fields: Fields): StdioTransport | undefined {
  if (!fields.has('command')) {
    report.error(entry.keyNode, `The server ${quote(entry.key)} of type "stdio" has no "command".`, 'Add "command" with the program to start.');
  }
  const command = textField(report, fields, 'command', 4_096);
  const args = textsField(report, fields, 'args') ?? [];
  const value = fields.get('command')?.value;
  if (command !== undefined && value !== undefined && args.length === 0 && /^[\w@.-]+\s+\S/.test(command)) {
    report.warn(value, `${quote(command)} looks like a whole command line, but "command" is the program alone.`, 'Put the words after the program into "args".');
  }
  const env = recordField(report, fields, 'env', (member) => envValue(report, member)) ?? dictionary();
  const envFile = textField(report, fields, 'envFile', 4_096);
  const cwd = textField(report, fields, 'cwd', 4_096);
  return command === undefined ? undefined : { type: 'stdio', command, args, env, envFile, cwd };
}

function envValue(report: FileReport, { key, keyNode, value }: Field): string | null | undefined {
  if (key === '' || /[=\0]/.test(key)) {
    report.error(keyNode, `${quote(key)} is not a name an environment variable can have.`, 'Remove "=" from it, or choose another.');
    return undefined;
  }
  if (value.type === 'null') return null;
  if (value.type === 'number') return String(value.value);
  if (value.type === 'string' && value.value === '') return '';
  if (value.type === 'string') return textOf(report, value, `The variable ${quote(key)}`);
  report.error(value, `The variable ${quote(key)} must be a text, a number or null, not ${kindOf(value)}.`, 'Put the value in double quotes.');
  return undefined;
}

function parseHttp(report: FileReport, entry: Field, fields: Fields, type: HttpTransport['type']): HttpTransport | undefined {
  if (!fields.has('url')) report.error(entry.keyNode, `The server ${quote(entry.key)} of type ${quote(type)} has no "url".`, 'Add "url" with its address.');
  const url = textField(report, fields, 'url', 8_192);
  const value = fields.get('url')?.value;
  if (url !== undefined && value !== undefined) checkUrl(report, value, url);
  const headers = recordField(report, fields, 'headers', (member) => headerValue(report, member)) ?? dictionary();
  return url === undefined ? undefined : { type, url, headers };
}

/** What variables stand for is known at launch only, so an address that starts with one is checked then. */
function checkUrl(report: FileReport, node: Node, url: string): void {
  if (url.startsWith('${')) return;
  const plain = url.replace(/\$\{[^{}]*\}/g, '1');
  if (!/^https?:\/\//i.test(url) || !URL.canParse(plain)) {
    report.error(node, `${quote(url)} is not an http or https address.`, 'Write the whole address: https://host/path.');
    return;
  }
  const { username, password } = new URL(plain);
  if (username !== '' || password !== '') {
    report.error(node, 'The address holds a user name or password, which no client sends.', 'Move it into "headers", with an ${input:…} for the secret.');
  }
}

function headerValue(report: FileReport, { key, keyNode, value }: Field): string | undefined {
  if (!/^[!#$%&'*+.^_`|~\w-]+$/.test(key)) report.error(keyNode, `${quote(key)} is not a name an HTTP header can have.`, 'Use letters, digits and hyphens.');
  const text = value.type === 'string' && value.value === '' ? '' : textOf(report, value, `The header ${quote(key)}`, 16_384);
  if (text === undefined || !/[\r\n]/.test(text)) return text;
  report.error(value, `The header ${quote(key)} holds a line break.`, 'Write it on one line.');
  return undefined;
}

/** Variables are resolved at launch; that they can be is checked now, where the person is looking. */
function checkVariables(report: FileReport, fields: Fields, { inputs }: ServerContext): void {
  for (const key of ['command', 'args', 'env', 'envFile', 'cwd', 'url', 'headers']) {
    const field = fields.get(key);
    if (field !== undefined) for (const node of textNodes(field.value)) checkText(report, node, inputs);
  }
}

function checkText(report: FileReport, node: Node, inputs: ReadonlySet<string>): void {
  for (const use of variablesIn(String(node.value))) {
    const where = node.offset + Math.max(0, report.source(node).indexOf(use.text));
    const known = knownVariable(use);
    if ('message' in known) report.error(where, known.message, known.fix);
    else if (known.kind === 'input' && !inputs.has(known.argument)) {
      report.error(where, `The input ${quote(known.argument)} is not declared in this file.`, `Add { "id": ${quote(known.argument)}, "type": "promptString", "password": true } to "inputs".`);
    }
  }
}

/** Text nodes of a value, its list or its record; keys are not looked at. */
function textNodes(node: Node): Node[] {
  if (node.type === 'string') return [node];
  if (node.type === 'property') return node.children?.[1] === undefined ? [] : textNodes(node.children[1]);
  return (node.children ?? []).flatMap(textNodes);
}

function parseTimeouts(report: FileReport, fields: Fields): { readonly timeoutSeconds: number; readonly maxTimeoutSeconds: number } {
  const timeoutSeconds = numberField(report, fields, 'timeoutSeconds', RANGES.timeoutSeconds) ?? DEFAULTS.timeoutSeconds;
  const written = numberField(report, fields, 'maxTimeoutSeconds', RANGES.maxTimeoutSeconds);
  const field = fields.get('maxTimeoutSeconds');
  if (field !== undefined && written !== undefined && written < timeoutSeconds) {
    report.error(field.value, `"maxTimeoutSeconds" (${written}) is less than "timeoutSeconds" (${timeoutSeconds}).`, 'Raise it, or lower "timeoutSeconds".');
  }
  return { timeoutSeconds, maxTimeoutSeconds: written ?? Math.max(DEFAULTS.maxTimeoutSeconds, timeoutSeconds) };
}

function parseOutputLimit(report: FileReport, fields: Fields): number | undefined {
  const output = objectField(report, fields, 'output');
  if (output === undefined) return undefined;
  checkKeys(report, output, OUTPUT_KEYS);
  return numberField(report, output, 'limit', RANGES.responseLimit);
}

/** Sections that other rooms read from `extra`: their shape is proved here, so that they need not. */
function checkSections(report: FileReport, fields: Fields): void {
  const limits = objectField(report, fields, 'limits');
  if (limits !== undefined) {
    checkKeys(report, limits, LIMITS_KEYS);
    for (const key of LIMITS_KEYS) numberField(report, limits, key, RANGES[key]);
  }
  const cache = objectField(report, fields, 'cache');
  if (cache !== undefined) {
    checkKeys(report, cache, CACHE_KEYS);
    numberField(report, cache, 'seconds', RANGES.cacheSeconds);
    textsField(report, cache, 'tools');
  }
  const oauth = objectField(report, fields, 'oauth');
  if (oauth !== undefined) {
    textField(report, oauth, 'clientId');
    textsField(report, oauth, 'scopes');
  }
  plainField(report, fields, 'dev');
  const sandbox = fields.get('sandboxEnabled');
  if (flagField(report, fields, 'sandboxEnabled') === true && sandbox !== undefined) {
    report.warn(sandbox.keyNode, '"sandboxEnabled" is VS Code\'s own sandbox; here this server runs without one.', 'Approve its launch only if you would run it without a sandbox.');
  }
}
