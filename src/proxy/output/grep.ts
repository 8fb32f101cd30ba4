import { Buffer } from 'node:buffer';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { characterHead } from './cut.ts';
import { compileLinearRegex, PatternError, type LinearRegex } from '../linear-regex.ts';
import type { CacheRead } from './types.ts';

const MAX_MATCHES = 100;
const MAX_PLAIN_PATTERN = 1_000;
/** Lines of context on either side of a matching line. */
const CONTEXT = 1;
/** Longer lines are shown by the surroundings of the match, with the byte offset at which to read on. */
const LONG_LINE = 300;
const AROUND = 120;
const PLACES_A_LINE = 20;
/** Matching steps of one call in all, and between two turns of the event loop (some 10 ms). */
const MAX_STEPS = 30_000_000;
const STEPS_PER_TURN = 1_000_000;
const LINES_PER_TURN = 20_000;
/** Kept free for the closing line. */
const CLOSING_ROOM = 100;

/**
 * Lines of `text` that hold `pattern`, as `12:line`, with a line of context as `11-line` and `--` between places
 * apart. A match in a long line stands as `12@4711:…surroundings…`, where 4711 is the byte offset of what is shown.
 * @param pattern plain text, case-sensitive, or `/regex/` or `/regex/i` (linear-regex.ts says which)
 * @param limit characters of the answer
 */
export async function grep(text: string, pattern: string, limit: number): Promise<CacheRead> {
  const matcher = matcherOf(pattern);
  if (typeof matcher === 'string') return { ok: false, problem: matcher };
  const answer = new GrepAnswer(limit - CLOSING_ROOM);
  let matches = 0;
  let unshown: Line | undefined;
  let last: Line | undefined;
  try {
    for (const line of linesOf(text)) {
      if (line.number % LINES_PER_TURN === 0) await nextTurn();
      const known = matcher.find(line.text, 0);
      const end = known ?? (await matcher.finish());
      if (end >= 0) {
        matches++;
        const places = unshown === undefined && matches <= MAX_MATCHES ? await placesOf(line, end, matcher) : undefined;
        if (places === undefined || !answer.match(line, places, last)) unshown ??= line;
      } else if (unshown === undefined) answer.after(line);
      last = line;
    }
  } catch (error) {
    if (!(error instanceof TooCostlyError)) throw error;
    return { ok: false, problem: 'This pattern takes too long on a result of this size. Use a plain or a more specific pattern.' };
  }
  const total = Buffer.byteLength(text);
  if (matches === 0) return { ok: true, text: `None of the ${last?.number ?? 0} lines holds this.`, total, next: undefined };
  const next = unshown === undefined ? undefined : JSON.stringify({ offset: unshown.offset });
  return { ok: true, text: answer.text(matches), total, next };
}

interface Line {
  readonly number: number;
  /** Byte offset of the line in the stream. */
  readonly offset: number;
  readonly text: string;
}

function* linesOf(text: string): Iterable<Line> {
  let offset = 0;
  let number = 1;
  for (let start = 0; start < text.length; number++) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    const line = { number, offset, text: text.slice(start, end) };
    yield line;
    offset += Buffer.byteLength(line.text) + 1;
    start = end + 1;
  }
}

/** Collects lines while there is room. */
class GrepAnswer {
  readonly #parts: string[] = [];
  #room: number;
  #lastNumber = 0;
  #contextOwed = 0;
  #shown = 0;

  constructor(room: number) {
    this.#room = room;
  }

