// What the gateway costs, in one run, so that every side sees the same machine: the same tools/call directly, through
// the cheapest hop there can be, through the gateway, through a hop made of SDK objects, and through other gateways.
// Then calls at once, beside how many servers and tools, beside others that disturb, and what is kept in memory.
import path from 'node:path';
import { loadavg } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { cpuMs } from '../lib/cpu.ts';
import { startGateway, type RunningGateway } from '../lib/gateway.ts';
import { startListening } from '../lib/program.ts';
import { report } from '../lib/report.ts';
import { ms, quantile } from '../lib/statistics.ts';
import { freePort, Probe } from '../soak/probe.ts';
import { fairness } from './fairness.ts';
import { HttpCaller } from './http-caller.ts';
import { startPeers } from './peers.ts';
import { StdioCaller } from './stdio-caller.ts';

const CALLS = 1_000;
/**
 * Calls of each way before those that count. A program that relays for days is compiled; until it is, some ten thousand
 * calls go by, and the compiling, in threads beside, takes its share of the cores and most of the slowest calls.
 */
const WARM_UP = 15_000;
/**
 * Calls of one way before the next has its turn: a process that was not called for a while is slower, whatever it does, and
 * a client that calls is not one that waits for eight others in between.
 */
const TURN = 500;
/** Turns that count. */
const TURNS = 4;
const CLIENTS = 16;
/**
 * Rounds of 2,000 calls before those that count: a program that relays for days is compiled, and takes some ten thousand
 * calls until it is; one that does nothing but send on is sooner.
 */
const WARM_UP_ROUNDS = 5;
const ROUNDS = 5;
/** A process that used less than this in a second has nothing to do any more, in milliseconds. */
const QUIET_MS = 20;
const QUIET_WITHIN_MS = 60_000;
const MEBI = 1024 * 1024;
const folder = import.meta.dirname;
const program = path.join(folder, 'upstream.ts');
const upstreamArguments = { text: 'hello' };
const direct = { name: 'echo', arguments: upstreamArguments };
const viaMenu = { name: 'call_tool', arguments: { tool: 'bench:echo', arguments: upstreamArguments } };
const stdioEntry = { type: 'stdio', command: process.execPath, args: [program, 'stdio'] };
const sharedEntry = { ...stdioEntry, shared: true };

interface Caller {
  request(method: string, params: unknown): Promise<string>;
}

/** One way to the tool. */
interface Way {
  readonly name: string;
  /** Opens one more client. */
  open(): Promise<Caller & { close(): unknown }>;
  readonly params: unknown;
  /** Of the process between client and server, if there is one. */
  readonly pid?: number;
}

function overHttp(name: string, { url, token, pid }: { readonly url: string; readonly token?: string; readonly pid: number }, params: unknown = direct): Way {
  return {
    name,
    params,
    pid,
    async open() {
      const caller = new HttpCaller(url, token);
      await caller.initialize();
      await caller.request('tools/list', {});
      return caller;
    },
  };
}

/** Latency: one client each, call after call, the ways in turns. */
async function latencies(upstream: string, ways: readonly Way[]): Promise<Record<string, string>[]> {
  const opened = await Promise.all(ways.map(async (way) => ({ ...way, caller: await way.open(), times: [] as number[] })));
  for (let done = 0; done < WARM_UP + TURNS * TURN; done += TURN) {
    for (const { caller, params, times } of opened) {
      await repeat(TURN, async () => {
        const started = performance.now();
        await caller.request('tools/call', params);
        if (done >= WARM_UP) times.push(performance.now() - started);
      });
    }
  }
  for (const { caller } of opened) await caller.close();
  const base = opened[0]?.times ?? [];
  return opened.map(({ name, times }, i) => ({
    upstream,
    way: name,
    p50: ms(quantile(times, 0.5)),
    p99: ms(quantile(times, 0.99)),
    'added p50': i === 0 ? '' : ms(quantile(times, 0.5) - quantile(base, 0.5)),
    'added p99': i === 0 ? '' : ms(quantile(times, 0.99) - quantile(base, 0.99)),
  }));
}

