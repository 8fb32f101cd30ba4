import type { CallFilter, CallRecord } from '../../proxy/journal/types.ts';
import type { CallQuery, CallRow } from './messages.ts';

/** What a record and a row of the page have in common: words about these need no look into the journal. */
export type CallColumns = Pick<CallRow, 'agent' | 'bytesOut' | 'client' | 'durationMs' | 'outcome' | 'route' | 'server' | 'tokensOut' | 'tool' | 'truncated'> & { readonly code?: string | undefined };

/** A filter as typed, split by where each part of it is looked up. */
export interface ReadyQuery {
  /** What the journal looks up. */
  readonly filter: CallFilter;
  /** What is tested of a record that the journal found. */
  readonly fits: (record: CallRecord) => boolean;
  /** The part of it that a row tells; `filter` has the rest of what it wants. */
  readonly columns: (row: CallColumns) => boolean;
  /** Whether rows alone tell what it finds. */
  readonly byRows: boolean;
  /** Words with a value that it narrows by. */
  readonly terms: readonly Term[];
}

interface Term {
  readonly key: string;
  readonly value: string;
}

type ColumnTest = (row: CallColumns) => boolean;
type RecordTest = (record: CallRecord) => boolean;

/** Words with a value about what a row has: `server:github slower:500ms`. */
const COLUMN_TESTS: ReadonlyMap<string, (value: string) => ColumnTest | undefined> = new Map(Object.entries<(value: string) => ColumnTest | undefined>({
  server: (value) => holding(value, ({ server }) => server),
  tool: (value) => holding(value, ({ tool }) => tool),
  agent: (value) => holding(value, ({ agent }) => agent),
  client: (value) => holding(value, ({ client }) => client),
  route: (value) => holding(value, ({ route }) => route),
  outcome: (value) => holding(value, ({ outcome }) => outcome),
  code: (value) => holding(value, ({ code = '' }) => code),
  slower: (value) => above(milliseconds(value), ({ durationMs }) => durationMs),
  larger: (value) => above(count(value), ({ bytesOut }) => bytesOut),
  tokens: (value) => above(count(value), ({ tokensOut }) => tokensOut),
  is: (value) => (value === 'shortened' ? ({ truncated }) => truncated : undefined),
}));

/** Words with a value about what only the record has. */
const RECORD_TESTS: ReadonlyMap<string, (value: string) => RecordTest> = new Map(Object.entries<(value: string) => RecordTest>({
  session: (value) => ({ session }) => session.toLowerCase().startsWith(value),
  finding: (value) => ({ findings }) => findings.some((finding) => finding.toLowerCase().includes(value)),
}));

/** Words whose value a call holds somewhere: a longer value finds less. */
const HOLDING: ReadonlySet<string> = new Set(['server', 'tool', 'agent', 'client', 'route', 'outcome', 'code', 'finding', 'session']);

/** All words a filter knows, for whoever types one. */
export const QUERY_WORDS: readonly string[] = [...COLUMN_TESTS.keys(), ...RECORD_TESTS.keys(), 'since'];

/**
 * Reads a filter: words with a value narrow by that; the rest together is looked for anywhere in the record, arguments
 * included. A word whose value makes no sense is text like any other.
 * @param now milliseconds since epoch, for `since:15m`
 */
export function readCallQuery({ text, outcome }: CallQuery, now = Date.now()): ReadyQuery {
  const columnTests: ColumnTest[] = [];
  const recordTests: RecordTest[] = [];
  const terms: Term[] = [];
  const rest: string[] = [];
  let since: number | undefined;
  for (const word of text.split(/\s+/)) {
    const [, key = '', value = ''] = /^(\w+):(.+)$/.exec(word.toLowerCase()) ?? [];
    const age = key === 'since' ? milliseconds(value) : undefined;
    const columnTest = COLUMN_TESTS.get(key)?.(value);
    const recordTest = RECORD_TESTS.get(key)?.(value);
    if (age !== undefined) since = now - age;
    if (columnTest !== undefined) columnTests.push(columnTest);
    if (recordTest !== undefined) recordTests.push(recordTest);
    if (age !== undefined || columnTest !== undefined || recordTest !== undefined) terms.push({ key, value });
    else if (word !== '') rest.push(word);
  }
  const columns: ColumnTest = (row) => columnTests.every((test) => test(row));
  return {
    filter: { ...(rest.length > 0 && { text: rest.join(' ') }), ...(outcome !== undefined && { outcome }), ...(since !== undefined && { since }) },
    fits: (record) => columns(record) && recordTests.every((test) => test(record)),
    columns,
    byRows: rest.length === 0 && recordTests.length === 0,
    terms,
  };
}

/** Whether a filter surely finds nothing that an earlier one did not find. */
export function narrows(query: ReadyQuery, earlier: ReadyQuery): boolean {
  const { text = '', outcome } = earlier.filter;
  if (!(query.filter.text ?? '').toLowerCase().includes(text.toLowerCase())) return false;
  if (outcome !== undefined && outcome !== query.filter.outcome) return false;
  return earlier.terms.every((old) => query.terms.some(({ key, value }) => key === old.key && (value === old.value || (HOLDING.has(key) && value.includes(old.value) && (key !== 'session' || value.startsWith(old.value))))));
}

/** Names are few and calls many: each name is looked at once. */
function holding(part: string, of: (row: CallColumns) => string): ColumnTest {
  const known = new Map<string, boolean>();
  return (row) => {
    const text = of(row);
    let held = known.get(text);
    if (held === undefined) known.set(text, (held = text.toLowerCase().includes(part)));
    return held;
  };
}

function above(least: number | undefined, of: (row: CallColumns) => number): ColumnTest | undefined {
  return least === undefined ? undefined : (row) => of(row) >= least;
}

const TIME = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

function milliseconds(text: string): number | undefined {
  const [, number, unit = 'ms'] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text) ?? [];
  return number === undefined ? undefined : Number(number) * TIME[unit as keyof typeof TIME];
}

const SIZE = { '': 1, k: 1024, m: 1024 * 1024 } as const;

function count(text: string): number | undefined {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)(k|m)?b?$/i.exec(text) ?? [];
  return number === undefined ? undefined : Number(number) * SIZE[unit.toLowerCase() as keyof typeof SIZE];
}
