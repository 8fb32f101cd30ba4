/*
 * Every key that a servers file may hold, changed under a running gateway: what is seen of it before and after, and a call
 * under way through the change that ends by the rules it began with. A key of the schema that no row is about fails.
 */
import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { openKeys } from '../../src/oauth/core/keys.ts';
import type { EditorSessions } from '../../src/oauth/core/editor-account.ts';
import { openCacheStore } from '../../src/headless/cache/open-store.ts';
import { commonOptions } from '../../src/headless/gateway-options.ts';
import { openJwt } from '../../src/headless/jwt/verifier.ts';
import type { CacheStoreSettings } from '../../src/proxy/config/types.ts';
import type { GatewayOptions } from '../../src/proxy/options.ts';
import type { LegacyAgent } from '../fixtures/relay/agents.ts';
import { startHttpPeer, type HttpPeer } from '../fixtures/relay/http-peer.ts';
import type { PeerOptions } from '../fixtures/relay/peer.ts';
import { startRelayRig, type RelayRig } from '../fixtures/relay/rig.ts';
import { callTool, codeIn, textIn } from '../fixtures/reload/look.ts';
import { MemorySecrets } from '../fixtures/oauth/house.ts';
import { startProvider, type Manners, type Provider } from '../fixtures/oauth/provider.ts';
import { answerTo, asked, FILE_ROWS } from '../fixtures/reload/file-rows.ts';
import { gatewayRows, Outside } from '../fixtures/reload/gateway-rows.ts';
import { LAUNCH_ROWS } from '../fixtures/reload/launch-rows.ts';
import { schemaKeys, type Row } from '../fixtures/reload/row.ts';
import { signInRows, type SignInRow } from '../fixtures/reload/sign-in-rows.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';
import { LONG, ORDER, SECRET, SERVER_ROWS } from '../fixtures/reload/server-rows.ts';

/** Calls under way that one agent has open. */
const FLIGHTS_OF_ONE = 4;
const ROOTS = { roots: [{ uri: 'file:///', name: `${ORDER} ${SECRET} ${LONG}` }] };

const PEER: PeerOptions = {
  tools: [
    { name: 'look', description: 'Looks.', inputSchema: { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } } }, annotations: { readOnlyHint: true } },
    { name: 'write', inputSchema: { type: 'object' } },
    { name: 'beat', inputSchema: { type: 'object' } },
    { name: 'takes', inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } },
  ],
  does: {
    look: ({ args, reply }) => reply({ content: [{ type: 'text', text: JSON.stringify(args) }] }),
    takes: ({ args, reply }) => void setTimeout(() => reply({ content: [] }), Number(args['ms'])),
    beat: ({ notify, params }) => {
      let beats = 0;
      const timer = setInterval(() => {
        notify('notifications/progress', { progressToken: params._meta?.progressToken, progress: ++beats });
        if (beats === 200) clearInterval(timer);
      }, 20).unref();
    },
  },
};

/** Calls that are under way through a change: they end when the agents answer what they are asked. */
class Flights {
  readonly #rig: RelayRig;
  readonly #made: { readonly server: string; readonly answer: ReturnType<LegacyAgent['request']> }[] = [];
  #answer: () => void = () => undefined;
  readonly #held = new Promise<object>((resolve) => (this.#answer = () => resolve(ROOTS)));
  #agent: LegacyAgent | undefined;

  constructor(rig: RelayRig) {
    this.#rig = rig;
  }

  /** Resolves when the call is at its server. */
  async begin(server: string): Promise<void> {
    if (this.#agent === undefined || this.#made.length % FLIGHTS_OF_ONE === 0) {
      this.#agent = this.#rig.legacy({ capabilities: { roots: {} }, clientInfo: { name: 'flyer', version: '1' } });
      await this.#agent.open();
      this.#agent.answering = () => this.#held;
    }
    const agent = this.#agent;
    const heard = agent.heard.length;
    const answer = callTool(agent, `${server}:ask`, { method: 'roots/list' });
    this.#made.push({ server, answer });
    const early = answer.then((message) => assert.fail(`the call at ${server} was not under way: ${JSON.stringify(message)}`));
    await Promise.race([early, agent.hears(({ method }) => method === 'roots/list', heard)]);
    early.catch(() => undefined);
  }

