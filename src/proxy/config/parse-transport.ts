import type { Node } from 'jsonc-parser';
import { dictionary } from './dictionary.ts';
import { choiceField, kindOf, quote, recordField, textField, textOf, textsField, type Field, type Fields } from './fields.ts';
import { parseIsolation } from './parse-isolation.ts';
import type { FileReport } from './report.ts';
import type { HttpTransport, StdioTransport } from './types.ts';

/** How a server is started or reached, or undefined (reported) when its entry does not say. */
export function parseTransport(report: FileReport, entry: Field, fields: Fields): StdioTransport | HttpTransport | undefined {
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
  const isolation = parseIsolation(report, fields, command);
  return command === undefined ? undefined : { type: 'stdio', command, args, env, envFile, cwd, ...(isolation !== undefined && { isolation }) };
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
  parseIsolation(report, fields, undefined);
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
