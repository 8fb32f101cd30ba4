import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';

/** Sets of scenarios that a revision requires, each run on that revision's wire. */
export type Revision = '2025-11-25' | '2026-07-28';

/** Those, and the one whose servers are their own authorization servers. */
export type WireRevision = Revision | '2025-03-26';

/** What the suite found in one scenario. */
export interface ScenarioResult {
  readonly name: string;
  readonly passed: number;
  /** What failed, one line each. */
  readonly failures: readonly string[];
  /** What the specification recommends and was not done. */
  readonly warnings: readonly string[];
}

/** One run of the official suite. */
export interface SuiteResult {
  /** 0 when every scored scenario passed. */
  readonly exitCode: number;
  readonly scenarios: readonly ScenarioResult[];
  /** What the suite printed. */
  readonly output: string;
}

/** Milliseconds a scenario may take: a hundred times what it needs alone, so that only one that hangs meets it. */
const SCENARIO_MS = 240_000;

/** No revision scores the extension for tasks, and no SDK has it: it has a fixture and jobs of its own. */
const EXTENSION = /^tasks-/;
const TASKS = ['lifecycle', 'capability-negotiation', 'wire-fields', 'request-state-removal', 'mrtr-input', 'request-headers', 'dispatch-and-envelope', 'required-task-error', 'mrtr-composition'];

const AUTHORIZATION = 'auth';

const PROGRAM = join(dirname(createRequire(import.meta.url).resolve('@modelcontextprotocol/conformance/package.json')), 'dist', 'index.js');

/** Runs everything this revision requires of servers, and what the suite adds unscored, against the server at `url`. */
export function testServer(url: string, revision: Revision): Promise<SuiteResult> {
  return runSuite(['server', '--url', url, '--requirements', revision], { counts: (name) => !EXTENSION.test(name) });
}

/** Runs the scenarios for tasks of the modern era against the server at `url`: all but the one that checks nothing yet. */
export async function testTasks(url: string): Promise<SuiteResult> {
  const runs: SuiteResult[] = [];
  for (const name of TASKS) runs.push(await runSuite(['server', '--url', url, '--scenario', `tasks-${name}`, '--spec-version', '2026-07-28', '--force']));
  return { exitCode: Math.max(...runs.map(({ exitCode }) => exitCode)), scenarios: runs.flatMap(({ scenarios }) => scenarios), output: runs.map(({ output }) => output).join('\n') };
}

/**
 * Runs one scenario for clients.
 * @param program what the suite starts, beside `folder`, with the URL of its server as last argument
 * @param folder where the program is
 */
export function testClient(program: readonly string[], folder: string, scenario: string, revision: WireRevision): Promise<SuiteResult> {
  // The suite hands the command to a shell, so nothing in it may need quotes: neither our path nor that of Node.
  const path = [dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter);
  // Scenarios outside the revision they were written for are not run otherwise.
  return runSuite(['client', '--command', ['node', ...program].join(' '), '--scenario', scenario, '--spec-version', revision, '--force'], { cwd: folder, env: { PATH: path } });
}

interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Whether a scenario that was run is looked at. */
  readonly counts?: (name: string) => boolean;
}

async function runSuite(args: readonly string[], { cwd, env, counts = () => true }: RunOptions = {}): Promise<SuiteResult> {
  const folder = await mkdtemp(join(tmpdir(), 'vestibule-conformance-'));
  try {
    const child = spawn(process.execPath, [PROGRAM, ...args, '--timeout', String(SCENARIO_MS), '-o', folder], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close') as Promise<[number | null]>]);
    return { exitCode: code ?? 1, scenarios: (await readResults(folder)).filter(({ name }) => counts(name)), output: `${stdout}\n${stderr}` };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function readResults(folder: string): Promise<readonly ScenarioResult[]> {
  const results: ScenarioResult[] = [];
  for (const path of await resultFolders(folder)) {
    // Folders are named `SCENARIO-TIME` for clients, `server-SCENARIO-TIME` for servers; no client scenario is named so.
    const name = basename(path).replace(/^server-/, '').replace(/-\d{4}-\d{2}-\d{2}T[-\d]+Z$/, '');
    const checks = await readFile(join(folder, path, 'checks.json'), 'utf8').catch(() => undefined);
    results.push(checks === undefined ? { name, passed: 0, failures: ['the suite could not run it'], warnings: [] } : readScenario(name, checks));
  }
  return results;
}

/** Folders of results below `folder`; the scenarios of authorization have one of that name around theirs. */
async function resultFolders(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder);
  if (!entries.includes(AUTHORIZATION)) return entries;
  return (await readdir(join(folder, AUTHORIZATION))).map((entry) => join(AUTHORIZATION, entry));
}

function readScenario(name: string, json: string): ScenarioResult {
  const checks = JSON.parse(json) as readonly { readonly id: string; readonly status: string; readonly description: string; readonly errorMessage?: string }[];
  const lines = (status: string): string[] =>
    checks.filter((check) => check.status === status).map((check) => `${check.id}: ${(check.errorMessage ?? check.description).split('\n', 1)[0] ?? ''}`);
  return { name, passed: lines('SUCCESS').length, failures: lines('FAILURE'), warnings: lines('WARNING') };
}
