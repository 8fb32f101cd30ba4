// What the gateway adds to a tools/call: the same call directly and through the gateway, in turns within one run, so
// that both see the same machine. Upstreams over stdio and over HTTP; through direct tools and through `call_tool`.
import path from 'node:path';
import { createInterface } from 'node:readline';
import { startGroup } from '../../scripts/editor/process-group.ts';
import { startGateway } from '../lib/gateway.ts';
import { report } from '../lib/report.ts';
import { ms, quantile } from '../lib/statistics.ts';
import { HttpCaller } from './http-caller.ts';
import { StdioCaller } from './stdio-caller.ts';

const calls = 2000;
const warmUp = 300;
const program = path.join(import.meta.dirname, 'upstream.ts');
const upstreamArguments = { text: 'hello' };

interface Caller {
  request(method: string, params: unknown): Promise<string>;
}

interface Way {
  readonly name: string;
  readonly caller: Caller;
  readonly params: unknown;
}

/** Times `calls` calls of each way, alternating. */
async function measure(ways: readonly Way[]): Promise<ReadonlyMap<string, readonly number[]>> {
  const times = new Map<string, number[]>(ways.map(({ name }) => [name, []]));
  for (let round = 0; round < warmUp + calls; round++) {
    for (const { name, caller, params } of ways) {
      const started = performance.now();
      await caller.request('tools/call', params);
      if (round >= warmUp) times.get(name)?.push(performance.now() - started);
    }
  }
  return times;
}

function rowsOf(upstream: string, times: ReadonlyMap<string, readonly number[]>): Record<string, string>[] {
  const direct = times.get('direct') ?? [];
  return [...times].map(([way, values]) => ({
    upstream,
    way,
    p50: ms(quantile(values, 0.5)),
    p99: ms(quantile(values, 0.99)),
    'added p50': way === 'direct' ? '' : ms(quantile(values, 0.5) - quantile(direct, 0.5)),
    'added p99': way === 'direct' ? '' : ms(quantile(values, 0.99) - quantile(direct, 0.99)),
  }));
}

/** The gateway in front of one upstream, measured against the upstream itself. */
async function compare(upstream: string, entry: unknown, direct: Caller): Promise<Record<string, string>[]> {
  const exposed = await startGateway({ bench: entry }, ['--approve-all', '--mode', 'direct', '--no-prefix']);
  const menu = await startGateway({ bench: entry }, ['--approve-all', '--mode', 'retrieve']);
  const exposedCaller = new HttpCaller(exposed.url, exposed.token);
  const menuCaller = new HttpCaller(menu.url, menu.token);
  try {
    for (const caller of [exposedCaller, menuCaller]) {
      await caller.initialize();
      await caller.request('tools/list', {});
    }
    const times = await measure([
      { name: 'direct', caller: direct, params: { name: 'echo', arguments: upstreamArguments } },
      { name: 'gateway, direct tool', caller: exposedCaller, params: { name: 'echo', arguments: upstreamArguments } },
      {
        name: 'gateway, call_tool',
        caller: menuCaller,
        params: { name: 'call_tool', arguments: { tool: 'bench:echo', arguments: upstreamArguments } },
      },
    ]);
    return rowsOf(upstream, times);
  } finally {
    exposedCaller.close();
    menuCaller.close();
    await Promise.all([exposed.stop(), menu.stop()]);
  }
}

async function overStdio(): Promise<Record<string, string>[]> {
  const direct = new StdioCaller([program, 'stdio']);
  try {
    return await compare('stdio', { type: 'stdio', command: process.execPath, args: [program, 'stdio'] }, direct);
  } finally {
    await direct.close();
  }
}

async function overHttp(): Promise<Record<string, string>[]> {
  const server = startGroup(process.execPath, [program, 'http']);
  try {
    const { stdout } = server.child;
    if (stdout === null) throw new Error('no pipe from the upstream');
    const line = await new Promise<string>((resolve) => createInterface(stdout).once('line', resolve));
    const url = `http://127.0.0.1:${(JSON.parse(line) as { port: number }).port}/mcp`;
    const direct = new HttpCaller(url);
    try {
      await direct.initialize();
      return await compare('http', { type: 'http', url }, direct);
    } finally {
      direct.close();
    }
  } finally {
    await server.end();
  }
}

await report('relay', [...(await overStdio()), ...(await overHttp())]);
