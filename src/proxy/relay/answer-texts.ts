import { resultTexts, resultTokens } from '../journal/tokens.ts';
import type { RawJson } from '../model.ts';
import type { TokenCounter } from '../tokens/types.ts';

/** Most characters of answers that wait for their count; beyond, the oldest keep their estimate. */
const MAX_WAITING = 4 * 1024 * 1024;
/** Answers that are counted at a time. */
const BATCH = 16;

/** One answer that waits for its count. */
interface Waiting<Account> {
  readonly answer: RawJson;
  readonly account: Account;
}

/** Holds what agents were answered until it was counted, and no longer. Bounded. */
export class AnswerTexts<Account> {
  /** By call, before the journal has its line. */
  readonly #fresh = new Map<string, RawJson>();
  #waiting: Waiting<Account>[] = [];
  #size = 0;

  /** A call was answered. */
  answered(call: string, answer: RawJson): void {
    this.#fresh.set(call, answer);
    this.#size += answer.length;
    if (this.#size <= MAX_WAITING) return;
    for (const [oldest, { length }] of this.#fresh) {
      if (this.#size <= MAX_WAITING) return;
      this.#fresh.delete(oldest);
      this.#size -= length;
    }
  }

  /**
   * The account that a call belongs to is known.
   * @returns whether its answer can still be counted
   */
  assign(call: string, account: Account): boolean {
    const answer = this.#fresh.get(call);
    if (answer === undefined) return false;
    this.#fresh.delete(call);
    this.#waiting.push({ answer, account });
    return true;
  }

  /**
   * Counts what waits and tells each account's exact tokens, or undefined where it could not be counted.
   */
  async settle(counter: TokenCounter, counted: (account: Account, tokens: number | undefined) => void): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, BATCH);
      this.#waiting = this.#waiting.slice(BATCH);
      for (const { answer } of batch) this.#size -= answer.length;
      const parts = batch.map(({ answer }) => resultTexts(answer));
      const counts = await counter.count(parts.flatMap(({ texts, structured }) => [structured, ...texts]));
      let at = 0;
      batch.forEach(({ account }, index) => {
        const { texts = [], imageTokens = 0 } = parts[index] ?? {};
        const own = counts?.slice(at, (at += texts.length + 1));
        const [structured = 0, ...rest] = own ?? [];
        counted(account, own && resultTokens(rest, structured, imageTokens));
      });
    }
  }
}
