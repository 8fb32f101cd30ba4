import { toDisposable, type Disposable } from './events.ts';

/** Time, as far as rules need it. Tests bring their own. */
export interface Clock {
  /** Milliseconds that only ever grow. */
  now(): number;
  /** Runs something once, after some milliseconds, unless it is disposed before. */
  later(ms: number, run: () => void): Disposable;
}

/** The clock of the process; its timers keep no process alive. */
export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  later(ms, run) {
    const timer = setTimeout(run, ms).unref();
    return toDisposable(() => clearTimeout(timer));
  },
};
