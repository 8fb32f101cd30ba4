// What metrics and traces cost a call: the same call through three gateways in turns within one run, so that all see the
// same machine. One watches nothing (the default), one counts, one counts and sends spans to a receiver that takes them.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { startGateway } from '../lib/gateway.ts';
import { report } from '../lib/report.ts';
import { ms, quantile } from '../lib/statistics.ts';
import { HttpCaller } from '../relay/http-caller.ts';

const calls = 1500;
const warmUp = 300;
const program = path.join(import.meta.dirname, '..', 'relay', 'upstream.ts');
const servers = { bench: { type: 'stdio', command: process.execPath, args: [program, 'stdio'] } };
const args = ['--approve-all', '--mode', 'direct', '--no-prefix'];

const receiver = createServer((request, response) => request.resume().on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}')));
await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
const traces = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;

const ways = await Promise.all(
  [
    { name: 'off (the default)', settings: {} },
    { name: 'off, once more', settings: {} },
    { name: 'metrics', settings: { metrics: true } },
    { name: 'metrics and traces', settings: { metrics: true, traces } },
  ].map(async ({ name, settings }) => {
    const gateway = await startGateway(servers, args, settings);
    const caller = new HttpCaller(gateway.url, gateway.token);
    await caller.initialize();
    await caller.request('tools/list', {});
    return { name, gateway, caller, times: [] as number[] };
  }),
);

for (let round = 0; round < warmUp + calls; round++) {
  for (const { caller, times } of ways) {
    const started = performance.now();
    await caller.request('tools/call', { name: 'echo', arguments: { text: 'hello' } });
    if (round >= warmUp) times.push(performance.now() - started);
  }
}

const off = ways[0]?.times ?? [];
await report(
  'watching',
  ways.map(({ name, times }) => ({
    gateway: name,
    p50: ms(quantile(times, 0.5)),
    p99: ms(quantile(times, 0.99)),
    'added p50': ms(quantile(times, 0.5) - quantile(off, 0.5)),
  })),
);
for (const { caller, gateway } of ways) {
  caller.close();
  await gateway.stop();
}
receiver.close();
receiver.closeAllConnections();
