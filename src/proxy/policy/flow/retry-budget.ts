import type { RetryConfig } from '../../config/types.ts';

/** Retries a server may have in reserve, so that a quiet one is tried again at all. */
const RESERVE = 3;
/** A wait never grows beyond this, in milliseconds. */
const MAX_WAIT_MS = 10_000;

/** Bounds retries, or second calls, to a share of the calls: a server that is down or slow gets no storm on top. */
export class RetryBudget {
  #tokens = RESERVE;
  #spent = 0;

  /** Retries spent since it was made. */
  get spent(): number {
    return this.#spent;
  }

  /** Retries it would allow now. */
  get left(): number {
    return Math.floor(this.#tokens);
  }

  /** A call came. */
  earn({ budget }: Pick<RetryConfig, 'budget'>): void {
    this.#tokens = Math.min(RESERVE + budget * 100, this.#tokens + budget);
  }

  /** Spends one retry, if there is one. */
  spend(): boolean {
    if (this.#tokens < 1) return false;
    this.#tokens--;
    this.#spent++;
    return true;
  }
}

/** Milliseconds before the next attempt: exponential, with full jitter. @param attempt from 1 @param random from 0 up to 1 */
export function waitBefore({ backoffMs }: RetryConfig, attempt: number, random: number): number {
  return random * Math.min(MAX_WAIT_MS, backoffMs * 2 ** (attempt - 1));
}
