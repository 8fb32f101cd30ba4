const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Numbers a shell adds to 128 for a process that a signal ended. */
const NUMBERS: Readonly<Record<(typeof SIGNALS)[number], number>> = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };

/**
 * Resolves at the first signal that asks this process to end, or when `stop` or `fail` is called. A second signal ends the
 * process at once (contract §1).
 */
export class StopSignal {
  readonly requested: Promise<void>;
  #stopped = false;
  #failed = false;
  #resolve: () => void = () => undefined;

  constructor() {
    this.requested = new Promise((resolve) => (this.#resolve = resolve));
    for (const signal of SIGNALS) {
      process.on(signal, () => {
        if (this.#stopped) process.exit(128 + NUMBERS[signal]);
        this.stop();
      });
    }
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** True when it is an error of our own that ends the process. */
  get failed(): boolean {
    return this.#failed;
  }

  fail(): void {
    this.#failed = true;
    this.stop();
  }

  stop(): void {
    this.#stopped = true;
    this.#resolve();
  }
}
