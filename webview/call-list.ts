import type { CallRow } from '../src/views/inspector/messages.ts';

/** What calls can be ordered by. */
export type SortKey = (row: CallRow) => number | string;

/** Calls kept at most; older ones leave. */
export const MAX_CALLS = 100_000;

/** The calls a page knows, in the order they are shown. Adding one costs no sorting. */
export class CallList {
  /** Newest first. */
  #newest: CallRow[] = [];
  #shown: CallRow[] = [];
  #key: SortKey | undefined;
  #ascending = false;

  /** The calls as they are shown. */
  get rows(): readonly CallRow[] {
    return this.#shown;
  }

  /** The calls, newest first. */
  get newest(): readonly CallRow[] {
    return this.#newest;
  }

  /** Starts over. */
  clear(): void {
    this.#newest = [];
    this.#arrange();
  }

  /** Takes in older calls, newest first. @returns false when there is no room for more */
  append(rows: readonly CallRow[]): boolean {
    const last = this.#newest.at(-1)?.seq ?? Infinity;
    for (const row of rows) if (row.seq < last && this.#newest.length < MAX_CALLS) this.#newest.push(row);
    this.#arrange();
    return this.#newest.length < MAX_CALLS;
  }

  /** Takes in calls that just ended. */
  add(rows: readonly CallRow[]): void {
    const known = this.#newest[0]?.seq ?? -1;
    const fresh = rows.filter(({ seq }) => seq > known).sort((a, b) => b.seq - a.seq);
    if (fresh.length === 0) return;
    this.#newest.unshift(...fresh);
    this.#newest.length = Math.min(this.#newest.length, MAX_CALLS);
    if (this.#key === undefined) return this.#arrange();
    for (const row of fresh) this.#shown.splice(this.#placeOf(row), 0, row);
    if (this.#shown.length > MAX_CALLS) this.#arrange();
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

  #arrange(): void {
    const key = this.#key;
    if (key === undefined) {
      this.#shown = this.#ascending ? this.#newest.toReversed() : this.#newest;
      return;
    }
    // Keys are worked out once each, not once per comparison.
    const keyed = this.#newest.map((row) => ({ row, key: key(row) }));
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
