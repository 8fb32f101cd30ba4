import { fullJitter } from './backoff.ts';

const WINDOW_MS = 60_000;
const MAX_STARTS = 6;
const FIRST_DELAY_MS = 1_000;
const MOST_DELAY_MS = 60_000;
/** Right after a failure another use would only meet it again. */
const USE_PAUSE_MS = 1_000;
/** A connection that lived this long starts the count of failures anew. */
const STABLE_MS = 30_000;

/**
 * When an upstream may be started again: at most six starts a minute, whoever asks; in the background after a
 * wait with full jitter. It never gives up.
 */
export class RestartPolicy {
  readonly #now: () => number;
  readonly #random: () => number;
  /** Times of the starts within the window, oldest first. */
  #starts: number[] = [];
  #failures = 0;
  #failedAt = -Infinity;
  #readyAt: number | undefined;

  /** @param now monotonic milliseconds */
  constructor(now: () => number = () => performance.now(), random: () => number = Math.random) {
    this.#now = now;
    this.#random = random;
  }

  /** Milliseconds until a use may start it; 0 when it may now. */
  get waitForUse(): number {
    const now = this.#now();
    return Math.max(0, this.#failedAt + USE_PAUSE_MS - now, this.#windowWait(now));
  }

  started(): void {
    const now = this.#now();
    this.#starts = [...this.#starts.filter((start) => start > now - WINDOW_MS), now];
    this.#readyAt = undefined;
  }

  ready(): void {
    this.#readyAt = this.#now();
  }

  /** A start failed. @returns milliseconds until the next try in the background */
  failed(): number {
    this.#failedAt = this.#now();
    return this.#nextDelay();
  }

  /** What was started ended by itself; a use may start it again at once. @returns as `failed` */
  lost(): number {
    if (this.#readyAt !== undefined && this.#now() - this.#readyAt >= STABLE_MS) this.#failures = 0;
    return this.#nextDelay();
  }

  /** What was started last served, and was stopped because nobody used it: that start keeps no later use waiting. */
  rested(): void {
    this.#starts.pop();
  }

  /** A person asked for a start: nothing before counts. */
  reset(): void {
    this.#starts = [];
    this.#failures = 0;
    this.#failedAt = -Infinity;
  }

  #nextDelay(): number {
    return Math.max(fullJitter(this.#failures++, FIRST_DELAY_MS, MOST_DELAY_MS, this.#random), USE_PAUSE_MS, this.#windowWait(this.#now()));
  }

  #windowWait(now: number): number {
    const oldest = this.#starts.at(-MAX_STARTS);
    return oldest === undefined ? 0 : Math.max(0, oldest + WINDOW_MS - now);
  }
}