/** Calls a second of 16 clients at once, as a share of the way at `hop`, and the CPU time of the process between. */
async function throughputs(upstream: string, ways: readonly Way[], hop: number): Promise<Record<string, string>[]> {
  const rates: number[][] = ways.map(() => []);
  const costs: number[][] = ways.map(() => []);
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
    for (const [index, way] of ways.entries()) {
      const callers = await Promise.all(Array.from({ length: CLIENTS }, () => way.open()));
      // What a session makes for itself with its first call, as a server process of its own, is no part of a call.
      await Promise.all(callers.map((caller) => caller.request('tools/call', way.params)));
      let left = CALLS * 2;
      const started = performance.now();
      const cpu = way.pid === undefined ? undefined : cpuMs(way.pid);
      await Promise.all(
        callers.map(async (caller) => {
          while (left-- > 0) await caller.request('tools/call', way.params);
        }),
      );
      const rate = (CALLS * 2_000) / (performance.now() - started);
      const cost = cpu === undefined || way.pid === undefined ? undefined : ((cpuMs(way.pid) ?? 0) - cpu) / (CALLS * 2);
      for (const caller of callers) await caller.close();
      if (round < WARM_UP_ROUNDS) continue;
      rates[index]?.push(rate);
      if (cost !== undefined) costs[index]?.push(cost);
    }
  }
  const middle = rates.map((each) => quantile(each, 0.5));
  return ways.map(({ name }, i) => ({
    upstream,
    way: name,
    'calls/s': Math.round(middle[i] ?? 0).toString(),
    'of the hop': `${Math.round(((middle[i] ?? 0) / (middle[hop] ?? 1)) * 100)} %`,
    'CPU a call': costs[i]?.length ? ms(quantile(costs[i], 0.5)) : '',
  }));
}

/** What a call costs beside how many servers and tools: it must not matter. */
async function scales(url: string): Promise<Record<string, string>[]> {
  const rows: Record<string, string>[] = [];
  for (const [servers, tools] of [[1, 5], [100, 5], [300, 5], [1, 10_000]] as const) {
    const started = performance.now();
    const entries = Object.fromEntries(Array.from({ length: servers }, (_, i) => [`bench${i}`, { url: `${url}?tools=${tools}` }]));
    const gateway = await startGateway(entries, ['--approve-all', '--mode', 'retrieve']);
    try {
      const way = overHttp('', gateway, { name: 'call_tool', arguments: { tool: `bench${servers - 1}:echo`, arguments: upstreamArguments } });
      const caller = await way.open();
      const call = (): Promise<string> => caller.request('tools/call', way.params);
      while (!(await call().then(() => true, () => false))) await delay(100);
      const startedIn = performance.now() - started;
      // As long as for the tables above: what is compiled under way would count as a cost of servers.
      await repeat(WARM_UP * 2, call);
      await quiet(gateway.pid);
      const times: number[] = [];
      const cpu = cpuMs(gateway.pid);
      await repeat(CALLS, async () => {
        const begun = performance.now();
        await call();
        times.push(performance.now() - begun);
      });
      const cost = cpu === undefined ? '' : ms(((cpuMs(gateway.pid) ?? 0) - cpu) / CALLS);
      await caller.close();
      rows.push({ servers: String(servers), 'tools each': String(tools), 'all callable after': ms(startedIn), p50: ms(quantile(times, 0.5)), p99: ms(quantile(times, 0.99)), 'CPU a call': cost });
    } finally {
      await gateway.stop();
    }
  }
  return rows;
}

/** Waits until a process has nothing to do: what it does once about what it was given to list is no part of a call. */
async function quiet(pid: number): Promise<void> {
  const until = performance.now() + QUIET_WITHIN_MS;
  for (let before = cpuMs(pid); before !== undefined && performance.now() < until; ) {
    await delay(1_000);
    const now = cpuMs(pid) ?? 0;
    if (now - before < QUIET_MS) return;
    before = now;
  }
}

async function withGateway<T>(servers: Readonly<Record<string, unknown>>, args: readonly string[], use: (gateway: RunningGateway, probe: Probe) => Promise<T>): Promise<T> {
  const port = await freePort();
  const gateway = await startGateway(servers, ['--approve-all', ...args], {}, [`--inspect=127.0.0.1:${port}`]);
  try {
    using probe = await Probe.open(port);
    return await use(gateway, probe);
  } finally {
    await gateway.stop();
  }
}

