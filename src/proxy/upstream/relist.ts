import { fullJitter } from './backoff.ts';
import type { Disposable } from '../events.ts';

/** Servers announce several changes at once; they are listed together. */
const DEBOUNCE_MS = 150;
/** However loud a server is, it is listed at most this often. */
const LEAST_INTERVAL_MS = 1_000;
const MOST_RETRY_MS = 60_000;

/**
 * Turns announcements of changes into listings: coalesced, one at a time, at most one a second. A listing that
 * fails is tried again for as long as the connection lives, for what the server offers now is unknown.
 */
export class Relister implements Disposable {
  readonly #list: () => Promise<void>;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #again = false;
  #listedAt = -Infinity;
  #failures = 0;
  #disposed = false;

  /** @param list lists once; rejects when it could not */
  constructor(list: () => Promise<void>) {
    this.#list = list;
  }

  /** Something changed. */
  announce(): void {
    if (this.#running !== undefined) this.#again = true;
    else this.#schedule(Math.max(DEBOUNCE_MS, this.#listedAt + LEAST_INTERVAL_MS - performance.now()));
  }

  /** Lists now, after a listing that is under way, which may have begun before the change. @throws as the listing does */
  async now(): Promise<void> {
    while (this.#running !== undefined) await this.#running.catch(() => undefined);
    await this.#run();
  }

  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#timer);
  }

  #schedule(wait: number): void {
    if (this.#disposed || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.now().catch(() => this.#schedule(LEAST_INTERVAL_MS + fullJitter(this.#failures++, LEAST_INTERVAL_MS, MOST_RETRY_MS)));
    }, wait).unref();
  }

  async #run(): Promise<void> {
    this.#running = this.#list();
    try {
      await this.#running;
      this.#failures = 0;
    } finally {
      this.#running = undefined;
      this.#listedAt = performance.now();
      if (this.#again) {
        this.#again = false;
        this.announce();
      }
    }
  }
}
