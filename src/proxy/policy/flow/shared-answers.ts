import type { CacheStoreSettings } from '../../config/types.ts';
import { messageOf, VestibuleError } from '../../errors.ts';
import type { RawJson } from '../../model.ts';

/** Tools and resources are made void apart. */
export type AnswerKind = 'tool' | 'resource';

/** An answer as a store keeps it. */
export interface StoredAnswer {
  readonly result: RawJson;
  /** Milliseconds since epoch. */
  readonly until: number;
  /** Of its area when it was asked for: one of another counts no more. */
  readonly epoch: number;
}

/**
 * Keeps answers outside of the process. Any method may reject, which costs nothing but the answer. Keys and areas are
 * texts of any length; what is kept is for whoever has the key of the store only.
 */
export interface CacheStore {
  /** The number of an area now, and what is kept under a key, of whatever number. */
  get(key: string, area: string): Promise<{ readonly epoch: number; readonly kept: StoredAnswer | undefined }>;
  put(key: string, answer: StoredAnswer): Promise<void>;
  /** Gives an area its next number: what was kept in it does not count any more, for any process. */
  advance(area: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the store of `gateway.cache`. Given by adapters that have one.
 * @throws VestibuleError `bad-config` when it cannot be had here
 */
export type OpenCacheStore = (settings: CacheStoreSettings) => Promise<CacheStore>;

/** What is asked of the store, in a call. */
export interface Found {
  readonly kept: { readonly result: RawJson; readonly leftMs: number } | undefined;
  /** What an answer that is fetched now is kept under; undefined where it cannot be kept. */
  readonly epoch: number | undefined;
}

/** A store that takes longer over a call than this has no answer. Milliseconds. */
const PATIENCE_MS = 100;
/** Answers on their way to the store at once; more are not kept. */
const MAX_UNDER_WAY = 64;
/** Characters of one answer. */
const MAX_ONE = 1024 * 1024;
const MISS: Found = { kept: undefined, epoch: undefined };

/**
 * Answers that outlive the process, or are shared by several. A store that fails, or is slow, has no answer: the call goes
 * to its server. What was written to a server while the store could not be told so stays void here until it was told.
 */
export class SharedAnswers {
  readonly #store: Promise<CacheStore>;
  readonly #warn: (message: string, action: string) => void;
  /** Areas that the store still has to give their next number. */
  readonly #void = new Map<string, Promise<void> | undefined>();
  readonly #now: () => number;
  #underWay = 0;
  #fails = false;

  /** @param warn told once when the store begins to fail @param now milliseconds since epoch */
  constructor(store: Promise<CacheStore>, warn: (message: string, action: string) => void, now: () => number = Date.now) {
    this.#now = now;
    this.#store = store;
    this.#warn = warn;
    store.catch((error: unknown) => this.#failed(error));
  }

  /** True while the store does not work: it cannot be opened, or failed the last time. */
  get fails(): boolean {
    return this.#fails;
  }

  /** What the store has for a call. Never rejects. @param of the server, and how it is reached */
  async find(kind: AnswerKind, key: string, of: string): Promise<Found> {
    const area = areaOf(kind, of);
    if (this.#void.has(area)) {
      this.#advance(area);
      return MISS;
    }
    const found = await this.#ask(async (store) => store.get(keyOf(area, key), area));
    // Something may have been written meanwhile.
    if (found === undefined || this.#void.has(area)) return MISS;
    const leftMs = found.kept === undefined || found.kept.epoch !== found.epoch ? 0 : found.kept.until - this.#now();
    return { epoch: found.epoch, kept: found.kept === undefined || leftMs <= 0 ? undefined : { result: found.kept.result, leftMs } };
  }

  /** Keeps an answer for some milliseconds, without waiting. @param epoch as it was found when the answer was asked for */
  put(kind: AnswerKind, key: string, of: string, result: RawJson, ms: number, epoch: number | undefined): void {
    if (epoch === undefined || ms <= 0 || result.length > MAX_ONE || this.#underWay >= MAX_UNDER_WAY) return;
    this.#underWay++;
    const ended = (): void => {
      this.#underWay--;
    };
    this.#ask((store) => store.put(keyOf(areaOf(kind, of), key), { result, epoch, until: this.#now() + ms })).then(ended, ended);
  }

  /** Nothing that is kept of this server counts any more. */
  forget(kind: AnswerKind, of: string): void {
    const area = areaOf(kind, of);
    // One that is on its way may come before what is forgotten now.
    this.#void.set(area, undefined);
    this.#advance(area);
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#void.values()]);
    await this.#store.then((store) => store.close()).catch(() => undefined);
  }

  #advance(area: string): void {
    if (this.#void.get(area) !== undefined) return;
    const turn: Promise<void> = this.#ask(async (store) => {
      await store.advance(area);
      return true;
    }).then((told) => {
      if (this.#void.get(area) !== turn) return;
      if (told === true) this.#void.delete(area);
      else this.#void.set(area, undefined);
    });
    this.#void.set(area, turn);
  }

  async #ask<T>(asked: (store: CacheStore) => Promise<T>): Promise<T | undefined> {
    let late: NodeJS.Timeout | undefined;
    try {
      const answer = await Promise.race([
        this.#store.then(asked),
        new Promise<never>((_, reject) => {
          late = setTimeout(() => reject(new Error(`it does not answer within ${PATIENCE_MS} ms`)), PATIENCE_MS).unref();
        }),
      ]);
      this.#fails = false;
      return answer;
    } catch (error) {
      this.#failed(error);
      return undefined;
    } finally {
      clearTimeout(late);
    }
  }

  #failed(error: unknown): void {
    if (this.#fails) return;
    this.#fails = true;
    if (VestibuleError.is(error)) this.#warn(error.message, error.action);
    else this.#warn(`The store of "gateway.cache" does not work: ${messageOf(error)}. Calls go to their servers.`, 'Look at the store; it is used again as soon as it works.');
  }
}

function areaOf(kind: AnswerKind, of: string): string {
  return `${kind}\0${of}`;
}

function keyOf(area: string, key: string): string {
  return `${area}\0${key}`;
}
