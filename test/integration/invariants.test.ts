/*
 * What the product promises, over random sequences of what servers, files, people and crashes do: a whole gateway with its
 * files and its endpoint, a server over HTTP, an agent. After each step the agent uses every tool and looks everywhere.
 */
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { VestibuleError } from '../../src/proxy/errors.ts';
import { createGateway, type Gateway } from '../../src/proxy/gateway.ts';
import { sha256 } from '../../src/proxy/json/canonical.ts';
import type { Digest } from '../../src/proxy/model.ts';
import { LegacyAgent, type Message } from '../fixtures/relay/agents.ts';
import { RIG_GATEWAY } from '../fixtures/relay/rig.ts';
import { eventually } from '../fixtures/eventually.ts';
import { telltale } from '../fixtures/telltale/mark.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';
import { INITIALIZE_RESULT, mcpServer, resultOf, sendJson, type HttpFixture } from '../fixtures/upstreams/http-server.ts';

const SEQUENCES = 25;
const STEPS = 14;
const TOOLS = ['alpha', 'beta'] as const;
const LAUNCHES = ['/one', '/two'] as const;
/** Stands in the header of every request to the server, and nowhere else. */
const SECRET = telltale('held-secret', '-of-the-invariants');

type Tool = (typeof TOOLS)[number];
type Step =
  | { readonly do: 'define'; readonly tool: Tool; readonly version: number }
  | { readonly do: 'approve' | 'block' | 'forget' | 'approve what was shown before' | 'deny'; readonly tool: Tool }
  | { readonly do: 'launch'; readonly launch: number }
  | { readonly do: 'approve launch' | 'switch' | 'restart' | 'crash' | 'pass' | 'agent tries' };

const tool = fc.constantFrom(...TOOLS);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('define' as const), tool, version: fc.constantFrom(0, 0, 1, 2) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('approve' as const, 'approve' as const, 'approve' as const, 'block' as const, 'forget' as const, 'approve what was shown before' as const), tool }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('deny' as const), tool }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('launch' as const), launch: fc.nat(1) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('approve launch' as const, 'approve launch' as const, 'switch' as const, 'restart' as const, 'crash' as const, 'pass' as const, 'agent tries' as const) }) },
);

const BEGUN: readonly Step[] = [{ do: 'approve launch' }, { do: 'approve', tool: 'alpha' }];

/** A text that stands in this definition alone. */
const markOf = (name: string, version: number): string => `mark-${name}-${version}-`;
const definitionOf = (name: string, version: number): object => ({ name, description: `${markOf(name, version)} does a thing`, inputSchema: { type: 'object' } });
const rawOf = (name: string, version: number): string => JSON.stringify(definitionOf(name, version));
const digestOf = (name: string, version: number): Digest => sha256(JSON.stringify(Object.fromEntries(Object.entries(definitionOf(name, version)).sort(([a], [b]) => (a < b ? -1 : 1)))));

/** One house, and beside it what the promises mean in the simplest words. */
class World {
  readonly versions = new Map<Tool, number>(TOOLS.map((name) => [name, 0]));
  readonly approved = new Set<string>();
  readonly blocked = new Set<string>();
  readonly denied = new Set<Tool>();
  readonly launchesApproved = new Set<number>();
  /** Versions of tools that a person ever approved: of no other may the agent hear. */
  readonly shown = new Set<string>();
  launch = 0;
  enabled = true;
  refused = 0;
  ran = 0;
  /** Everything the agent was sent. */
  heard = '';
  readonly #server: HttpFixture;
  readonly #dir: string;
  #gateway: Gateway | undefined;
  #agent: LegacyAgent | undefined;

  constructor(server: HttpFixture, dir: string) {
    this.#server = server;
    this.#dir = dir;
  }

  get gateway(): Gateway {
    return this.#gateway ?? assert.fail('no gateway');
  }

  /** Whether the server may be reached at all. */
  get open(): boolean {
    return this.enabled && this.launchesApproved.has(this.launch);
  }

  callable(name: Tool): boolean {
    const key = `${name} ${this.versions.get(name) ?? 0}`;
    return this.open && !this.denied.has(name) && this.approved.has(key) && !this.blocked.has(key);
  }

