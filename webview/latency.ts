import type { CallRow } from '../src/views/inspector/messages.ts';
import { toolName } from './call-text.ts';

/** How long calls of a tool took, in milliseconds. */
export interface Latency {
  readonly tool: string;
  readonly calls: number;
  readonly median: number;
  readonly slow: number;
  readonly failed: number;
}

const MAX_TOOLS = 10;

/** Median and 95th percentile of the tools that were called most, the busiest first. */
export function latencies(rows: readonly CallRow[]): readonly Latency[] {
  const byTool = new Map<string, { readonly times: number[]; failed: number }>();
  for (const row of rows) {
    if (row.outcome === 'refused') continue;
    const tool = toolName(row);
    let known = byTool.get(tool);
    if (known === undefined) byTool.set(tool, (known = { times: [], failed: 0 }));
    known.times.push(row.durationMs);
    if (row.outcome !== 'ok') known.failed++;
  }
  return [...byTool]
    .sort(([, a], [, b]) => b.times.length - a.times.length)
    .slice(0, MAX_TOOLS)
    .map(([tool, { times, failed }]) => {
      times.sort((a, b) => a - b);
      return { tool, calls: times.length, median: percentile(times, 0.5), slow: percentile(times, 0.95), failed };
    });
}

/** @param sorted not empty */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** Calls in equal parts of the time they span, oldest first. */
export function callsOverTime(rows: readonly CallRow[], parts: number): { readonly counts: readonly number[]; readonly from: number; readonly to: number } {
  const to = rows[0]?.time ?? 0;
  const from = rows.at(-1)?.time ?? 0;
  const counts = new Array<number>(parts).fill(0);
  for (const { time } of rows) {
    const part = to === from ? parts - 1 : Math.min(parts - 1, Math.floor(((time - from) / (to - from)) * parts));
    counts[Math.max(0, part)] = (counts[Math.max(0, part)] ?? 0) + 1;
  }
  return { counts, from, to };
}
