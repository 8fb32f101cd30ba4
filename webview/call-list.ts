import type { CallRow } from '../src/views/inspector/messages.ts';

/** What calls can be ordered by. */
export type SortKey = (row: CallRow) => number | string;
/** Which calls are shown. */
export type RowTest = (row: CallRow) => boolean;

/** Calls kept at most; older ones leave. */
export const MAX_CALLS = 100_000;
/** Names that are kept once, of servers, tools, agents and programs. */
const MAX_NAMES = 10_000;

/** The calls a page knows, and those of them that a filter leaves, in the order they are shown. Adding one costs no sorting. */
export class CallList {
  /** All that are known, newest first. */
  #known: CallRow[] = [];
  /** Those that the filter leaves, newest first; the same list without a filter. */
  #matching: CallRow[] = this.#known;
  #shown: CallRow[] = this.#known;
  #fits: RowTest | undefined;
  /** Numbers of what others found for the filter. */
  readonly #found = new Set<number>();
  /** Those of them that were older than all that is known, newest first. */
  #older: CallRow[] = [];
  /** Names are few and calls many: each is kept once. */
  readonly #names = new Map<string, string>();
  #key: SortKey | undefined;
  #ascending = false;

  /** The calls as they are shown. */
  get rows(): readonly CallRow[] {
    return this.#shown;
  }

  /** The calls that the filter leaves, newest first. */
  get newest(): readonly CallRow[] {
    return this.#matching;
  }

  /** How many calls are known, whatever the filter. */
  get known(): number {
    return this.#known.length;
  }

  /** A call that is known, whatever the filter. */
  call(seq: number): CallRow | undefined {
    return this.#known.find((row) => row.seq === seq) ?? this.#older.find((row) => row.seq === seq);
  }

  /** Numbers of the newest and the oldest call that is known; undefined without any. */
  get span(): { readonly newest: number; readonly oldest: number } | undefined {
    const [first] = this.#known;
    const last = this.#known.at(-1);
    return first && last && { newest: first.seq, oldest: last.seq };
  }

  /** Forgets all but the filter and what was found for it. */
  clear(): void {
    this.#known = [];
    this.#match();
  }

  /** Takes in older calls, newest first. @returns false when there is no room for more */
  append(rows: readonly CallRow[]): boolean {
    const last = this.#known.at(-1)?.seq ?? Infinity;
    const fresh = rows.filter(({ seq }) => seq < last).slice(0, MAX_CALLS - this.#known.length).map((row) => this.#small(row));
    for (const row of fresh) this.#known.push(row);
    const fits = this.#fits;
    if (fits !== undefined) for (const row of fresh) if (this.#found.has(row.seq) || fits(row)) this.#matching.push(row);
    // What was found before may be among them, and what was older than all is not the end any more.
    if (this.#older.length > 0) this.#match();
    else this.#arrange();
    return this.#known.length < MAX_CALLS;
  }

  /** Takes in calls that just ended. */
  add(rows: readonly CallRow[]): void {
    const newest = this.#known[0]?.seq ?? -1;
    const fresh = rows.filter(({ seq }) => seq > newest).sort((a, b) => b.seq - a.seq).map((row) => this.#small(row));
    if (fresh.length === 0) return;
    this.#known.unshift(...fresh);
    this.#known.length = Math.min(this.#known.length, MAX_CALLS);
    const fits = this.#fits;
    const matching = fits === undefined ? fresh : fresh.filter((row) => this.#found.has(row.seq) || fits(row));
    if (fits !== undefined) {
      this.#matching.unshift(...matching);
      this.#matching.length = Math.min(this.#matching.length, MAX_CALLS);
    }
    if (this.#key === undefined) return this.#arrange();
    for (const row of matching) this.#shown.splice(this.#placeOf(row), 0, row);
    if (this.#shown.length > MAX_CALLS) this.#arrange();
  }

  /**
   * Leaves the calls that fit; all without a test.
   * @param within true when nothing can fit that is not left now: only those are tested
   */
  filter(fits: RowTest | undefined, within = false): void {
    const among = within ? this.#matching : this.#known;
    this.#fits = fits;
    this.#found.clear();
    // Those that still fit stay: finding them again takes a while.
    this.#older = within && fits !== undefined ? this.#older.filter((row) => fits(row)) : [];
    for (const { seq } of this.#older) this.#found.add(seq);
    this.#matching = fits === undefined ? this.#known : among.filter((row) => fits(row));
    this.#arrange();
  }

  /** Takes in calls that somebody else found for the filter, newest first. */
  find(rows: readonly CallRow[]): void {
    const oldest = this.#known.at(-1)?.seq ?? Infinity;
    const last = this.#older[MAX_CALLS - 1]?.seq ?? -1;
    for (const row of rows) {
      // Older ones still would not be shown.
      if (row.seq < last) break;
      if (row.seq < oldest && !this.#found.has(row.seq)) this.#older.push(this.#small(row));
      this.#found.add(row.seq);
    }
    // What stayed of a wider filter may be older than what is found now.
    this.#older = this.#older.sort((a, b) => b.seq - a.seq).slice(0, MAX_CALLS);
    this.#match();
  }

  /** Orders by a key; without one by time, newest first unless `ascending`. */
  sort(key: SortKey | undefined, ascending: boolean): void {
    this.#key = key;
    this.#ascending = ascending;
    this.#arrange();
  }

  /** Where a call is shown; -1 when it is not. */
  indexOf(seq: number): number {
    return this.#shown.findIndex((row) => row.seq === seq);
  }

  /** A row whose names are those of other rows. */
  #small(row: CallRow): CallRow {
    return { ...row, agent: this.#name(row.agent), client: this.#name(row.client), server: this.#name(row.server), tool: this.#name(row.tool), route: this.#name(row.route) };
  }

  #name(name: string): string {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    // Whoever makes names up by the thousand keeps them by himself.
    if (this.#names.size < MAX_NAMES) this.#names.set(name, name);
    return name;
  }

  /** Puts what matches and what was found in order: none is tested again. */
  #match(): void {
    if (this.#fits === undefined) this.#matching = this.#known;
    else {
      for (const { seq } of this.#matching) this.#found.add(seq);
      const oldest = this.#known.at(-1)?.seq ?? Infinity;
      this.#older = this.#older.filter(({ seq }) => seq < oldest);
      const matching = this.#known.filter(({ seq }) => this.#found.has(seq));
      this.#matching = this.#older.length === 0 ? matching : [...matching, ...this.#older].slice(0, MAX_CALLS);
    }
    this.#arrange();
  }

  #arrange(): void {
    const key = this.#key;
    if (key === undefined) {
      this.#shown = this.#ascending ? this.#matching.toReversed() : this.#matching;
      return;
    }
    // Keys are worked out once each, not once per comparison.
    const keyed = this.#matching.map((row) => ({ row, key: key(row) }));
    keyed.sort((a, b) => this.#order(a.key, b.key));
    this.#shown = keyed.map(({ row }) => row);
  }

  #placeOf(row: CallRow): number {
    const key = this.#key;
    if (key === undefined) return 0;
    const wanted = key(row);
    let low = 0;
    let high = this.#shown.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const there = this.#shown[middle];
      if (there !== undefined && this.#order(key(there), wanted) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #order(a: number | string, b: number | string): number {
    return (this.#ascending ? 1 : -1) * (a < b ? -1 : a > b ? 1 : 0);
  }
}
