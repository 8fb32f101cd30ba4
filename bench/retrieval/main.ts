// How well and how fast tools are found. Usage: npm run bench:retrieval [-- --check | --quality]
//   --check    compares with the stored baseline only, and fails on a drop of more than one point
//   --quality  leaves the timing of large catalogs out
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { report } from '../lib/report.ts';
import { measureSlices, regressions } from './baseline.ts';
import { readQueries, readTools } from './corpus.ts';
import { measureCost } from './cost.ts';
import { measureFormats } from './formats.ts';
import { replay } from './replay.ts';
import { rankers } from './rankers.ts';
import { mean, measure, type Quality } from './scoring.ts';
import { measureStuffing } from './stuffing.ts';
import { replayWorkspaces } from './workspaces.ts';

const SIZES = [3_000, 15_000, 50_000];

const flags = new Set(process.argv.slice(2));
if (!flags.has('--check')) {
  await report('retrieval-quality', qualityRows());
  await report('retrieval-stuffing', stuffingRows());
  await report('retrieval-formats', formatRows());
  await report('retrieval-replay', replayRows());
  await report('retrieval-workspaces', workspaceRows());
  if (!flags.has('--quality')) await report('retrieval-cost', costRows());
}
const lost = regressions(measureSlices());
for (const line of lost) console.error(`regression: ${line}`);
if (lost.length > 0) process.exitCode = 1;
else console.log('no regression against bench/retrieval/baseline.ts');

function qualityRows(): Record<string, string | number>[] {
  const queries = readQueries();
  const rows: Record<string, string | number>[] = [];
  for (const [method, rank] of rankers(readTools())) {
    const measured = measure(queries, rank);
    const add = (slice: string, keep: (query: (typeof queries)[number]) => boolean): void => {
      rows.push({ method, slice, ...percentages(mean(measured.filter(({ query }) => keep(query)).map(({ quality }) => quality))) });
    };
    add('all', () => true);
    add('one need', ({ style }) => style !== 'task');
    add('whole task', ({ style }) => style === 'task');
    for (const source of [...new Set(queries.map((query) => query.source))].sort()) add(source, (query) => query.source === source);
  }
  return rows;
}

function stuffingRows(): Record<string, string | number>[] {
  return measureStuffing(readTools(), readQueries()).map(({ attack, first, inFirstFive }) => ({ attack, first: percent(first), 'in first five': percent(inFirstFive) }));
}

function replayRows(): Record<string, string | number>[] {
  return replay(readTools(), readQueries()).map(({ agents, steps, prior, recallAt1, recallAt5, mrr }) => ({
    agents,
    steps,
    prior,
    'R@1': percent(recallAt1),
    'R@5': percent(recallAt5),
    MRR: percent(mrr),
  }));
}

function workspaceRows(): Record<string, string | number>[] {
  return replayWorkspaces(readTools(), readQueries()).map(({ workspace, queries, recallAt1, recallAt5, mrr }) => ({
    workspace,
    queries,
    'R@1': percent(recallAt1),
    'R@5': percent(recallAt5),
    MRR: percent(mrr),
  }));
}

function formatRows(): Record<string, string | number>[] {
  return measureFormats(readTools(), readQueries()).map(({ format, tokensAt5, tokensAt10, goldInBudget, callable }) => ({
    format,
    'tokens at 5': Math.round(tokensAt5),
    'tokens at 10': Math.round(tokensAt10),
    'gold in 450 tokens': percent(goldInBudget),
    callable: percent(callable),
  }));
}

function costRows(): Record<string, string | number>[] {
  setFlagsFromString('--expose-gc');
  globalThis.gc = runInNewContext('gc') as typeof globalThis.gc;
  return SIZES.map((size) => {
    const cost = measureCost(readTools(), readQueries(), size);
    return Object.fromEntries(Object.entries(cost).map(([name, value]) => [name, name === 'tools' ? Number(value) : Number(value).toFixed(2)]));
  });
}

function percentages(quality: Quality): Record<string, string | number> {
  return {
    queries: quality.queries,
    'R@1': percent(quality.recallAt1),
    'R@5': percent(quality.recallAt5),
    'R@10': percent(quality.recallAt10),
    'nDCG@5': percent(quality.ndcgAt5),
    MRR: percent(quality.mrr),
  };
}

function percent(share: number): string {
  return (100 * share).toFixed(1);
}
