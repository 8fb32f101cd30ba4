import { join } from 'node:path';
import { followJournal } from '../proxy/journal/follow.ts';
import { CallIndex } from '../proxy/journal/call-index.ts';
import type { CallFilter, CallRecord, OutcomeKind } from '../proxy/journal/types.ts';
import { visible } from '../proxy/json/visible.ts';
import { usage, type Arguments } from './args.ts';
import { COMMON_OPTIONS, JSON_OPTION, type Command } from './command.ts';
import { EXIT } from './exit-code.ts';
import { placesOf } from './places.ts';
import { printJson, printJsonLine, printLine, printTable } from './print.ts';

const OUTCOMES: readonly OutcomeKind[] = ['ok', 'tool_error', 'protocol_error', 'ambiguous', 'refused'];
const MAX_CALLS = 10_000;

/** Options that say which calls are meant. */
export const FILTER_OPTIONS = {
  server: { value: 'S', help: 'Calls to this server.' },
  tool: { value: 'T', help: 'Calls of this tool, by its name at the server.' },
  agent: { value: 'A', help: 'Calls of this agent.' },
  outcome: { value: 'O', help: `Calls that ended so: ${OUTCOMES.join(', ')}.` },
  since: { value: 'T', help: 'Calls from this time on: 30m, 2h, 7d, or a date such as 2026-01-31T12:00.' },
  until: { value: 'T', help: 'Calls up to this time, written likewise.' },
  text: { value: 'X', help: 'Calls whose record holds this text, upper and lower case alike.' },
} as const satisfies Command['options'];

export const calls: Command = {
  name: 'calls',
  summary: 'Lists recorded tool calls, the latest last.',
  options: {
    ...COMMON_OPTIONS,
    ...JSON_OPTION,
    follow: { help: 'Print calls from now on as they end, until it is told to stop; with --json one document a line.' },
    ...FILTER_OPTIONS,
    limit: { value: 'N', help: 'At most so many (default: 100).' },
  },
  async run(args) {
    const dir = journalFolder(placesOf(args).data);
    const limit = args.wholeNumber('limit', 1, MAX_CALLS);
    const filter = { ...filterOf(args), ...(limit !== undefined && { limit }) };
    if (args.has('follow')) return follow(dir, filter, args.has('json'));
    const records = [...(await new CallIndex(dir).query(filter))].reverse();
    if (args.has('json')) printJson(records);
    else printTable(HEADER, records.map(rowOf), 'No calls are recorded.');
    return EXIT.ok;
  },
};

/** Where calls are recorded in a data folder. */
export function journalFolder(dataDir: string): string {
  return join(dataDir, 'journal');
}

/**
 * The time an option such as `--since` names, in milliseconds since epoch: so long ago (`90s`, `30m`, `2h`, `7d`), or
 * a date as `Date` reads it.
 * @throws VestibuleError `usage`
 */
export function timeOf(text: string, now: number): number {
  const ago = /^(\d{1,6})([smhd])$/.exec(text);
  const time = ago === null ? Date.parse(text) : now - Number(ago[1]) * (UNITS.get(ago[2] ?? '') ?? 0);
  if (Number.isNaN(time)) throw usage(`"${text}" is not a time.`, 'Write 30m, 2h, 7d, or a date such as 2026-01-31T12:00.');
  return time;
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

/** The calls that `FILTER_OPTIONS` name. @throws VestibuleError `usage` */
export function filterOf(args: Arguments): CallFilter {
  const server = args.text('server');
  const agent = args.text('agent');
  const outcome = args.choice('outcome', OUTCOMES);
  const tool = args.text('tool');
  const text = args.text('text');
  const since = args.text('since');
  const until = args.text('until');
  return {
    ...(server !== undefined && { server }),
    ...(agent !== undefined && { agent }),
    ...(outcome !== undefined && { outcome }),
    ...(tool !== undefined && { tool }),
    ...(text !== undefined && { text }),
    ...(until !== undefined && { until: timeOf(until, Date.now()) }),
    ...(since !== undefined && { since: timeOf(since, Date.now()) }),
  };
}

async function follow(dir: string, filter: CallFilter, json: boolean): Promise<number> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  for await (const record of followJournal(dir, { signal: stop.signal, filter })) {
    if (json) printJsonLine(record);
    else printLine(rowOf(record).map(visible).join('  '));
  }
  return EXIT.ok;
}

const HEADER = ['TIME', 'AGENT', 'TOOL', 'OUTCOME', 'MS', 'BYTES IN', 'BYTES OUT'];

function rowOf({ time, agent, server, tool, outcome, code, durationMs, bytesIn, bytesOut }: CallRecord): string[] {
  return [time, agent, `${server}:${tool}`, code === undefined ? outcome : `${outcome} (${code})`, String(Math.round(durationMs)), String(bytesIn), String(bytesOut)];
}
