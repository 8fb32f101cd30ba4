import { isWanted, readCall, wantedCall } from './line.ts';
import { linesBackwards, linesOf, listSegments } from './segments.ts';
import type { CallFilter, CallRecord } from './types.ts';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 10_000;
/** Lines stand in the order calls ended; none ran longer than this, so that older lines need no look. */
const LONGEST_CALL_MS = 24 * 60 * 60_000;

/** Calls of a journal folder, newest first. Reads files only: good for any process, also while one writes. */
export async function queryJournal(dir: string, filter: CallFilter): Promise<readonly CallRecord[]> {
  const limit = boundedLimit(filter);
  const found: CallRecord[] = [];
  if (limit === 0) return found;
  for (const segment of (await listSegments(dir)).reverse()) {
    for await (const line of linesBackwards(segment.path)) {
      const record = readCall(line);
      if (record === undefined) continue;
      if (filter.since !== undefined && Date.parse(record.time) < filter.since - LONGEST_CALL_MS) return found;
      if (isWanted(record, line, filter) && found.push(record) >= limit) return found;
    }
  }
  return found;
}

/** How many calls a filter wants: 100 unless it says otherwise, 10,000 at most. */
export function boundedLimit({ limit = DEFAULT_LIMIT }: CallFilter): number {
  return Math.max(0, Math.min(limit, MAX_LIMIT));
}

/** Every call of a journal folder that a filter wants, oldest first; its `limit` does not count. Memory is bounded. */
export async function* allCalls(dir: string, filter: CallFilter): AsyncIterable<CallRecord> {
  for (const segment of await listSegments(dir)) {
    for await (const { text, complete } of linesOf(segment.path)) {
      const record = complete ? wantedCall(text, filter) : undefined;
      if (record !== undefined) yield record;
    }
  }
}
