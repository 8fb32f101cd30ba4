import { findingAt } from './finding.ts';
import type { Finding } from './types.ts';

/** How a program that fetches packages names them on its command line. */
interface Runner {
  /** Words between the program and its options, such as `dlx`. */
  readonly verbs: readonly (readonly string[])[];
  /** Options whose value is a package. */
  readonly packageOptions: readonly string[];
  /** Those of them that take the place of the first plain word. */
  readonly replacing: readonly string[];
  /** Other options with a value of their own. */
  readonly valueOptions: readonly string[];
  readonly pinned: (spec: string) => boolean;
}

const NODE = {
  packageOptions: ['-p', '--package'],
  replacing: ['-p', '--package'],
  valueOptions: ['-c', '--call', '--registry', '--cache', '--userconfig', '--prefix', '-w', '--workspace', '--node-options'],
  pinned: isPinnedNode,
} as const;
const PYTHON = {
  packageOptions: ['--from', '--with', '--spec'],
  replacing: ['--from', '--spec'],
  valueOptions: ['-p', '--python', '--index', '--default-index', '--index-url', '-i', '--extra-index-url', '--directory', '--project', '--env-file', '--cache-dir', '--config-file', '-c', '--constraints', '--overrides', '--refresh-package', '--with-editable', '--with-requirements', '--pip-args'],
  pinned: isPinnedPython,
} as const;

const RUNNERS: ReadonlyMap<string, Runner> = new Map<string, Runner>([
  ['npx', { ...NODE, verbs: [[]] }],
  ['npm', { ...NODE, verbs: [['exec'], ['x']] }],
  ['pnpx', { ...NODE, verbs: [[]] }],
  ['pnpm', { ...NODE, verbs: [['dlx']] }],
  ['yarn', { ...NODE, verbs: [['dlx']] }],
  ['bunx', { ...NODE, verbs: [[]] }],
  ['bun', { ...NODE, verbs: [['x']] }],
  ['uvx', { ...PYTHON, verbs: [[]] }],
  ['uv', { ...PYTHON, verbs: [['tool', 'run']] }],
  ['pipx', { ...PYTHON, verbs: [['run']] }],
]);

const VERSION = String.raw`v?\d+\.\d+[\w.+!-]*`;
const COMMIT = /[#@][0-9a-f]{40}$/i;
const LOCAL = /^(?:\.{0,2}[/\\]|~|[a-z]:[/\\]|file:)/i;
const NODE_VERSION = new RegExp(`^(?:@[^/@]+/)?[^/@]+@${VERSION}$`);
const PYTHON_VERSION = new RegExp(`^[^=@<>!~ ]+(?:==|@)${VERSION}$`);
const MAX_WORDS = 200;
const MAX_SPEC = 200;

/**
 * What there is to say about a command line before a person approves it: packages that are fetched at each start
 * without a version can be others tomorrow, under the same approved command (security W12). Containers and scripts
 * that fetch by themselves are not looked into.
 * @param argv the program and its arguments, variables unresolved; undefined for an address
 */
export function scanLaunch(argv: readonly string[] | undefined): readonly Finding[] {
  if (argv === undefined) return [];
  return unpinned(unwrapped(argv.slice(0, MAX_WORDS))).map((spec) =>
    findingAt({ path: '', of: 'value', text: spec, offset: 0 }, { code: 'unpinned-package', severity: 'warning', start: 0, end: spec.length, detail: `"${spec}" names no exact version.` }),
  );
}

/** The command behind `cmd /c` and `sh -c`. */
function unwrapped(argv: readonly string[]): readonly string[] {
  const [program = '', option = '', script = ''] = argv;
  if (/^cmd$/.test(programName(program)) && /^\/c$/i.test(option)) return argv.slice(2);
  if (/^(?:ba|da|z)?sh$/.test(programName(program)) && /^-[a-z]*c$/.test(option)) return script.trim().split(/\s+/).slice(0, MAX_WORDS);
  return argv;
}

function unpinned([program = '', ...words]: readonly string[]): readonly string[] {
  const runner = RUNNERS.get(programName(program));
  const verb = runner?.verbs.find((candidate) => candidate.every((word, i) => words[i] === word));
  if (runner === undefined || verb === undefined) return [];
  return packagesOf(runner, words.slice(verb.length)).filter((spec) => !spec.includes('${') && !LOCAL.test(spec) && !runner.pinned(spec));
}

/** The packages a command line names: by options, else by its first plain word. */
function packagesOf({ packageOptions, replacing, valueOptions }: Runner, words: readonly string[]): readonly string[] {
  const packages: string[] = [];
  let replaced = false;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    const [option = '', inline] = word.startsWith('--') ? split(word) : [word];
    if (packageOptions.includes(option)) {
      packages.push(inline ?? words[++i] ?? '');
      replaced ||= replacing.includes(option);
    } else if (valueOptions.includes(option)) {
      if (inline === undefined) i++;
    } else if (!word.startsWith('-')) {
      if (!replaced) packages.push(word);
      break;
    }
  }
  return packages.filter((spec) => spec !== '').map((spec) => spec.slice(0, MAX_SPEC));
}

function split(word: string): [string, string | undefined] {
  const at = word.indexOf('=');
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

function isPinnedNode(spec: string): boolean {
  return NODE_VERSION.test(spec) || COMMIT.test(spec);
}

function isPinnedPython(spec: string): boolean {
  return PYTHON_VERSION.test(spec) || COMMIT.test(spec);
}

/** `C:\…\npx.cmd` and `/usr/bin/npx` are `npx`. */
function programName(program: string): string {
  return (program.split(/[/\\]/).at(-1) ?? '').toLowerCase().replace(/\.(?:cmd|exe|bat|ps1)$/, '');
}
