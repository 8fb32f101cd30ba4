/*
 * A definition is hostile input. What is looked at is bounded by counts, which give the same findings on every
 * machine; the clock only backs them up (security D16).
 */

/** Characters of one string that are looked at: its head and its tail. */
export const MAX_HEAD = 12_000;
export const MAX_TAIL = 4_000;
/** Characters of one definition that are looked at. */
export const MAX_CHARACTERS = 96_000;
/** Strings and member names of one definition that are looked at. */
export const MAX_FIELDS = 4_000;
export const MAX_DEPTH = 64;
/** Larger definitions are not parsed. */
export const MAX_RAW = 1024 * 1024;
/** Findings of one definition; of one rule at most a third of them. */
export const MAX_FINDINGS = 30;
/** Processor milliseconds after which a scan gives up: many times what any definition of these bounds takes. */
export const MAX_MS = 500;
/** Characters between two looks at the clock. */
const CHECK_EVERY = 4_000;

/** Thrown when a scan runs out of time; what was found so far stands. */
export class OutOfTimeError extends Error {
  override readonly name = 'OutOfTimeError';
}

/** Watches the time of one scan: the processor's, for a busy machine is no fault of the definition. */
export class Clock {
  readonly #spent: () => number;
  readonly #start: number;
  #unchecked = 0;

  /** @param spent processor time used so far, in milliseconds */
  constructor(spent: () => number = processorMs) {
    this.#spent = spent;
    this.#start = spent();
  }

  /**
   * Counts work and looks at the time now and then.
   * @throws OutOfTimeError
   */
  check(characters: number): void {
    this.#unchecked += characters;
    if (this.#unchecked < CHECK_EVERY) return;
    this.#unchecked = 0;
    if (this.#spent() - this.#start > MAX_MS) throw new OutOfTimeError('the scan took too long');
  }
}

function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
