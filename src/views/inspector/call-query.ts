import type { CallFilter, CallRecord } from '../../proxy/journal/types.ts';
import type { CallQuery } from './messages.ts';

/** A filter as typed, split into what the journal looks up and what is tested here. */
export interface ReadyQuery {
  readonly filter: CallFilter;
  readonly fits: (record: CallRecord) => boolean;
}

type Test = (record: CallRecord) => boolean;

/** Words with a value that a filter knows: `server:github slower:500ms`. */
const TESTS: ReadonlyMap<string, (value: string) => Test | undefined> = new Map(Object.entries<(value: string) => Test | undefined>({
  server: (value) => ({ server }) => holds(server, value),
  tool: (value) => ({ tool }) => holds(tool, value),
  agent: (value) => ({ agent }) => holds(agent, value),
  client: (value) => ({ client }) => holds(client, value),
  session: (value) => ({ session }) => session.startsWith(value),
  route: (value) => ({ route }) => holds(route, value),
  outcome: (value) => ({ outcome }) => holds(outcome, value),
  code: (value) => ({ code = '' }) => holds(code, value),
  finding: (value) => ({ findings }) => findings.some((finding) => holds(finding, value)),
  slower: (value) => above(milliseconds(value), ({ durationMs }) => durationMs),
  larger: (value) => above(count(value), ({ bytesOut }) => bytesOut),
  tokens: (value) => above(count(value), ({ tokensOut }) => tokensOut),
  is: (value) => (value === 'shortened' ? ({ truncated }) => truncated : undefined),
}));

/** All words a filter knows, for whoever types one. */
export const QUERY_WORDS: readonly string[] = [...TESTS.keys(), 'since'];

/**
 * Reads a filter: words with a value narrow by that; the rest together is looked for anywhere in the record, arguments
 * included. A word whose value makes no sense is text like any other.
 * @param now milliseconds since epoch, for `since:15m`
 */
export function readCallQuery({ text, outcome }: CallQuery, now = Date.now()): ReadyQuery {
  const tests: Test[] = [];
  const rest: string[] = [];
  let since: number | undefined;
  for (const word of text.split(/\s+/)) {
    const [, key = '', value = ''] = /^(\w+):(.+)$/.exec(word) ?? [];
    const age = key === 'since' ? milliseconds(value) : undefined;
    const test = TESTS.get(key)?.(value.toLowerCase());
    if (age !== undefined) since = now - age;
    else if (test !== undefined) tests.push(test);
    else if (word !== '') rest.push(word);
  }
  return {
    filter: { ...(rest.length > 0 && { text: rest.join(' ') }), ...(outcome !== undefined && { outcome }), ...(since !== undefined && { since }) },
    fits: (record) => tests.every((test) => test(record)),
  };
}

function holds(text: string, part: string): boolean {
  return text.toLowerCase().includes(part);
}

function above(least: number | undefined, of: (record: CallRecord) => number): Test | undefined {
  return least === undefined ? undefined : (record) => of(record) >= least;
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
