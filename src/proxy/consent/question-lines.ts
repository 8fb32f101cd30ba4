/** Questions that may wait for one person. */
const MAX_WAITING = 32;

interface Line {
  last: Promise<unknown>;
  waiting: number;
}

/** Questions in lines, one line a person: at most one is put at a time. */
export class QuestionLines {
  readonly #lines = new Map<string, Line>();

  /**
   * Runs `put` when everything before it in its line is over.
   * @param signal ends the waiting; once it is its turn, `put` has to heed the signal itself
   * @returns what `put` resolves with; `too-many` when the line is full, `cancelled` when `signal` aborts while waiting
   */
  async inTurn<T>(name: string, signal: AbortSignal, put: () => Promise<T>): Promise<T | 'too-many' | 'cancelled'> {
    const line = this.#lines.get(name) ?? { last: Promise.resolve(), waiting: 0 };
    if (line.waiting >= MAX_WAITING) return 'too-many';
    this.#lines.set(name, line);
    line.waiting++;
    return new Promise((resolve, reject) => {
      // A call that is cancelled need not wait for its turn to hear of it.
      const leave = (): void => resolve('cancelled');
      signal.addEventListener('abort', leave, { once: true });
      const turn = line.last.then(async () => {
        signal.removeEventListener('abort', leave);
        return signal.aborted ? ('cancelled' as const) : put();
      });
      turn.then(resolve, reject);
      line.last = turn
        .catch(() => undefined)
        .then(() => {
          if (--line.waiting === 0) this.#lines.delete(name);
        });
    });
  }
}
