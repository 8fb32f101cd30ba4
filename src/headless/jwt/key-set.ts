import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { boundedText } from './bounded-text.ts';

/** How a set of keys is fetched; for tests. Times in milliseconds. */
export interface KeySetOptions {
  readonly url: string;
  readonly warn: (message: string) => void;
  readonly now?: () => number;
}

/** Keys are asked for again after this, in milliseconds: a provider that withdraws one is believed by then. */
const FRESH_MS = 10 * 60_000;
/** While the provider cannot be reached, its last keys count for so long. */
const STALE_MS = 60 * 60_000;
/** Between two requests, whatever tokens come: a storm of unknown keys is one request. */
const COOLDOWN_MS = 30_000;
const TIMEOUT_MS = 5_000;
const MAX_BYTES = 256 * 1024;
const MAX_KEYS = 100;

interface Kept {
  readonly find: JWTVerifyGetKey;
  readonly ids: ReadonlySet<string>;
  readonly at: number;
}

/**
 * The keys that an identity provider publishes (RFC 7517): fetched with the first token, kept, asked for again when they
 * are old or a token names a key that is not among them, by one request at a time and not too often.
 */
export class KeySet {
  readonly #options: KeySetOptions;
  readonly #now: () => number;
  #kept: Kept | undefined;
  #fetching: Promise<void> | undefined;
  #triedAt = -Infinity;

  constructor(options: KeySetOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /**
   * The function jose finds keys with, over keys among which this one is, if it is published.
   * @param kid that a token names, if it names one
   * @returns undefined while no keys are known
   */
  async keys(kid: string | undefined): Promise<JWTVerifyGetKey | undefined> {
    const age = this.#now() - (this.#kept?.at ?? -Infinity);
    const unknown = kid !== undefined && this.#kept?.ids.has(kid) !== true;
    if (age >= FRESH_MS || unknown) await this.#refresh();
    if (this.#kept !== undefined && this.#now() - this.#kept.at >= STALE_MS) this.#kept = undefined;
    return this.#kept?.find;
  }

  #refresh(): Promise<void> {
    if (this.#fetching === undefined) {
      if (this.#now() - this.#triedAt < COOLDOWN_MS) return Promise.resolve();
      this.#triedAt = this.#now();
      this.#fetching = this.#fetch().finally(() => (this.#fetching = undefined));
    }
    return this.#fetching;
  }

  async #fetch(): Promise<void> {
    const { url, warn } = this.#options;
    try {
      // Whom a redirect leads to nobody wrote down.
      const response = await fetch(url, { redirect: 'error', headers: { accept: 'application/jwk-set+json, application/json' }, signal: AbortSignal.timeout(TIMEOUT_MS) });
      if (!response.ok) throw new Error(`HTTP status ${response.status}`);
      const set = keySetOf(JSON.parse(await boundedText(response, MAX_BYTES)));
      this.#kept = { find: createLocalJWKSet(set), ids: new Set(set.keys.flatMap(({ kid }) => (kid === undefined ? [] : [kid]))), at: this.#now() };
    } catch (error) {
      warn(`The keys of ${url} cannot be fetched: ${error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : String(error)}`);
    }
  }
}

/** Public keys only: a set with secrets in it must not make anybody's signature count. */
function keySetOf(value: unknown): JSONWebKeySet {
  const keys = typeof value === 'object' && value !== null && 'keys' in value && Array.isArray(value.keys) ? (value.keys as unknown[]) : undefined;
  if (keys === undefined) throw new Error('it is no JWK set');
  if (keys.length > MAX_KEYS) throw new Error(`more than ${MAX_KEYS} keys`);
  const usable = keys.filter((key): key is JSONWebKeySet['keys'][number] => typeof key === 'object' && key !== null && 'kty' in key && typeof key.kty === 'string' && key.kty !== 'oct');
  return { keys: usable };
}
