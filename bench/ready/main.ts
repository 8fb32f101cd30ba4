// How long `vestibule serve` takes to be ready, by number of configured upstreams. The bar is 1 s for 50.
import path from 'node:path';
import { startGateway } from '../lib/gateway.ts';
import { report } from '../lib/report.ts';
import { ms, quantile } from '../lib/statistics.ts';

const runs = 5;
const upstream = { type: 'stdio', command: process.execPath, args: [path.resolve(import.meta.dirname, '../relay/upstream.ts'), 'stdio'] };

const rows = [];
for (const count of [1, 50, 200]) {
  const servers = Object.fromEntries(Array.from({ length: count }, (_, index) => [`server-${index}`, upstream]));
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    const gateway = await startGateway(servers);
    times.push(gateway.readyMs);
    await gateway.stop();
  }
  rows.push({ upstreams: count, median: ms(quantile(times, 0.5)), worst: ms(Math.max(...times)), runs });
}
await report('ready', rows);
