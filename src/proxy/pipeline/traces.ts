import type { RawJson } from '../model.ts';
import type { Call } from './types.ts';

/** How long one stage had a call to itself, in milliseconds, and when it got it, from the moment the call came in. */
export interface StageTime {
  readonly stage: string;
  readonly startMs: number;
  readonly ms: number;
}

/** What is remembered of a call that ended a moment ago, besides its record. */
export interface CallTrace {
  readonly stages: readonly StageTime[];
  /** What the agent got, secrets taken out; undefined when it was too large to be remembered. */
  readonly answer: string | undefined;
}

interface Kept {
  readonly id: string;
  readonly call: Pick<Call, 'startedTick' | 'timing'>;
  readonly inbound: readonly string[];
  readonly outbound: readonly string[];
  readonly answer: RawJson | undefined;
}

const MAX_CALLS = 1_000;
/** Characters of one answer, and of all together. */
const MAX_ANSWER = 512 * 1024;
const MAX_ANSWERS = 8 * 1024 * 1024;

/**
 * Answers and stage times of the latest calls, for a person who looks at them while they work. In memory only: nothing
 * of it is written down, and it ends with the process. Per call it costs two references; all else, looking for one of
 * them too, is for who looks.
 */
export class Traces {
  /** A ring; undefined where one had to make room. */
  readonly #kept: (Kept | undefined)[] = [];
  /** Place of the oldest in the ring. */
  #oldest = 0;
  readonly #redact: (text: string) => string;
  #characters = 0;

  /** @param redact takes secrets out of an answer when somebody looks at it */
  constructor(redact: (text: string) => string) {
    this.#redact = redact;
  }

  /** Remembers a call that ended. @param stages names of the inbound stages, then of the outbound ones */
  keep({ id, startedTick, timing }: Pick<Call, 'id' | 'startedTick' | 'timing'>, answer: RawJson, inbound: readonly string[], outbound: readonly string[]): void {
    const small = answer.length <= MAX_ANSWER ? answer : undefined;
    const kept: Kept = { id, call: { startedTick, timing }, inbound, outbound, answer: small };
    this.#characters += small?.length ?? 0;
    if (this.#kept.length < MAX_CALLS) this.#kept.push(kept);
    else {
      this.#forget(this.#oldest);
      this.#kept[this.#oldest] = kept;
      this.#oldest = (this.#oldest + 1) % MAX_CALLS;
    }
    if (this.#characters > MAX_ANSWERS) this.#makeRoom();
  }

  /** What is remembered of a call; undefined when that is over. */
  of(id: string): CallTrace | undefined {
    const kept = this.#kept.find((one) => one?.id === id);
    if (kept === undefined) return undefined;
    return { stages: stageTimes(kept.call, kept.inbound, kept.outbound), answer: kept.answer === undefined ? undefined : this.#redact(kept.answer) };
  }

  #makeRoom(): void {
    for (let i = 0; this.#characters > MAX_ANSWERS && i < this.#kept.length; i++) this.#forget((this.#oldest + i) % this.#kept.length);
  }

  #forget(place: number): void {
    this.#characters -= this.#kept[place]?.answer?.length ?? 0;
    this.#kept[place] = undefined;
  }
}

function stageTimes({ startedTick, timing }: Pick<Call, 'startedTick' | 'timing'>, inbound: readonly string[], outbound: readonly string[]): readonly StageTime[] {
  if (timing === undefined) return [];
  const { entered, left } = timing;
  const marks = [...entered.map((at, i) => ({ stage: inbound[i] ?? '', at })), ...left.map((at, i) => ({ stage: outbound[i] ?? '', at }))];
  // The last mark is the stage that asks.
  return marks.slice(0, -1).map(({ stage, at }, i) => ({ stage, startMs: rounded(at - startedTick), ms: rounded((marks[i + 1]?.at ?? at) - at) }));
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}
