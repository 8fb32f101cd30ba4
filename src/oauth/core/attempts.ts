import type { SignInError } from './sign-in-error.ts';

const BASE_MS = 1_000;
const MOST_MS = 5 * 60_000;

/** Keeps one thing from being tried again too soon after it failed: each failure in a row doubles the pause. */
export class Attempts {
  #failures = 0;
  #until = 0;
  #last: SignInError | undefined;

  /** What the last attempt failed with, while it is too soon for another. @param now milliseconds, any clock that only goes forward */
  tooSoon(now: number): SignInError | undefined {
    return now < this.#until ? this.#last : undefined;
  }

  failed(error: SignInError, now: number): void {
    this.#last = error;
    this.#until = now + Math.min(MOST_MS, BASE_MS * 2 ** Math.min(this.#failures, 20)) * (0.75 + Math.random() / 2);
    this.#failures++;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#until = 0;
    this.#last = undefined;
  }
}
