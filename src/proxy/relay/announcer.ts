import type { Disposable } from '../events.ts';

/** Changes come in bursts: an approval of many tools, a reload of many servers. In milliseconds. */
const SETTLE_MS = 100;
/** However often a server changes its tools, agents hear of it twice a second. */
const APART_MS = 500;

/** Runs one announcement for all changes of a short while. */
export class Announcer implements Disposable {
  readonly #announce: () => void;
  #timer: NodeJS.Timeout | undefined;
  #lastAt = -APART_MS;
  #disposed = false;

  constructor(announce: () => void) {
    this.#announce = announce;
  }

  /** Something changed: it is announced soon, together with what changes until then. */
  soon(): void {
    if (this.#timer !== undefined || this.#disposed) return;
    const wait = Math.max(SETTLE_MS, this.#lastAt + APART_MS - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#lastAt = performance.now();
      this.#announce();
    }, wait).unref();
  }

  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#timer);
  }
}
