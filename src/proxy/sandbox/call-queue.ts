import { CALLS_AT_ONCE, MAX_CALLS } from './limits.ts';

/** Lets calls go a few at a time, and only so many in all. */
export class CallQueue {
  #waiting: (() => void)[] = [];
  #started = 0;
  #accepted = 0;
  #underWay = 0;

  /** True while something is under way or waits. */
  get busy(): boolean {
    return this.#underWay > 0 || this.#waiting.length > 0;
  }

  /**
   * Starts a call, now or when its turn comes. Whoever answers it says so by `finished`.
   * @param start gets the number of the call, counted from 1
   * @returns false when there were too many already; it is then never started
   */
  add(start: (id: number) => void): boolean {
    if (this.#accepted >= MAX_CALLS) return false;
    this.#accepted++;
    this.#waiting.push(() => start(++this.#started));
    this.#startNext();
    return true;
  }

  /** One of those under way has its answer. */
  finished(): void {
    this.#underWay--;
    this.#startNext();
  }

  /** Forgets those that were not started. */
  drop(): void {
    this.#waiting = [];
  }

  #startNext(): void {
    while (this.#underWay < CALLS_AT_ONCE) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#underWay++;
      next();
    }
  }
}
