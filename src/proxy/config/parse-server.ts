import { checkVariables } from './check-variables.ts';
import { dictionary } from './dictionary.ts';
import { checkKeys, choiceField, fieldsOf, flagField, numberField, objectField, plainField, quote, type Field, type Fields } from './fields.ts';
import { valueOf } from './jsonc.ts';
import { FOREIGN_SERVER_KEYS, OUTPUT_KEYS, SERVER_KEYS } from './keys.ts';
import { parseFlow } from './parse-flow.ts';
import { parseOAuth } from './parse-oauth.ts';
import { parseTools } from './parse-tools.ts';
import { parseTransport } from './parse-transport.ts';
import { RANGES } from './ranges.ts';
import type { FileReport } from './report.ts';
import type { UpstreamConfig } from './types.ts';

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
  'tools', 'shared', 'oauth', 'isolation', 'newVersion',
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
  checkVariables(report, fields, context.inputs);
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
    ...(choiceField(report, fields, 'newVersion', ['warn', 'hold']) === 'hold' && { newVersion: 'hold' as const }),
    tools: parseTools(report, fields, context.origin),
    flow: parseFlow(report, fields),
    ...parseOutput(report, fields, context.origin),
    ...parseOAuth(report, fields, context.origin),
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

function parseTimeouts(report: FileReport, fields: Fields): { readonly timeoutSeconds: number; readonly maxTimeoutSeconds: number } {
  const timeoutSeconds = numberField(report, fields, 'timeoutSeconds', RANGES.timeoutSeconds) ?? DEFAULTS.timeoutSeconds;
  const written = numberField(report, fields, 'maxTimeoutSeconds', RANGES.maxTimeoutSeconds);
  const field = fields.get('maxTimeoutSeconds');
  if (field !== undefined && written !== undefined && written < timeoutSeconds) {
    report.error(field.value, `"maxTimeoutSeconds" (${written}) is less than "timeoutSeconds" (${timeoutSeconds}).`, 'Raise it, or lower "timeoutSeconds".');
  }
  return { timeoutSeconds, maxTimeoutSeconds: written ?? Math.max(DEFAULTS.maxTimeoutSeconds, timeoutSeconds) };
}

function parseOutput(report: FileReport, fields: Fields, origin: UpstreamConfig['origin']): Pick<UpstreamConfig, 'outputLimit' | 'resultPolicy'> {
  const output = objectField(report, fields, 'output');
  if (output === undefined) return { outputLimit: undefined };
  checkKeys(report, output, OUTPUT_KEYS);
  const injections = choiceField(report, output, 'injections', ['off', 'mark', 'block']);
  const secrets = choiceField(report, output, 'secrets', ['off', 'mark', 'redact', 'block']);
  const mayLoosen = origin === 'user';
  for (const [key, loosened] of [['injections', injections === 'off'], ['secrets', secrets === 'off' || secrets === 'mark']] as const) {
    const field = output.get(key);
    if (loosened && !mayLoosen && field !== undefined) report.warn(field.value, `A workspace file cannot loosen "${key}" of "output".`, 'Set it in your own servers file.');
  }
  return {
    outputLimit: numberField(report, output, 'limit', RANGES.responseLimit),
    resultPolicy: {
      ...(injections !== undefined && (mayLoosen || injections !== 'off') && { injections }),
      ...(secrets !== undefined && (mayLoosen || secrets === 'redact' || secrets === 'block') && { secrets }),
    },
  };
}

/** What is only looked at and kept in `extra`. */
function checkSections(report: FileReport, fields: Fields): void {
  plainField(report, fields, 'dev');
  const sandbox = fields.get('sandboxEnabled');
  if (flagField(report, fields, 'sandboxEnabled') === true && sandbox !== undefined) {
    report.warn(sandbox.keyNode, '"sandboxEnabled" is VS Code\'s own sandbox; here this server runs without it.', 'Write "isolation": { "kind": "sandbox" } for the one of your system.');
  }
}
