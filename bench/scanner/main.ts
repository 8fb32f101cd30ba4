// What scanning finds, and what it costs: a definition, and results of several sizes. Usage: npm run bench -- scanner
import { scanDefinition } from '../../src/proxy/scanner/scan-definition.ts';
import { DEFAULT_RESULT_POLICY, scanResult } from '../../src/proxy/scanner/scan-result.ts';
import { readTools } from '../retrieval/corpus.ts';
import { report } from '../lib/report.ts';
import { ms, quantile } from '../lib/statistics.ts';
import { qualityRows, realRow } from './quality.ts';

const ROUNDS = 5;
const peers: readonly never[] = [];
const tools = readTools().map(({ server, name, description, inputSchema }) => ({ server, kind: 'tool' as const, raw: JSON.stringify({ name, description, inputSchema }) }));

await report('scanner-quality', [...qualityRows(), realRow('tools of real servers (bench/retrieval)', tools)]);

const perTool: number[] = [];
let cpuMs = 0;
for (let round = 0; round < ROUNDS; round++) {
  const before = process.cpuUsage();
  for (const tool of tools) {
    const start = performance.now();
    scanDefinition(tool, { peers });
    // The first round compiles.
    if (round > 0) perTool.push(performance.now() - start);
  }
  const { user, system } = process.cpuUsage(before);
  if (round > 0) cpuMs += (user + system) / 1_000;
}
await report('scanner-definitions', [
  { tools: tools.length, median: ms(quantile(perTool, 0.5)), mean: ms(perTool.reduce((sum, value) => sum + value, 0) / perTool.length), p99: ms(quantile(perTool, 0.99)), 'mean CPU time': ms(cpuMs / perTool.length) },
]);

const rows: Record<string, string | number>[] = [];
const line = 'src/relay/link.ts:12: the connection was closed before the answer of the server arrived, see issue 4711\n';
for (const [size, rounds] of [[200, 5_000], [2_000, 2_000], [20_000, 300], [200_000, 40], [1_000_000, 10]] as const) {
  const raw = JSON.stringify({ content: [{ type: 'text', text: line.repeat(Math.ceil(size / line.length)).slice(0, size) }] });
  const times: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const start = performance.now();
    await scanResult(raw, DEFAULT_RESULT_POLICY, { withoutKnown: (text) => text });
    times.push(performance.now() - start);
  }
  rows.push({ 'result, characters': size, median: `${quantile(times, 0.5).toFixed(3)} ms`, p99: `${quantile(times, 0.99).toFixed(3)} ms` });
}
await report('scanner-results', rows);
