import type { Node } from 'jsonc-parser';
import { dictionary } from './dictionary.ts';
import { checkKeys, fieldsOf, quote, type Fields } from './fields.ts';
import { readJsonc, type JsoncDocument } from './jsonc.ts';
import { FILE_KEYS } from './keys.ts';
import { NO_GATEWAY, parseGateway, type GatewaySection } from './parse-gateway.ts';
import { parseInputs } from './parse-inputs.ts';
import { parseProfiles } from './parse-profiles.ts';
import { parseServer } from './parse-server.ts';
import { FileReport } from './report.ts';
import type { ConfigProblem, InputDeclaration, ProfileConfig, UpstreamConfig } from './types.ts';

/** What one servers file says. */
export interface ServersFile {
  readonly path: string;
  readonly origin: UpstreamConfig['origin'];
  /** False when the syntax is broken: what is here is at most what stands whole before the break. */
  readonly sound: boolean;
  /** Names of all entries, usable or not. */
  readonly declared: readonly string[];
  readonly servers: readonly UpstreamConfig[];
  readonly inputs: ReadonlyMap<string, InputDeclaration>;
  readonly gateway: GatewaySection;
  readonly profiles: Readonly<Record<string, ProfileConfig>>;
  readonly problems: readonly ConfigProblem[];
}

const MAX_SERVERS = 1_000;

/**
 * Reads a servers file (contract §2). Never throws: everything wrong is a problem with its place and its fix, and
 * costs no more than the entry it stands in.
 * @param path for positions only; nothing is read from disk
 * @param read what reads the text, where it is no JSONC
 */
export function parseServersFile(content: string, path: string, origin: UpstreamConfig['origin'], read: (content: string, file: string) => JsoncDocument = readJsonc): ServersFile {
  const document = read(content, path);
  const report = new FileReport(document);
  const { broken, root } = document;
  if (broken !== undefined) report.error(broken.offset, broken.message, broken.fix);
  const fields = root === undefined || broken !== undefined ? undefined : fieldsOf(report, root, 'A servers file');
  if (fields === undefined) return { ...emptyServersFile(path, origin), ...salvage(document, origin), sound: broken === undefined, problems: report.problems };
  checkTopLevel(report, fields);
  const inputs = parseInputs(report, fields.get('inputs')?.value);
  const members = serverFields(report, fields);
  return {
    path,
    origin,
    sound: true,
    declared: [...members.keys()],
    servers: parseServers(report, members, origin, inputs),
    inputs,
    gateway: parseGateway(report, fields.get('gateway')?.value),
    profiles: parseProfiles(report, fields.get('profiles')?.value),
    problems: report.problems,
  };
}

/** What a file that does not exist says. */
export function emptyServersFile(path: string, origin: UpstreamConfig['origin'], problems: readonly ConfigProblem[] = []): ServersFile {
  return { path, origin, sound: true, declared: [], servers: [], inputs: new Map(), gateway: NO_GATEWAY, profiles: dictionary(), problems };
}

/**
 * What of a broken file is surely meant as it stands: entries that end before the first break, and only if all
 * brackets close, because a missing one moves entries into others. Settings are not taken from half a file.
 */
function salvage(document: JsoncDocument, origin: UpstreamConfig['origin']): Partial<ServersFile> {
  const { broken, root, balanced } = document;
  if (broken === undefined || root?.type !== 'object' || !balanced) return {};
  // Its problems are told once the syntax is mended; told now they would hide the one that matters.
  const unheard = new FileReport(document);
  const fields = fieldsOf(unheard, root, 'A servers file');
  if (fields === undefined) return {};
  const before = (node: Node | undefined): boolean => node !== undefined && node.offset + node.length <= broken.offset;
  const inputsNode = fields.get('inputs')?.value;
  const inputs = before(inputsNode) ? parseInputs(unheard, inputsNode) : new Map<string, InputDeclaration>();
  const members = new Map([...serverFields(unheard, fields)].filter(([, field]) => before(field.value)));
  return { declared: [...members.keys()], inputs, servers: parseServers(unheard, members, origin, inputs) };
}

function parseServers(report: FileReport, members: Fields, origin: UpstreamConfig['origin'], inputs: ReadonlyMap<string, InputDeclaration>): UpstreamConfig[] {
  const context = { origin, inputs: new Set(inputs.keys()) };
  const servers: UpstreamConfig[] = [];
  for (const member of members.values()) {
    if (servers.length === MAX_SERVERS) {
      report.error(member.keyNode, `Only the first ${MAX_SERVERS} servers of a file are read.`, 'Remove servers that you do not use.');
      break;
    }
    const server = parseServer(report, member, context);
    if (server !== undefined) servers.push(server);
  }
  return servers;
}

function serverFields(report: FileReport, fields: Fields): Fields {
  const servers = fields.get('servers');
  return (servers === undefined ? undefined : fieldsOf(report, servers.value, '"servers"')) ?? new Map();
}

function checkTopLevel(report: FileReport, fields: Fields): void {
  const mcp = fields.get('mcp');
  const claude = fields.get('mcpServers');
  if (claude !== undefined) {
    report.error(claude.keyNode, '"mcpServers" is the key of Claude, Cursor and others; nothing in it is read here.', 'Rename it to "servers": the entries can stay as they are.');
  }
  if (mcp !== undefined) {
    report.error(mcp.keyNode, '"mcp" is how VS Code\'s settings.json wraps servers; nothing in it is read here.', 'Move its "servers" and "inputs" to the top level of this file.');
  }
  const handled = new Set(['mcpServers', 'mcp']);
  for (const { key, keyNode, value } of fields.values()) {
    if (FILE_KEYS.some((known) => known === key) || handled.has(key) || !looksLikeServer(value)) continue;
    handled.add(key);
    report.error(keyNode, `${quote(key)} looks like a server, but stands outside of "servers".`, `Move it into "servers": { ${quote(key)}: … }.`);
  }
  checkKeys(report, new Map([...fields].filter(([key]) => !handled.has(key))), FILE_KEYS);
  const sandbox = fields.get('sandbox');
  if (sandbox !== undefined) {
    report.warn(sandbox.keyNode, '"sandbox" is VS Code\'s own sandbox; here servers run without one.', 'Approve only launches that you would run without a sandbox.');
  }
}

function looksLikeServer(node: Node): boolean {
  return node.type === 'object' && node.children?.some((member) => ['command', 'url'].includes(String(member.children?.[0]?.value))) === true;
}
