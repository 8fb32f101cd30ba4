import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf, VestibuleError } from '../proxy/errors.ts';
import type { Gateway } from '../proxy/gateway.ts';
import { elements, members, stringOf } from '../proxy/json/slice.ts';
import { visible } from '../proxy/json/visible.ts';
import type { RawJson } from '../proxy/model.ts';
import { countGrave } from '../proxy/scanner/definition-findings.ts';
import { scanDefinition } from '../proxy/scanner/scan-definition.ts';
import type { Peer, ScannedKind } from '../proxy/scanner/types.ts';
import { usage, type Arguments } from './args.ts';
import { COMMON_OPTIONS, JSON_OPTION, type Command } from './command.ts';
import { findingLines } from './findings.ts';
import { commonOptions } from './gateway-options.ts';
import { placesOf } from './places.ts';
import { printJson, printLine } from './print.ts';
import { sarifLog, type Scanned } from './sarif.ts';

/** Exit codes of `scan` alone (contract §1). */
const CLEAN = 0;
const FOUND = 1;
const CANNOT = 2;

const MAX_FILE = 32 * 1024 * 1024;

/** A definition to scan, by the name it is called by. */
interface Definition {
  readonly subject: string;
  readonly kind: ScannedKind;
  readonly raw: RawJson;
}

export const scan: Command = {
  name: 'scan',
  summary: 'Scans tool definitions: of a JSON file, of a server at a URL, or of a server that is started. Ends with 1 on findings, 2 when it cannot scan.',
  options: { ...COMMON_OPTIONS, ...JSON_OPTION, sarif: { help: 'Print a SARIF 2.1.0 log.' } },
  word: 'FILE|URL',
  rest: 'CMD ARGS…',
  async run(args) {
    const source = sourceOf(args);
    let definitions: readonly Definition[];
    try {
      definitions = source.kind === 'file' ? await definitionsIn(source.path) : await definitionsAt(source.entry, args);
    } catch (error) {
      process.stderr.write(`vestibule: cannot scan: ${visible(messageOf(error))}\n${VestibuleError.is(error) ? `  ${visible(error.action)}\n` : ''}`);
      return CANNOT;
    }
    const scanned = scanAll(definitions);
    if (args.has('sarif')) printJson(sarifLog(scanned, source.kind === 'file' ? uriOf(source.path) : undefined));
    else if (args.has('json')) printJson({ definitions: scanned.length, findings: scanned.flatMap(({ subject, findings }) => findings.map((finding) => ({ subject, ...finding }))) });
    else printText(scanned);
    return scanned.some(({ findings }) => countGrave(findings) > 0) ? FOUND : CLEAN;
  },
};

type Source = { readonly kind: 'file'; readonly path: string } | { readonly kind: 'server'; readonly entry: unknown };

function sourceOf(args: Arguments): Source {
  const { word, rest } = args;
  if (args.has('json') && args.has('sarif')) throw usage('--json and --sarif exclude each other.', 'Give one of them.');
  if ((word === undefined) === (rest === undefined || rest.length === 0)) throw usage('There is nothing to scan, or too much.', 'Give a file, a URL, or a command after --.');
  if (word === undefined) return { kind: 'server', entry: { command: rest?.[0], args: rest?.slice(1) } };
  return /^https?:\/\//i.test(word) ? { kind: 'server', entry: { type: 'http', url: word } } : { kind: 'file', path: resolve(word) };
}

/** Reads a listing (`{"tools": […]}`, also as a JSON-RPC answer), an array of tools, or one tool. */
async function definitionsIn(path: string): Promise<readonly Definition[]> {
  if ((await stat(path)).size > MAX_FILE) throw new VestibuleError('usage', `${path} is too large.`, { action: 'Give the definitions alone.' });
  const text = (await readFile(path, 'utf8')).replace(/^\uFEFF/, '').trim();
  JSON.parse(text);
  const answer = members(text)?.get('result') ?? text;
  const all = members(answer);
  const tools = elements(answer) ?? elements(all?.get('tools') ?? '') ?? (all?.has('name') === true ? [answer] : undefined);
  if (tools === undefined) throw new VestibuleError('usage', `${path} holds no tool definitions.`, { action: 'Give a file with the result of tools/list, an array of tools, or one tool.' });
  const instructions = all?.get('instructions');
  return [
    ...(stringOf(instructions) === undefined || instructions === undefined ? [] : [{ subject: 'instructions', kind: 'instructions' as const, raw: instructions }]),
    ...tools.map((raw, i) => ({ subject: stringOf(members(raw)?.get('name')) ?? `#${i}`, kind: 'tool' as const, raw })),
  ];
}

/** Asks a server for its definitions, in a state folder of its own. The person who names it here lets it start. */
async function definitionsAt(entry: unknown, args: Arguments): Promise<readonly Definition[]> {
  const { createGateway } = await import('../proxy/gateway.ts');
  const scratch = await mkdtemp(join(tmpdir(), 'vestibule-scan-'));
  let gateway: Gateway | undefined;
  try {
    // A command line means what it means where it was typed.
    const here = typeof entry === 'object' && entry !== null && 'command' in entry ? { cwd: process.cwd(), ...entry } : entry;
    await writeFile(join(scratch, 'servers.json'), JSON.stringify({ servers: { server: here } }));
    const options = commonOptions({ ...placesOf(args), data: scratch, workspace: scratch, configFiles: [] });
    gateway = await createGateway({ ...options, token: undefined, log: () => undefined });
    const [found] = gateway.snapshot().upstreams;
    if (found === undefined) throw new VestibuleError('usage', 'This is no server.', { action: 'Give a URL, or a command after --.' });
    await gateway.approveLaunch(found.name, found.launch.fingerprint);
    await gateway.refresh(found.name);
    const [seen] = gateway.snapshot().upstreams;
    if (seen === undefined) return [];
    const unusable = seen.held.map(({ name, index }) => ({ subject: `${name ?? `#${index}`} (unusable)`, kind: 'tool' as const, raw: '{' }));
    return [
      ...(seen.instructions === undefined ? [] : [{ subject: 'instructions', kind: 'instructions' as const, raw: JSON.stringify(seen.instructions.text) }]),
      ...seen.tools.map(({ name, raw }) => ({ subject: name, kind: 'tool' as const, raw })),
      ...unusable,
    ];
  } finally {
    await gateway?.dispose();
    await rm(scratch, { recursive: true, force: true });
  }
}

function scanAll(definitions: readonly Definition[]): readonly Scanned[] {
  const peers: readonly Peer[] = definitions.filter(({ kind }) => kind === 'tool').map(({ subject }) => ({ server: 'server', name: subject }));
  return definitions.map(({ subject, kind, raw }) => ({ subject, findings: scanDefinition({ server: 'server', kind, raw }, { peers }) }));
}

function printText(scanned: readonly Scanned[]): void {
  for (const { subject, findings } of scanned) {
    if (findings.length === 0) continue;
    printLine(visible(subject));
    for (const line of findingLines(findings)) printLine(`  ${line}`);
  }
  const found = scanned.filter(({ findings }) => countGrave(findings) > 0).length;
  printLine(`${scanned.length} definitions scanned, ${found} with findings. This is evidence for a person, no verdict.`);
}

/** Relative where it can be: services match it with the files of a repository. */
function uriOf(path: string): string {
  const inside = relative(process.cwd(), path);
  return inside.startsWith('..') || inside === '' ? pathToFileURL(path).href : inside.split(sep).map(encodeURIComponent).join('/');
}
