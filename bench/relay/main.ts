// What the gateway costs, in one run, so that every side sees the same machine: the same tools/call directly, through
// the cheapest hop there can be, through the gateway, through a hop made of SDK objects, and through other gateways.
// Then calls at once, and what is kept in memory.
import path from 'node:path';
import { loadavg } from 'node:os';
import { startGateway, type RunningGateway } from '../lib/gateway.ts';
import { startListening } from '../lib/program.ts';
import { report } from '../lib/report.ts';
import { ms, quantile } from '../lib/statistics.ts';
import { freePort, Probe } from '../soak/probe.ts';
import { HttpCaller } from './http-caller.ts';
import { startPeers } from './peers.ts';
import { StdioCaller } from './stdio-caller.ts';

const CALLS = 1_000;
const WARM_UP = 200;
const CLIENTS = 16;
const MEBI = 1024 * 1024;
const folder = import.meta.dirname;
const program = path.join(folder, 'upstream.ts');
const upstreamArguments = { text: 'hello' };
const direct = { name: 'echo', arguments: upstreamArguments };
const viaMenu = { name: 'call_tool', arguments: { tool: 'bench:echo', arguments: upstreamArguments } };
const stdioEntry = { type: 'stdio', command: process.execPath, args: [program, 'stdio'] };

interface Caller {
  request(method: string, params: unknown): Promise<string>;
}

/** One way to the tool. */
interface Way {
  readonly name: string;
  /** Opens one more client. */
  open(): Promise<Caller & { close(): unknown }>;
  readonly params: unknown;
}

function overHttp(name: string, { url, token }: { readonly url: string; readonly token?: string }, params: unknown = direct): Way {
  return {
    name,
    params,
    async open() {
      const caller = new HttpCaller(url, token);
      await caller.initialize();
      await caller.request('tools/list', {});
      return caller;
    },
  };
}

/** Latency: one client each, calls in turns. */
async function latencies(upstream: string, ways: readonly Way[]): Promise<Record<string, string>[]> {
  const opened = await Promise.all(ways.map(async (way) => ({ ...way, caller: await way.open(), times: [] as number[] })));
  for (let round = 0; round < WARM_UP + CALLS; round++) {
    for (const { caller, params, times } of opened) {
      const started = performance.now();
      await caller.request('tools/call', params);
      if (round >= WARM_UP) times.push(performance.now() - started);
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

/** Calls a second of 16 clients at once, as a share of the second way's, which is the cheapest hop. */
async function throughputs(upstream: string, ways: readonly Way[]): Promise<Record<string, string>[]> {
  const rates: number[][] = ways.map(() => []);
  for (let round = 0; round < 3; round++) {
    for (const [index, way] of ways.entries()) {
      const callers = await Promise.all(Array.from({ length: CLIENTS }, () => way.open()));
      let left = CALLS * 2;
      const started = performance.now();
      await Promise.all(
        callers.map(async (caller) => {
          while (left-- > 0) await caller.request('tools/call', way.params);
        }),
      );
      rates[index]?.push((CALLS * 2_000) / (performance.now() - started));
      for (const caller of callers) await caller.close();
    }
  }
  const middle = rates.map((each) => quantile(each, 0.5));
  const hop = middle[1] ?? 1;
  return ways.map(({ name }, i) => ({ upstream, way: name, 'calls/s': Math.round(middle[i] ?? 0).toString(), 'of raw hop': `${Math.round(((middle[i] ?? 0) / hop) * 100)} %` }));
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
const peers = await startPeers([process.execPath, program, 'stdio']);
const gateways = await Promise.all(
  [{ url: server.url }, stdioEntry].flatMap((entry) => [startGateway({ bench: entry }, ['--approve-all', '--mode', 'direct', '--no-prefix']), startGateway({ bench: entry }, ['--approve-all', '--mode', 'retrieve'])]),
);
try {
  const [httpDirect, httpMenu, stdioDirect, stdioMenu] = gateways;
  if (httpDirect === undefined || httpMenu === undefined || stdioDirect === undefined || stdioMenu === undefined) throw new Error('no gateway');
  const http = [
    overHttp('direct', server),
    overHttp('raw node:http hop', rawHop),
    overHttp('Vestibule, direct tool', httpDirect),
    overHttp('Vestibule, call_tool', httpMenu, viaMenu),
    overHttp('SDK objects on both sides', sdkHop),
  ];
  const stdio = [
    { name: 'direct', params: direct, open: () => Promise.resolve(new StdioCaller([program, 'stdio'])) },
    overHttp('Vestibule, direct tool', stdioDirect),
    overHttp('Vestibule, call_tool', stdioMenu, viaMenu),
    ...peers.map((peer) => overHttp(peer.name, peer)),
  ];
  console.log(`load of the machine before: ${loadavg().map((load) => load.toFixed(1)).join(' ')}`);
  await report('relay', [...(await latencies('http', http)), ...(await latencies('stdio', stdio))]);
  await report('relay-throughput', await throughputs('http', http));
  await report('relay-memory', await memory(server.url));
} finally {
  await Promise.all([...gateways, ...peers, rawHop, sdkHop, server].map((one) => one.stop()));
}
