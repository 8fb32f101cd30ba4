import type { CacheStoreSettings } from '../../config/types.ts';
import { SharedAnswers, type OpenCacheStore } from './shared-answers.ts';

/** What a store is opened by, and told of. */
export interface StoreSwitchDeps {
  readonly open: OpenCacheStore | undefined;
  /** From now on answers are kept there, or (undefined) in memory. */
  readonly use: (shared: SharedAnswers | undefined) => void;
  readonly warn: (message: string, action: string) => void;
}

/** The store of `gateway.cache` while it is wanted. One that cannot be opened is as none: answers are kept in memory. */
export class StoreSwitch {
  readonly #deps: StoreSwitchDeps;
  #settings: CacheStoreSettings | undefined;
  #shared: SharedAnswers | undefined;

  constructor(deps: StoreSwitchDeps) {
    this.#deps = deps;
  }

  /** Opens another store, or none; what is as wanted stays. */
  set(settings: CacheStoreSettings | undefined): void {
    if (JSON.stringify(settings) === JSON.stringify(this.#settings)) return;
    this.#settings = settings;
    void this.#shared?.close();
    this.#use(undefined);
    const { open, warn } = this.#deps;
    if (settings === undefined) return;
    if (open === undefined) return warn('"cache" of "gateway" is for vestibule serve; here answers are kept in memory.', 'Remove it, or leave it for vestibule serve.');
    const opening = open(settings);
    const shared = new SharedAnswers(opening, warn);
    this.#use(shared);
    opening.catch(() => this.#shared === shared && this.#use(undefined));
  }

  /** Ends with what is still to be written. */
  async close(): Promise<void> {
    await this.#shared?.close();
    this.#use(undefined);
  }

  #use(shared: SharedAnswers | undefined): void {
    this.#shared = shared;
    this.#deps.use(shared);
  }
}
