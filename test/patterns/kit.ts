/*
 * A deployment pattern as its page describes it: docs/patterns/NAME.md says the commands, docs/patterns/NAME/ holds the
 * files. The tests run those commands over those files, so that a page that does not work fails.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { CallRecord } from '../../src/proxy/journal/types.ts';
import { Serve } from '../fixtures/cli-serve.ts';
import { run } from '../fixtures/cli.ts';
import { LegacyAgent, ModernAgent, type Message } from '../fixtures/relay/agents.ts';
import type { Run } from '../fixtures/serve.ts';

const PATTERNS = fileURLToPath(new URL('../../docs/patterns/', import.meta.url));

/** A command of a page. */
interface PageCommand {
  readonly env: Readonly<Record<string, string>>;
  /** Without the program's name. */
  readonly args: readonly string[];
}

/** The `$ …vestibule …` lines of the console blocks of a page, in order. */
function commandsOf(page: string): readonly PageCommand[] {
  const blocks = [...page.matchAll(/^```console\n([^]*?)^```/gm)].map(([, block = '']) => block);
  const lines = blocks.flatMap((block) => block.split('\n')).filter((line) => line.startsWith('$ '));
  return lines.flatMap((line) => {
    const words = [...line.slice(2).matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
    const program = words.indexOf('vestibule');
    if (program === -1) return [];
    const env = words.slice(0, program).map((word) => word.split('=', 2) as [string, string]);
    const end = words.findIndex((word) => word.startsWith('#'));
    return [{ env: Object.fromEntries(env), args: words.slice(program + 1, end === -1 ? undefined : end) }];
  });
}

/** One pattern with a state folder of its own, removed when the tests of the calling suite are over. */
export class Pattern {
  /** Folder of its files: where its commands are run. */
  readonly folder: string;
  /** Tokens that `agent add` gave, by name of the agent. */
  readonly tokens = new Map<string, string>();
  readonly #commands: readonly PageCommand[];
  readonly #env: NodeJS.ProcessEnv;
  #root = '';
  #serve: Serve | undefined;
  #url = '';
  #token = '';

  /** @param env what its page asks of the environment, beside what its commands say */
  constructor(name: string, env: NodeJS.ProcessEnv = {}) {
    this.folder = join(PATTERNS, name);
    this.#commands = commandsOf(readFileSync(join(PATTERNS, `${name}.md`), 'utf8'));
    this.#env = { ...env };
    after(() => this.#dispose());
  }

  /** State folder. */
  get data(): string {
    return join(this.#root, 'data');
  }

  get serve(): Serve {
    return this.#serve ?? assert.fail('it was not started');
  }

  /** Runs the page's commands up to and with its first `serve`; those before must succeed. */
  async start(env: NodeJS.ProcessEnv = {}): Promise<void> {
    Object.assign(this.#env, env);
    for (const command of this.#commands) {
      if (command.args[0] === 'serve') return this.startWith(command);
      const { code, stdout, stderr } = await this.run(command);
      assert.equal(code, 0, `vestibule ${command.args.join(' ')}\n${stdout}${stderr}`);
      if (command.args[0] === 'agent' && command.args[1] === 'add') this.tokens.set(valueAfter(command.args, '--name'), /^vst_\S+$/m.exec(stdout)?.[0] ?? assert.fail(stdout));
    }
    assert.fail('the page serves nothing');
  }

  /** Ends what `start` started, and starts it again over the same state. */
  async restart(env: NodeJS.ProcessEnv = {}): Promise<void> {
    assert.equal(await this.serve.stop(), 0);
    Object.assign(this.#env, env);
    await this.startWith(this.command('serve'));
  }

  /** The page's first command that begins with these words. */
  command(...words: readonly string[]): PageCommand {
    return this.#commands.find(({ args }) => words.every((word, i) => args[i] === word)) ?? assert.fail(`the page has no vestibule ${words.join(' ')}`);
  }

  /** Runs a command of the page, or one like it, to its end. */
  async run({ args, env }: PageCommand, more: NodeJS.ProcessEnv = {}): Promise<Run> {
    return run(await this.#inPlace(args), { ...this.#env, ...env, ...more }, this.folder);
  }

  /** Runs `vestibule …` over the state of this pattern. */
  vestibule(...args: string[]): Promise<Run> {
    return this.run({ args, env: {} });
  }

  /** Address and token of an agent, by default of the ready line. */
  endpoint(name?: string, path = ''): { readonly url: string; readonly token: string } {
    const token = name === undefined ? this.#token : (this.tokens.get(name) ?? assert.fail(`no agent ${name}`));
    return { url: `${this.#url}${path}`, token };
  }

  /** An agent of the legacy era with an open session. */
  async agent(name?: string, path?: string): Promise<LegacyAgent> {
    const agent = new LegacyAgent(this.endpoint(name, path));
    await agent.open();
    return agent;
  }

  modern(name?: string, path?: string): ModernAgent {
    return new ModernAgent(this.endpoint(name, path));
  }

  /** Every recorded call of a server's tools, oldest first. */
  async recorded(): Promise<readonly CallRecord[]> {
    const { stdout } = await this.vestibule('calls', '--json');
    const calls = JSON.parse(stdout) as readonly CallRecord[];
    return calls.filter(({ route }) => route !== 'menu').sort((a, b) => a.seq - b.seq);
  }

  /** Starts a `serve` like that of the page. */
  async startWith({ args, env }: PageCommand): Promise<void> {
    this.#serve = new Serve(await this.#inPlace(args), { ...this.#env, ...env }, this.folder);
    const { url, token = '' } = await this.#serve.ready();
    this.#url = url;
    this.#token = token;
  }

  async #inPlace(args: readonly string[]): Promise<string[]> {
    this.#root ||= await mkdtemp(join(tmpdir(), 'vestibule-pattern-'));
    // A page with several gateways names their folders.
    const named = args.indexOf('--data');
    const plain = named === -1 ? args : args.toSpliced(named, 2);
    const end = plain.includes('--') ? plain.indexOf('--') : plain.length;
    return [...plain.slice(0, end), '--data', this.data, ...plain.slice(end)];
  }

  async #dispose(): Promise<void> {
    try {
      if (this.#serve?.program.exitCode === null) assert.equal(await this.#serve.stop(), 0, JSON.stringify(this.#serve.log));
    } finally {
      await rm(this.#root, { recursive: true, force: true });
    }
  }
}

/** Names of the tools an agent is listed. */
export async function listed(agent: LegacyAgent | ModernAgent): Promise<readonly string[]> {
  const answer = await agent.request('tools/list', {});
  return (answer.result?.['tools'] as readonly { readonly name: string }[]).map(({ name }) => name);
}

/** The whole answer to a call, whatever it is. */
export function call(agent: LegacyAgent | ModernAgent, name: string, args: object = {}): Promise<Message> {
  return agent.request('tools/call', { name, arguments: args });
}

/** Why a call was refused; undefined when it was not. */
export function codeOf(answer: Message): string | undefined {
  return (answer.result?.['_meta'] as Record<string, { readonly code: string }> | undefined)?.['vestibule/error']?.code;
}

/** All text of an answer. */
export function textOf(answer: Message): string {
  return ((answer.result?.['content'] ?? []) as readonly { readonly text?: string }[]).map(({ text }) => text ?? '').join('\n');
}

/** What a sample server said of a call. */
export function said(answer: Message): { readonly server: string; readonly tool: string; readonly arguments: Readonly<Record<string, unknown>>; readonly calls: number; readonly pid: number } {
  assert.equal(codeOf(answer), undefined, textOf(answer));
  return JSON.parse(textOf(answer)) as ReturnType<typeof said>;
}

function valueAfter(args: readonly string[], option: string): string {
  return args[args.indexOf(option) + 1] ?? assert.fail(`${option} is missing`);
}