/** What the process takes with two servers that idle, and what it keeps of calls that are over. */
async function memory(url: string): Promise<Record<string, string>[]> {
  return withGateway({ bench: { url }, pipe: stdioEntry }, ['--mode', 'direct'], async (gateway, probe) => {
    const caller = await overHttp('', gateway).open();
    const call = (times: number): Promise<void> => repeat(times, () => caller.request('tools/call', { name: 'bench_echo', arguments: upstreamArguments }));
    await caller.request('tools/call', { name: 'pipe_echo', arguments: upstreamArguments });
    await call(1);
    const idle = await probe.sample();
    // What has a bound fills up first: memory of recent calls, compiled code.
    await call(5_000);
    const before = await probe.sample();
    await call(10_000);
    const after = await probe.sample();
    await caller.close();
    return [
      { what: 'resident memory, two servers idle', value: `${Math.round(idle.rss / MEBI)} MiB` },
      { what: 'kept of a finished call (10,000 calls after 5,000)', value: `${Math.round((after.heap - before.heap) / 10_000)} bytes` },
    ];
  });
}

async function repeat(times: number, run: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < times; i++) await run();
}

const server = await startListening([program, 'http']);
const rawHop = await startListening([path.join(folder, 'raw-hop.ts'), server.url]);
const sdkHop = await startListening([path.join(folder, 'sdk-hop.ts'), server.url]);
const hopEach = await startListening([path.join(folder, 'stdio-hop.ts'), 'each', process.execPath, program, 'stdio']);
const hopOne = await startListening([path.join(folder, 'stdio-hop.ts'), 'one', process.execPath, program, 'stdio']);
const peers = await startPeers([process.execPath, program, 'stdio']);
const gateways = await Promise.all(
  [{ url: server.url }, stdioEntry, sharedEntry].flatMap((entry) => [startGateway({ bench: entry }, ['--approve-all', '--mode', 'direct', '--no-prefix']), startGateway({ bench: entry }, ['--approve-all', '--mode', 'retrieve'])]),
);
try {
  const [httpDirect, httpMenu, stdioDirect, stdioMenu, sharedDirect, sharedMenu] = gateways;
  if (httpDirect === undefined || httpMenu === undefined || stdioDirect === undefined || stdioMenu === undefined || sharedDirect === undefined || sharedMenu === undefined) throw new Error('no gateway');
  const http = [
    overHttp('direct', server),
    overHttp('raw node:http hop', rawHop),
    overHttp('Vestibule, direct tool', httpDirect),
    overHttp('Vestibule, call_tool', httpMenu, viaMenu),
    overHttp('SDK objects on both sides', sdkHop),
  ];
  const stdio = [
    { name: 'direct', params: direct, open: () => Promise.resolve(new StdioCaller([program, 'stdio'])) },
    overHttp('raw hop', hopEach),
    overHttp('Vestibule, direct tool', stdioDirect),
    overHttp('Vestibule, call_tool', stdioMenu, viaMenu),
    ...peers.map((peer) => overHttp(peer.name, peer)),
  ];
  const servesAll = (way: Way): boolean => peers.some(({ name, oneServer }) => oneServer && name === way.name);
  const each = stdio.slice(1).filter((way) => !servesAll(way));
  const one = [overHttp('raw hop', hopOne), overHttp('Vestibule, direct tool', sharedDirect), overHttp('Vestibule, call_tool', sharedMenu, viaMenu), ...stdio.filter(servesAll)];
  console.log(`load of the machine before: ${loadavg().map((load) => load.toFixed(1)).join(' ')}`);
  await report('relay', [...(await latencies('http', http)), ...(await latencies('stdio', stdio))]);
  await report('relay-throughput', [...(await throughputs('http', http, 1)), ...(await throughputs('stdio, a server each', each, 0)), ...(await throughputs('stdio, one server', one, 0))]);
  await report('relay-scale', await scales(server.url));
  await report('relay-fairness', await fairness(server.url));
  await report('relay-memory', await memory(server.url));
} finally {
  await Promise.all([...gateways, ...peers, hopEach, hopOne, rawHop, sdkHop, server].map((one) => one.stop()));
}
