import type { Disposable } from '../events.ts';

/** Counts the tokens of texts with a real tokenizer, away from whoever asks. */
export interface TokenCounter extends Disposable {
  /**
   * Tokens of each text in o200k, in step; undefined when they cannot be counted, which is logged once. At most
   * `MAX_BATCH` characters at a time.
   */
  count(texts: readonly string[]): Promise<readonly number[] | undefined>;
}

/** Most characters of one batch. */
export const MAX_BATCH = 4 * 1024 * 1024;