  async start(): Promise<void> {
    await mkdir(join(this.#dir, 'workspace', '.vscode'), { recursive: true });
    await this.configure();
    const secrets = { get: () => Promise.resolve(SECRET), set: () => Promise.resolve(), delete: () => Promise.resolve() } as never;
    this.#gateway = await createGateway({ ...RIG_GATEWAY, approveAll: false, secrets, dataDir: join(this.#dir, 'data'), workspaceFolder: join(this.#dir, 'workspace') });
    const { url } = await this.gateway.listen();
    this.#agent = new LegacyAgent({ url, token: RIG_GATEWAY.token });
    await this.#agent.open();
  }

  async stop(): Promise<void> {
    this.#collect();
    await this.#agent?.close().catch(() => undefined);
    await this.#gateway?.dispose();
  }

  /** Writes the workspace's servers file, and waits until the gateway goes by it. */
  async configure(): Promise<void> {
    const url = this.#server.url.replace('/mcp', LAUNCHES[this.launch] ?? '');
    const entry = { type: 'http', url, shared: true, enabled: this.enabled, headers: { Authorization: 'Bearer ${input:key}' }, tools: { deny: [...this.denied] } };
    await writeFile(join(this.#dir, 'workspace', '.vscode', 'vestibule.json'), JSON.stringify({ inputs: [{ type: 'promptString', id: 'key', description: 'k', password: true }], servers: { srv: entry } }));
    if (this.#gateway === undefined) return;
    await eventually(() => {
      const now = this.gateway.snapshot().upstreams[0]?.config;
      const is = now !== undefined && JSON.stringify(now.transport).includes(url) && now.enabled === this.enabled && JSON.stringify(now.tools.deny) === JSON.stringify([...this.denied]);
      return Promise.resolve(is ? true : undefined);
    });
  }

  async request(method: string, params?: object): Promise<Message> {
    const answer = (await this.#agent?.request(method, params)) ?? assert.fail('no agent');
    this.heard += JSON.stringify(answer);
    return answer;
  }

  /** Calls a tool; what it came to. */
  async call(id: string): Promise<{ readonly code: string | undefined; readonly text: string }> {
    const { result } = await this.request('tools/call', { name: 'call_tool', arguments: { tool: id, arguments: {} } });
    const code = (result?.['_meta'] as Record<string, { code: string }> | undefined)?.['vestibule/error']?.code;
    if (code === undefined) this.ran++;
    else this.refused++;
    return { code, text: JSON.stringify(result) };
  }

  #collect(): void {
    this.heard += JSON.stringify(this.#agent?.heard ?? []);
  }

  /** Holds everything that is promised against what is. */
  async check(after: string): Promise<void> {
    // What the server has now is what the gateway has listed.
    if (this.open) await this.gateway.refresh('srv');
    const callsBefore = this.#calls();
    let expected = 0;
    for (const name of TOOLS) {
      const may = this.callable(name);
      if (may) expected++;
      const { code } = await this.call(`srv:${name}`);
      assert.equal(code === undefined, may, `I1: ${name} answered ${code ?? 'with its result'} after ${after}`);
    }
    assert.equal(this.#calls() - callsBefore, expected, `I1: calls that reached the server after ${after}`);
    const { result } = await this.request('tools/list');
    const listed = JSON.stringify(result);
    for (const name of TOOLS) {
      assert.equal(listed.includes(`"srv_${name}"`), this.callable(name), `I1: listed after ${after}: ${listed}`);
    }
    await this.request('tools/call', { name: 'retrieve_tools', arguments: { query: 'mark does a thing', limit: 50 } });
    await this.request('tools/call', { name: 'describe_tool', arguments: { tools: TOOLS.map((name) => `srv:${name}`) } });
    this.#collect();
    for (const name of TOOLS) for (const version of [0, 1, 2]) if (!this.shown.has(`${name} ${version}`)) assert.ok(!this.heard.includes(markOf(name, version)), `I3: ${name} ${version} was shown after ${after}`);
    LAUNCHES.forEach((path, n) => {
      if (!this.launchesApproved.has(n)) assert.ok(!this.#server.seen.some((request) => request.path === path), `I4: ${path} was dialled after ${after}`);
    });
    assert.ok(!this.heard.includes(SECRET), `I5: the agent got the secret after ${after}`);
  }

  #calls(): number {
    return this.#server.seen.filter(({ rpc }) => rpc.method === 'tools/call').length;
  }

  /** What can only be told once everything is written. */
  async settle(): Promise<void> {
    const refused = await eventually(async () => {
      const records = await this.gateway.calls({ outcome: 'refused', limit: 10_000 });
      return records.length >= this.refused ? records.length : undefined;
    });
    assert.equal(refused, this.refused, 'I6: refusals that are recorded');
    await this.stop();
    for (const entry of await readdir(join(this.#dir, 'data'), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const content = await readFile(join(entry.parentPath, entry.name), 'latin1');
      for (const secret of [SECRET, Buffer.from(SECRET).toString('base64'), RIG_GATEWAY.token]) assert.ok(!content.includes(secret), `I5: ${entry.name} holds a secret`);
    }
  }

  async act(one: Step): Promise<void> {
    switch (one.do) {
      case 'define':
        this.versions.set(one.tool, one.version);
        return;
      case 'approve':
      case 'block':
      case 'forget': {
        if (!this.open) return;
        const version = this.versions.get(one.tool) ?? 0;
        const key = `${one.tool} ${version}`;
        await this.gateway.refresh('srv');
        await this.gateway[one.do]([{ server: 'srv', kind: 'tool', name: one.tool, digest: digestOf(one.tool, version) }]);
        this.approved.delete(key);
        this.blocked.delete(key);
        if (one.do === 'approve') {
          this.approved.add(key);
          this.shown.add(key);
        } else if (one.do === 'block') this.blocked.add(key);
        return;
      }
      case 'approve what was shown before': {
        // Between look and click the definition became another one.
        const other = ((this.versions.get(one.tool) ?? 0) + 1) % 3;
        if (this.open) await this.gateway.refresh('srv');
        await assert.rejects(this.gateway.approve([{ server: 'srv', kind: 'tool', name: one.tool, digest: digestOf(one.tool, other) }]), (error) => VestibuleError.is(error, 'stale-decision') || VestibuleError.is(error, 'not-found'), 'I2');
        return;
      }
      case 'deny':
        if (!this.denied.delete(one.tool)) this.denied.add(one.tool);
        return this.configure();
      case 'launch':
        this.launch = one.launch;
        return this.configure();
      case 'switch':
        this.enabled = !this.enabled;
        return this.configure();
      case 'approve launch': {
        const { launch } = this.gateway.snapshot().upstreams[0] ?? assert.fail('no server');
        await this.gateway.approveLaunch('srv', launch.fingerprint);
        this.launchesApproved.add(this.launch);
        return;
      }
      case 'restart':
      case 'crash':
        await this.stop();
        // What a process that died in the middle of writing leaves behind.
        if (one.do === 'crash') await writeFile(join(this.#dir, 'data', '.approvals.json.0123456789ab.tmp'), '{"version":1,"state":{"servers":{"srv":{"launches":[');
        return this.start();
      case 'agent tries':
        for (const name of ['approve_tool', 'quarantine_security', 'upstream_servers']) await this.request('tools/call', { name, arguments: { operation: 'approve', server: 'srv', tool: 'alpha', all: true } });
        // The first two are no tools of the menu: they are refused as calls of unknown tools are.
        this.refused += 2;
        for (const id of ['srv:approve', '__proto__', 'constructor']) await this.call(id);
        return;
      case 'pass':
        return;
    }
  }
}

describe('the promises', { timeout: 300_000 }, () => {
  const root = tempFolder();

  it('I1 I2 I3 I4 I5 I6: hold after every step of any sequence', async () => {
    let runs = 0;
    let ran = 0;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(true, true, false), fc.array(step, { minLength: 4, maxLength: STEPS }), async (begun, steps) => {
        const dir = join(root, String(runs++));
        const holder: { world?: World } = {};
        const server = await mcpServer((request, response) => {
          const { method } = request.rpc;
          if (method === 'initialize') return sendJson(response, resultOf(request, { ...INITIALIZE_RESULT, capabilities: { tools: {} } }), 200, { 'mcp-session-id': 's' });
          if (method === 'tools/list') return sendJson(response, resultOf(request, { tools: TOOLS.map((name) => JSON.parse(rawOf(name, holder.world?.versions.get(name) ?? 0)) as object) }));
          if (method === 'tools/call') return sendJson(response, resultOf(request, { content: [{ type: 'text', text: JSON.stringify(request.headers) }] }));
          return false;
        });
        const world = (holder.world = new World(server, dir));
        await world.start();
        try {
          await world.check('the start');
          // Most of what is interesting happens to servers that somebody let run.
          for (const one of begun ? [...BEGUN, ...steps] : steps) {
            await world.act(one);
            await world.check(JSON.stringify(one));
          }
          await world.settle();
          ran += world.ran;
        } finally {
          await world.stop().catch(() => undefined);
          await server.close();
        }
      }),
      { numRuns: SEQUENCES, endOnFailure: true },
    );
    assert.ok(ran > SEQUENCES, `hardly anything was approved: only ${ran} calls ran`);
  });
});