  /** Adds a matching line, after its line of context; false when it does not fit any more. */
  match(line: Line, places: readonly string[], before: Line | undefined): boolean {
    const lead: string[] = [];
    const contextBefore = before !== undefined && before.number > this.#lastNumber ? before : undefined;
    if (this.#lastNumber > 0 && (contextBefore ?? line).number > this.#lastNumber + 1) lead.push('--');
    if (contextBefore !== undefined) lead.push(contextLine(contextBefore));
    if (!this.#add([...lead, ...places])) return false;
    this.#lastNumber = line.number;
    this.#contextOwed = CONTEXT;
    this.#shown++;
    return true;
  }

  /** Offers a line that does not match; taken as context right after a match. */
  after(line: Line): void {
    if (this.#contextOwed === 0) return;
    this.#contextOwed--;
    if (this.#add([contextLine(line)])) this.#lastNumber = line.number;
  }

  text(matches: number): string {
    const rest = matches - this.#shown;
    return [...this.#parts, ...(rest > 0 ? [`(${rest} more matching lines: narrow the pattern, or read on by offset)`] : [])].join('\n');
  }

  #add(parts: readonly string[]): boolean {
    const size = parts.reduce((sum, part) => sum + part.length + 1, 0);
    if (size > this.#room) return false;
    this.#parts.push(...parts);
    this.#room -= size;
    return true;
  }
}

function contextLine(line: Line): string {
  const head = characterHead(line.text, LONG_LINE);
  return `${line.number}-${head}${head.length < line.text.length ? '…' : ''}`;
}

/** A short line whole; of a long one a few places that match, each with the byte offset of what is shown. */
async function placesOf(line: Line, firstEnd: number, matcher: Matcher): Promise<string[]> {
  if (line.text.length <= LONG_LINE) return [`${line.number}:${line.text}`];
  const places: string[] = [];
  for (let end = firstEnd; end >= 0 && places.length < PLACES_A_LINE; ) {
    const start = characterHead(line.text, end - AROUND).length;
    const snippet = characterHead(line.text.slice(start), 2 * AROUND);
    const shownTo = start + snippet.length;
    const offset = line.offset + Buffer.byteLength(line.text.slice(0, start));
    places.push(`${line.number}@${offset}:${start > 0 ? '…' : ''}${snippet}${shownTo < line.text.length ? '…' : ''}`);
    if (shownTo === line.text.length) break;
    end = matcher.find(line.text, shownTo) ?? (await matcher.finish());
  }
  return places;
}

class TooCostlyError extends Error {
  override readonly name = 'TooCostlyError';
}

/** Finds the end of the first match in a line. `find` may stop early; `finish` then goes on, in several turns. */
interface Matcher {
  find(line: string, from: number): number | undefined;
  /** @throws TooCostlyError */
  finish(): Promise<number>;
}

/** The matcher of a pattern, or what is wrong with the pattern. */
function matcherOf(pattern: string): Matcher | string {
  if (pattern === '') return 'grep needs a pattern that is not empty.';
  const regex = /^\/(.+)\/(i?)$/s.exec(pattern);
  if (regex === null) return pattern.length > MAX_PLAIN_PATTERN ? `grep takes at most ${MAX_PLAIN_PATTERN} characters.` : plainMatcher(pattern);
  try {
    return regexMatcher(compileLinearRegex(regex[1] ?? '', regex[2] === 'i'));
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    return `This regular expression is not taken: ${error.message}. Without the slashes it is searched as plain text.`;
  }
}

function plainMatcher(pattern: string): Matcher {
  return {
    find(line, from) {
      const at = line.indexOf(pattern, from);
      return at < 0 ? -1 : at + pattern.length;
    },
    finish: () => Promise.resolve(-1),
  };
}

function regexMatcher(regex: LinearRegex): Matcher {
  const budget = { steps: STEPS_PER_TURN };
  let spent = 0;
  let search = regex.search('', 0);
  return {
    find(line, from) {
      search = regex.search(line, from);
      return search.advance(budget);
    },
    async finish() {
      for (;;) {
        spent += STEPS_PER_TURN;
        if (spent > MAX_STEPS) throw new TooCostlyError('too many steps');
        budget.steps = STEPS_PER_TURN;
        await nextTurn();
        const end = search.advance(budget);
        if (end !== undefined) return end;
      }
    },
  };
}
