import type { Clock } from '../../clock.ts';
import type { RateSnapshot } from '../../model.ts';

/** What a bucket is for, and how many calls a minute it lets through. */
export interface Rate {
  /** Stands for the bucket: what has the same key shares one. */
  readonly key: string;
  readonly perMinute: number;
  /** What is limited, for the refusal: ours, not an upstream's words. */
  readonly what: string;
  /** The tool it is for, where it is for one. */
  readonly tool?: string;
}

interface Bucket {
  tokens: number;
  at: number;
  perMinute: number;
}

const MINUTE_MS = 60_000;
/** Buckets that are kept; a full one that is forgotten is a full one again. */
const MAX_BUCKETS = 10_000;

/**
 * Token buckets: each holds a minute's calls at most and fills steadily. A call takes one token of every bucket it
 * falls under or of none, so that a refusal by one rule costs nothing at another.
 */
export class Rates {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes a token for each rate. @returns undefined, or the rate that refuses and how many seconds until it would not */
  take(rates: readonly Rate[]): { readonly rate: Rate; readonly retryAfterSeconds: number } | undefined {
    const now = this.#clock.now();
    let refused: { readonly rate: Rate; readonly retryAfterSeconds: number } | undefined;
    for (const rate of rates) {
      const { tokens } = this.#bucket(rate, now);
      const wait = tokens >= 1 ? 0 : ((1 - tokens) * MINUTE_MS) / rate.perMinute / 1000;
      if (wait > (refused?.retryAfterSeconds ?? 0)) refused = { rate, retryAfterSeconds: Math.max(1, Math.ceil(wait)) };
    }
    if (refused === undefined) for (const rate of rates) this.#bucket(rate, now).tokens--;
    return refused;
  }

  /** How much of a rate is left now; takes nothing. */
  snapshot({ key, perMinute, what, tool }: Rate): RateSnapshot {
    const bucket = this.#buckets.get(key);
    const left = bucket === undefined ? perMinute : filled(bucket, perMinute, this.#clock.now());
    return { what, ...(tool !== undefined && { tool }), perMinute, left: Math.floor(left) };
  }

  #bucket({ key, perMinute }: Rate, now: number): Bucket {
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      bucket = { tokens: perMinute, at: now, perMinute };
      this.#buckets.set(key, bucket);
      this.#prune(now);
    }
    bucket.tokens = filled(bucket, perMinute, now);
    bucket.at = now;
    bucket.perMinute = perMinute;
    return bucket;
  }

  #prune(now: number): void {
    if (this.#buckets.size <= MAX_BUCKETS) return;
    for (const [key, { at }] of this.#buckets) if (now - at >= MINUTE_MS) this.#buckets.delete(key);
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > MAX_BUCKETS && oldest !== undefined) this.#buckets.delete(oldest);
  }
}

/** What a bucket holds now. A rule that changed begins with the share that was left. */
function filled({ tokens, at, perMinute: before }: Bucket, perMinute: number, now: number): number {
  const share = before === perMinute ? tokens : (tokens * perMinute) / before;
  return Math.min(perMinute, share + ((now - at) * perMinute) / MINUTE_MS);
}
