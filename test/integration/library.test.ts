import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildAll } from '../../scripts/lib/bundles.mjs';
import { npmCommand } from '../../scripts/lib/exec.mjs';
import { STDIO_SERVER } from '../fixtures/cli.ts';
import { isAlive } from '../security/kit/processes.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TSC = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const CONSUMER = fileURLToPath(new URL('../fixtures/library/consumer.mts', import.meta.url));

/** What the consumer prints. */
interface Told {
  readonly states: readonly { readonly servers: readonly { readonly state: string; readonly launch: { readonly approved: boolean }; readonly definitions: readonly { readonly kind: string; readonly name: string; readonly status: string; readonly tier?: string }[] }[] }[];
  readonly early: Answer;
  readonly second: string;
  readonly listed: Answer;
  readonly declined: Answer;
  readonly allowed: Answer;
  readonly readerListed: Answer;
  readonly own: { readonly outcome: string; readonly answer: { readonly content: readonly { readonly text: string }[] } };
  readonly code: Answer;
  readonly paused: Answer;
  readonly revoked: Answer;
  readonly stale: string;
  readonly gone: string;
  readonly asked: readonly { readonly tool: string; readonly tier: string; readonly agent: string; readonly arguments: string }[];
  readonly calls: readonly { readonly tool: string; readonly route: string; readonly outcome: string; readonly code?: string }[];
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

describe('the package vestibule', { timeout: 300_000 }, () => {
  const built = `out/library-${process.pid}`;
  let place: string;
  let told: Told;

  /** Runs a program in the consumer's folder. @throws with its output unless it ends well */
  async function run(command: string, args: readonly string[], cwd = place): Promise<string> {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let all = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => ((stdout += text), (all += text)));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (all += text));
    const [code] = (await once(child, 'close')) as [number | null];
    assert.equal(code, 0, `${command} ${args.join(' ')}\n${all}`);
    return stdout;
  }

  before(async () => {
    place = await mkdtemp(join(tmpdir(), 'vestibule-library-'));
    await buildAll(built);
    await writeFile(join(place, 'package.json'), '{"name":"consumer","version":"1.0.0","private":true,"type":"module"}');
    await run(...npmCommand(['pack', '--pack-destination', place, '--ignore-scripts', '--offline']), join(ROOT, built, 'npm'));
    const [tarball] = (await readdir(place)).filter((file) => file.endsWith('.tgz'));
    // The keychain is optional, and the only thing that would have to be downloaded.
    await run(...npmCommand(['install', '--offline', '--cache', join(place, 'cache'), '--omit=optional', '--no-audit', '--no-fund', '--ignore-scripts', `./${tarball ?? ''}`]));
    await copyFile(CONSUMER, join(place, 'consumer.mts'));
    await writeFile(
      join(place, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: { target: 'es2022', module: 'nodenext', strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, types: ['node'], typeRoots: [join(ROOT, 'node_modules/@types')] }, files: ['consumer.mts'] }),
    );
  });

  after(async () => {
    await rm(place, { recursive: true, force: true });
    await rm(join(ROOT, built), { recursive: true, force: true });
  });

  it('is typed: a consumer compiles against what was packed', async () => {
    await run(process.execPath, [TSC, '-p', '.']);
  });

  it('runs where it was installed, and says so to the program in a line', async () => {
    told = JSON.parse(await run(process.execPath, ['consumer.mjs', join(place, 'data'), STDIO_SERVER])) as Told;
    assert.equal(told.gone, 'gone', 'nothing listens after close()');
    assert.equal(told.second, 'data-folder-locked', 'one gateway at a time uses a folder');
  });

  it('starts nothing and calls nothing before it was approved', () => {
    const [before, afterwards] = told.states;
    assert.deepEqual(before?.servers.map(({ state, launch }) => [state, launch.approved]), [['quarantined', false]]);
    assert.match(told.early.body, /"isError":true/);
    assert.deepEqual(
      afterwards?.servers[0]?.definitions.map(({ kind, name, status, tier }) => [kind, name, status, tier]),
      [['instructions', '', 'approved', undefined], ['tool', 'echo', 'approved', 'destructive'], ['tool', 'pid', 'approved', 'read']],
    );
    assert.equal(told.stale, 'stale-decision', 'a digest that nobody has is approved by nobody');
  });

  it('asks the program about calls that are not read-only, and only its word lets them through', () => {
    assert.deepEqual(told.asked.map(({ tool, tier, agent, arguments: text }) => [tool, tier, agent, text]), [
      ['echo', 'destructive', 'Local agent', '{}'],
      ['echo', 'destructive', 'Local agent', '{"say":"please"}'],
    ]);
    assert.match(told.declined.body, /consent_declined/);
    assert.match(told.allowed.body, /\\"say\\":\\"please\\"/);
  });

  it('holds agents, pauses and records as the program does', async () => {
    assert.match(told.listed.body, /raw_echo/);
    assert.doesNotMatch(told.readerListed.body, /raw_echo/);
    assert.match(told.readerListed.body, /raw_pid/);
    assert.match(told.paused.body, /"paused"/);
    assert.equal(told.revoked.status, 401);
    assert.deepEqual(
      told.calls.filter(({ route }) => route !== 'menu').map(({ tool, route, outcome, code }) => [tool, route, outcome, code]),
      [
        ['raw_echo', 'direct', 'refused', 'unknown_tool'],
        ['echo', 'direct', 'refused', 'consent_declined'],
        ['echo', 'direct', 'ok', undefined],
        ['pid', 'person', 'ok', undefined],
        ['pid', 'direct', 'refused', 'paused'],
      ],
    );
    const records = await run(process.execPath, ['node_modules/vestibule/headless.cjs', 'calls', 'verify', '--data', join(place, 'data'), '--workspace', place]);
    assert.match(records, /^\d+ lines, unbroken/);
  });

  it('runs code of agents and counts tokens with the files of the package, and leaves no process', () => {
    assert.match(told.code.body, /42/);
    assert.equal(isAlive(Number(told.own.answer.content[0]?.text)), false);
  });

  it('can be required, and brings the program', async () => {
    assert.equal(await run(process.execPath, ['-p', "typeof require('vestibule').createGateway", '--input-type=commonjs']), 'function\n');
    assert.match(await run(...npmCommand(['exec', '--offline', '--', 'vestibule', '--help'])), /^Vestibule \d.*\n\nUsage: vestibule COMMAND/);
    const { name, bin } = JSON.parse(await readFile(join(place, 'node_modules/vestibule/package.json'), 'utf8')) as { name: string; bin: Record<string, string> };
    assert.deepEqual([name, Object.keys(bin)], ['vestibule', ['vestibule']]);
  });
});