  /** Lets them end, and says how each did. */
  async land(): Promise<ReadonlyMap<string, { readonly text: string; readonly isError: boolean }>> {
    this.#answer();
    const landed = await Promise.all(this.#made.map(async ({ server, answer }) => {
      const message = await answer;
      return [server, { text: textIn(message), isError: codeIn(message) !== 'ok' }] as const;
    }));
    return new Map(landed);
  }
}

/** Writes a servers file and waits until it counts. */
let generation = 0;
async function counts(rig: RelayRig, file: object, profiles: object = {}): Promise<void> {
  const mark = `generation-${++generation}`;
  await rig.configureText(JSON.stringify({ ...file, profiles: { ...profiles, [mark]: {} } }));
  await rig.until((gateway) => gateway.snapshot().profiles?.includes(mark) === true);
}

const named = new Set<string>();
function takes(rows: readonly { readonly key: string }[]): void {
  for (const { key } of rows) {
    assert.ok(!named.has(key), `two rows are about ${key}`);
    named.add(key);
  }
}

/** A row with its servers. */
interface Staged {
  readonly row: Row;
  readonly server: string;
  readonly peer: HttpPeer;
  readonly others: ReadonlyMap<string, HttpPeer>;
}

/** Rows of one file, each with servers of its own, all of which change at once. */
class Stage {
  readonly rows: Staged[] = [];
  readonly #peers: HttpPeer[] = [];

  /** @param letter before the number that is a row's server's name */
  static async of(rows: readonly Row[], letter: string): Promise<Stage> {
    const stage = new Stage();
    for (const [i, row] of rows.entries()) {
      const others = new Map<string, HttpPeer>();
      for (const other of row.beside ?? []) others.set(other, await stage.peer(PEER));
      stage.rows.push({ row, server: `${letter}${i}`, peer: await stage.peer({ ...PEER, ...row.offers, ...(row.breaks === true && { breaksOn: 'tools/call' }) }), others });
    }
    return stage;
  }

  async peer(options: PeerOptions): Promise<HttpPeer> {
    const peer = await startHttpPeer(options);
    this.#peers.push(peer);
    return peer;
  }

  /** What a row says, with the names and addresses of its servers. */
  says({ others, row, server }: Staged, when: 'was' | 'is'): unknown {
    let text = JSON.stringify(row[when]);
    for (const [letter, { url }] of others) text = text.replaceAll(`"#${letter}"`, JSON.stringify(url));
    return JSON.parse(text.replaceAll('$', server).replaceAll(`${server}schema`, '$schema').replaceAll(`${server}{`, '${'));
  }

  /** The entries of all rows. */
  entries(when: 'was' | 'is'): Readonly<Record<string, object>> {
    const entries = this.rows.flatMap((staged) => {
      const members = this.says(staged, when) as object;
      const dialled = 'command' in members || 'url' in members ? {} : { url: staged.peer.url };
      return [[staged.server, { ...dialled, ...members }] as const, ...[...staged.others].map(([letter, { url }]) => [`${staged.server}${letter}`, { url }] as const)];
    });
    return Object.fromEntries(entries);
  }

