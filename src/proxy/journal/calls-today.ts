import type { Disposable } from '../events.ts';
import { messageOf } from '../errors.ts';
import type { CallRecord, Journal } from './types.ts';

/** What counts are made from. */
export interface CallsTodayDeps {
  readonly journal: Pick<Journal, 'onDidAppend' | 'all'>;
  /** The calls of the day before this process started are counted too, by now. */
  readonly onDidLoad: () => void;
  readonly onProblem: (message: string) => void;
  /** Milliseconds since epoch; for tests. */
  readonly now?: () => number;
}

/**
 * How many calls of upstreams' tools each agent made since midnight, refused ones included. What was recorded before
 * is read through once, when somebody first asks; from then on a call costs one addition.
 */
export class CallsToday implements Disposable {
  readonly #deps: CallsTodayDeps;
  readonly #subscription: Disposable;
  #midnight: number;
  #counts = new Map<string, number>();
  /** The first record that was counted as it came, and the last that was read from what was recorded before. */
  #firstHeard = Infinity;
  #lastRead = 0;
  #asked = false;

  constructor(deps: CallsTodayDeps) {
    this.#deps = deps;
    this.#midnight = midnightBefore(this.#now());
    this.#subscription = deps.journal.onDidAppend((record) => {
      if (record.seq <= this.#lastRead) return;
      this.#firstHeard = Math.min(this.#firstHeard, record.seq);
      this.#add(record);
    });
  }

  of(agent: string): number {
    if (!this.#asked) {
      this.#asked = true;
      void this.#load();
    }
    this.#turn();
    return this.#counts.get(agent) ?? 0;
  }

  dispose(): void {
    this.#subscription.dispose();
  }

  async #load(): Promise<void> {
    try {
      for await (const record of this.#deps.journal.all({ since: this.#midnight })) {
        // What was heard as it came is counted; so is everything after it.
        if (record.seq >= this.#firstHeard) break;
        this.#lastRead = record.seq;
        this.#add(record);
      }
      this.#deps.onDidLoad();
    } catch (error) {
      this.#deps.onProblem(`The calls of today could not be counted: ${messageOf(error)}`);
    }
  }

  #add({ agent, route, time }: CallRecord): void {
    this.#turn();
    // A search or a look at a result is no call of anybody's tool.
    if (route !== 'menu' && Date.parse(time) >= this.#midnight) this.#counts.set(agent, (this.#counts.get(agent) ?? 0) + 1);
  }

  #turn(): void {
    const now = this.#now();
    // Reckoning a day where the person is takes longer than all the rest of counting a call.
    if (now >= this.#midnight && now < this.#midnight + LEAST_DAY_MS) return;
    const today = midnightBefore(now);
    if (today === this.#midnight) return;
    this.#midnight = today;
    this.#counts = new Map();
  }

  #now(): number {
    return (this.#deps.now ?? Date.now)();
  }
}

/** Days on which clocks go forward are shorter than others; by two hours at most. */
const LEAST_DAY_MS = 22 * 60 * 60_000;

/** The last midnight where the person is. @param at milliseconds since epoch */
function midnightBefore(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}
