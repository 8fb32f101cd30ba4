import { resultTexts, resultTokens } from '../journal/tokens.ts';
import type { RawJson } from '../model.ts';
import type { TokenCounter } from '../tokens/types.ts';

/** Most answers that wait for their count, and their characters; beyond, the oldest keep their estimate. */
const MAX_WAITING = 2_000;
/** How many go at once where there are too many: looking for the oldest takes longer than letting go of it. */
const AT_ONCE = 250;
const MAX_SIZE = 4 * 1024 * 1024;
/** Answers that are counted at a time. */
const BATCH = 16;

/** One answer that waits for its count, and whose it is once the journal has its line. */
interface Waiting<Account> {
  readonly answer: RawJson;
  readonly account: Account | undefined;
}

/** Holds what agents were answered until it was counted, and no longer. Bounded: agents need not be quiet for hours. */
export class AnswerTexts<Account> {
  /** By call, the oldest first; one begins anew when its account is known. */
  readonly #waiting = new Map<string, Waiting<Account>>();
  #size = 0;

  /** A call was answered. */
  answered(call: string, answer: RawJson): void {
    this.#waiting.set(call, { answer, account: undefined });
    this.#size += answer.length;
    if (this.#waiting.size > MAX_WAITING) this.#makeRoom(MAX_WAITING - AT_ONCE);
    else if (this.#size > MAX_SIZE) this.#makeRoom(MAX_WAITING);
  }

  /**
   * The account that a call belongs to is known.
   * @returns whether its answer can still be counted
   */
  assign(call: string, account: Account): boolean {
    const waiting = this.#waiting.get(call);
    if (waiting === undefined) return false;
    this.#waiting.delete(call);
    this.#waiting.set(call, { answer: waiting.answer, account });
    return true;
  }

  /**
   * Counts what waits and tells each account's exact tokens, or undefined where it could not be counted.
   */
  async settle(counter: TokenCounter, counted: (account: Account, tokens: number | undefined) => void): Promise<void> {
    for (let batch = this.#takeBatch(); batch.length > 0; batch = this.#takeBatch()) {
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

  #makeRoom(most: number): void {
    for (const [oldest, { answer }] of this.#waiting) {
      if (this.#waiting.size <= most && this.#size <= MAX_SIZE) return;
      this.#drop(oldest, answer);
    }
  }

  #takeBatch(): { readonly answer: RawJson; readonly account: Account }[] {
    const batch: { readonly answer: RawJson; readonly account: Account }[] = [];
    for (const [call, { answer, account }] of this.#waiting) {
      if (account === undefined) continue;
      this.#drop(call, answer);
      if (batch.push({ answer, account }) === BATCH) break;
    }
    return batch;
  }

  #drop(call: string, answer: RawJson): void {
    this.#waiting.delete(call);
    this.#size -= answer.length;
  }
}
