import type { Clock } from '../../clock.ts';
import type { Disposable } from '../../events.ts';

/** How many calls run at once, how many may wait, and for how long. */
export interface LaneLimits {
  readonly concurrent: number;
  readonly queue: number;
  readonly queueMs: number;
}

/** Why a call got no turn. */
export type NoTurn = 'full' | 'late' | 'cancelled';

interface Waiting {
  readonly who: string;
  settle(turn: NoTurn | undefined): void;
}

/**
 * Lets so many calls run at once; the rest wait. Turns go round the callers that wait, one call each, so that one with
 * a hundred calls does not keep another from its first.
 */
export class Lane {
  readonly #clock: Clock;
  /** By caller; the first caller in the map is next. */
  readonly #waiting = new Map<string, Set<Waiting>>();
  #limits: LaneLimits;
  #active = 0;
  #queued = 0;

  constructor(limits: LaneLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  get active(): number {
    return this.#active;
  }

  get queued(): number {
    return this.#queued;
  }

  get limits(): LaneLimits {
    return this.#limits;
  }

  /** Other limits from now on: who waits may get a turn at once. */
  set limits(limits: LaneLimits) {
    this.#limits = limits;
    this.#next();
  }

  /** Waits for a turn. @returns what ends it, or why there was none */
  async enter(who: string, signal: AbortSignal): Promise<Disposable | NoTurn> {
    if (signal.aborted) return 'cancelled';
    if (this.#active < this.#limits.concurrent && this.#queued === 0) return this.#turn();
    if (this.#queued >= this.#limits.queue) return 'full';
    const why = await this.#wait(who, signal);
    return why ?? this.#ending();
  }

  #wait(who: string, signal: AbortSignal): Promise<NoTurn | undefined> {
    return new Promise((resolve) => {
      const cancel = (): void => waiting.settle('cancelled');
      const late = this.#clock.later(this.#limits.queueMs, () => waiting.settle('late'));
      const waiting: Waiting = {
        who,
        settle: (turn) => {
          if (!this.#leave(waiting)) return;
          late.dispose();
          signal.removeEventListener('abort', cancel);
          resolve(turn);
        },
      };
      signal.addEventListener('abort', cancel);
      const mine = this.#waiting.get(who) ?? new Set();
      this.#waiting.set(who, mine.add(waiting));
      this.#queued++;
    });
  }

  #leave(waiting: Waiting): boolean {
    const mine = this.#waiting.get(waiting.who);
    if (mine?.delete(waiting) !== true) return false;
    this.#queued--;
    if (mine.size === 0) this.#waiting.delete(waiting.who);
    return true;
  }

  #turn(): Disposable {
    this.#active++;
    return this.#ending();
  }

  #ending(): Disposable {
    let done = false;
    return {
      dispose: () => {
        if (done) return;
        done = true;
        this.#active--;
        this.#next();
      },
    };
  }

  /** Gives the free places to who waits. A place is taken before its owner runs on, so that nobody slips in between. */
  #next(): void {
    while (this.#active < this.#limits.concurrent) {
      const [next] = this.#waiting;
      if (next === undefined) return;
      const [who, mine] = next;
      const [first] = mine;
      if (first === undefined) return;
      this.#active++;
      first.settle(undefined);
      // To the end of the round.
      if (mine.size > 0) {
        this.#waiting.delete(who);
        this.#waiting.set(who, mine);
      }
    }
  }
}