  /** Looks at every row, before or after. */
  async look(rig: RelayRig, agent: LegacyAgent, when: 'was' | 'is'): Promise<void> {
    for (const { row, server, peer, others } of this.rows) {
      const sight = { rig, gateway: rig.gateway, agent, server, peer, others };
      const saw = await (when === 'is' ? (row.then ?? row.sees) : row.sees)(sight);
      assert.deepEqual(saw, row.shows[when === 'was' ? 0 : 1], `${row.key} ${when === 'was' ? 'before' : 'after'} the change`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#peers.map((peer) => peer[Symbol.asyncDispose]()));
  }
}

/** Begins a call at the server of each row where one can be under way. */
async function begin(rig: RelayRig, { rows }: Stage): Promise<Flights> {
  const flights = new Flights(rig);
  for (const { row, server } of rows) if (row.breaks !== true && row.still !== true) await flights.begin(server);
  return flights;
}

async function land(flights: Flights, { rows }: Stage): Promise<void> {
  const landed = await flights.land();
  for (const { row, server } of rows) {
    const flight = landed.get(server);
    assert.equal(flight === undefined, row.breaks === true || row.still === true);
    if (flight === undefined) continue;
    assert.ok(!flight.isError, `${row.key}: the call under way ended as ${flight.text}`);
    row.flight?.(flight);
  }
}

describe('hot reload', { timeout: 600_000 }, () => {
  it('of every rule of a server: calls under way end as they began, the next calls see the new', async () => {
    takes(SERVER_ROWS);
    await using stage = await Stage.of(SERVER_ROWS, 'r');
    // Waits before a retry are random: here, half of what they may be.
    mock.method(Math, 'random', () => 0.5);
    await using rig = await startRelayRig(stage.entries('was'));
    mock.restoreAll();
    const agent = rig.legacy();
    await agent.open();
    const flights = await begin(rig, stage);
    await stage.look(rig, agent, 'was');
    await counts(rig, { servers: stage.entries('is') });
    await stage.look(rig, agent, 'is');
    await land(flights, stage);
  });

  it('of every launch: another one waits for a person, and calls under way end at the one they began with', async () => {
    takes(LAUNCH_ROWS);
    await using stage = await Stage.of(LAUNCH_ROWS, 'l');
    await using rig = await startRelayRig(stage.entries('was'));
    const agent = rig.legacy();
    await agent.open();
    const flights = await begin(rig, stage);
    await stage.look(rig, agent, 'was');
    await counts(rig, { servers: stage.entries('is') });
    for (const { row, server } of stage.rows) {
      const { launch } = rig.gateway.snapshot().upstreams.find(({ name }) => name === server) ?? assert.fail(server);
      if (row.still !== true) assert.equal(launch.approved, row.held !== true, row.key);
      if (row.held !== true) continue;
      assert.match(codeIn(await callTool(agent, `${server}:ask`)), /awaiting_approval|unknown_tool/, row.key);
      await rig.gateway.approveLaunch(server, launch.fingerprint);
      await rig.until((gateway) => gateway.snapshot().upstreams.find(({ name }) => name === server)?.tools.some(({ status }) => status === 'approved') === true);
    }
    await stage.look(rig, agent, 'is');
    await land(flights, stage);
  });

  it('of what stands beside the servers: inputs and profiles', async () => {
    takes(FILE_ROWS);
    await using stage = await Stage.of(FILE_ROWS, 'f');
    const ops = await stage.peer(PEER);
    const file = (when: 'was' | 'is'): { readonly servers: Readonly<Record<string, object>>; readonly profiles: object; readonly inputs: readonly object[]; readonly rest: object } => {
      const said = stage.rows.map((staged) => [staged.server, stage.says(staged, when) as { readonly entry?: object; readonly input?: object; readonly profile?: object; readonly file?: object }] as const);
      return {
        servers: { ops: { url: ops.url }, ...Object.fromEntries(said.flatMap(([server, { entry }]) => (entry === undefined ? [] : [[server, entry] as const]))) },
        profiles: Object.fromEntries(said.flatMap(([server, { profile }]) => (profile === undefined ? [] : [[server, profile] as const]))),
        inputs: said.flatMap(([, { input }]) => (input === undefined ? [] : [input])),
        rest: Object.assign({}, ...said.map(([, { file: sections }]) => sections)) as object,
      };
    };
    const askInput: GatewayOptions['askInput'] = (input, server) => {
      asked.set(server, input);
      return Promise.resolve(answerTo(input));
    };
    const before = file('was');
    await using rig = await startRelayRig(before.servers, { askInput }, { inputs: before.inputs, profiles: before.profiles, ...before.rest });
    const agent = rig.legacy();
    await agent.open();
    const flights = new Flights(rig);
    await flights.begin('ops');
    await stage.look(rig, agent, 'was');
    const { servers, inputs, profiles, rest } = file('is');
    await counts(rig, { servers, inputs, ...rest }, profiles);
    await stage.look(rig, agent, 'is');
    assert.equal((await flights.land()).get('ops')?.isError, false);
  });

  it('of the gateway itself', async () => {
    await using outside = await Outside.open();
    const rows = gatewayRows(outside);
    takes(rows);
    await using stage = await Stage.of([], 'g');
    Object.assign(process.env, { RELOAD_FIRST: 'first', RELOAD_SECOND: 'second' });
    const { openIntrospection } = commonOptions({ data: '', configFiles: [] });
    const numbered = [1, 2, 3].map((n) => ({ name: `number${n}`, description: 'A numbered thing.', inputSchema: { type: 'object' } }));
    const peer = await stage.peer({ ...PEER, tools: [...(PEER.tools ?? []), ...numbered] });
    const servers = { ops: { url: peer.url } };
    // What the program is told on its command line would win over the file.
    await using rig = await startRelayRig(servers, { mode: undefined, openJwt, openIntrospection, openCacheStore: (settings: CacheStoreSettings) => openCacheStore(outside.folder, settings, { VESTIBULE_CACHE_KEY: Buffer.alloc(32, 7).toString('base64url') }) } as unknown as Partial<GatewayOptions>, { gateway: { mode: 'direct' } });
    const { token } = await rig.gateway.addAgent({ name: 'bot' });
    assert.ok(token.length > 20);
    const agent = rig.legacy();
    await agent.open();
    for (const row of rows) {
      const sight = { rig, gateway: rig.gateway, agent, server: 'ops', peer, others: new Map<string, HttpPeer>() };
      await counts(rig, { servers, gateway: { mode: 'direct', ...outside.put(row.was) } });
      const flights = new Flights(rig);
      await flights.begin('ops');
      assert.deepEqual(await row.sees(sight), row.shows[0], `${row.key} before the change`);
      await counts(rig, { servers, gateway: { mode: 'direct', ...outside.put(row.is) } });
      assert.deepEqual(await (row.then ?? row.sees)(sight), row.shows[1], `${row.key} after the change`);
      const flight = (await flights.land()).get('ops');
      assert.ok(flight?.isError === false, `${row.key}: the call under way ended as ${flight?.text ?? 'nothing'}`);
    }
  });

  it('of how a server is signed in to', async () => {
    const { rows, close } = await signInRows();
    takes(rows);
    const accounts: string[] = [];
    const providers: Provider[] = [];
    const provider = async (manners?: Manners): Promise<Provider> => {
      const started = await startProvider(manners);
      providers.push(started);
      return started;
    };
    try {
      const staged: { readonly row: SignInRow; readonly server: string; readonly provider: Provider; readonly other: Provider }[] = [];
      for (const [i, row] of rows.entries()) staged.push({ row, server: `o${i}`, provider: await provider(row.manners), other: await provider() });
      const servers = (when: 'was' | 'is'): Readonly<Record<string, object>> =>
        Object.fromEntries(staged.map(({ row, server, provider: own, other }) => [server, { url: own.url, oauth: JSON.parse(JSON.stringify(row[when]).replaceAll('#own', own.origin).replaceAll('#other', other.origin)) as object }]));
      const editorSessions: EditorSessions = {
        session: (kind) => {
          accounts.push(kind);
          return Promise.resolve(undefined);
        },
        follow: () => ({ dispose: () => undefined }),
      };
      const dataDir = tempFolder();
      await using rig = await startRelayRig(servers('was'), { openKeys: (options) => openKeys({ ...options, dataDir, secrets: new MemorySecrets(), editorSessions, timeoutMs: 5_000 }) });
      for (const { row, ...rest } of staged) assert.deepEqual(await row.sees({ gateway: rig.gateway, accounts, ...rest }), row.shows[0], `${row.key} before the change`);
      await counts(rig, { servers: servers('is') });
      for (const { row, ...rest } of staged) assert.deepEqual(await row.sees({ gateway: rig.gateway, accounts, ...rest }), row.shows[1], `${row.key} after the change`);
    } finally {
      close();
      for (const started of providers) await started.close();
    }
  });

  it('covers every key of the schema, each once', () => {
    const missing = schemaKeys().filter((key) => !named.has(key) && !(process.platform === 'win32' && key === 'servers/*/newVersion'));
    assert.deepEqual([missing, [...named].filter((key) => !schemaKeys().includes(key))], [[], []]);
  });
});
