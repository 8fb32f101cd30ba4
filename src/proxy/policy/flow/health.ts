import type { Clock } from '../../clock.ts';
import type { FailureClass } from '../../config/types.ts';

/** How one call that reached a server ended. */
interface End {
  readonly at: number;
  /** Undefined for a call that was answered. */
  readonly failure: FailureClass | undefined;
  readonly ms: number;
  readonly tool: string;
  /** Called off before it was answered: it says how slow the server is at least, and nothing else. */
  readonly calledOff: boolean;
}

/** How many calls of a while ended, and how many of them failed. */
export interface Ends {
  readonly calls: number;
  readonly failed: number;
}

/** How long calls took, worked out a moment ago. */
interface Worked {
  readonly since: number;
  readonly windowMs: number;
  readonly at: number;
  readonly added: number;
  readonly ms: number | undefined;
}

/** Calls that are remembered; the newest decide. */
const MAX_REMEMBERED = 200;
/** Times are worked out anew after so many more calls, or milliseconds: putting them in order costs more than a call should. */
const STALE_CALLS = 8;
const STALE_MS = 1_000;
/** So few are put in order each time. */
const QUICK = 16;
/** Tools whose times are kept at hand. */
const MAX_TOOLS = 200;
/** Calls of a tool below which nothing is said about how long they take. */
const FEW = 20;

/** How the latest calls of one server ended, and how long they took: what servers of the same tools are compared by. */
export class Health {
  readonly #clock: Clock;
  /** Oldest first. */
  readonly #ends: End[] = [];
  readonly #byTool = new Map<string, Worked>();
  #added = 0;
  #median: Worked | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A call ended. @param failure how it failed; undefined when it was answered @param ms from sending to its end */
  ended(tool: string, failure: FailureClass | undefined, ms: number): void {
    this.#add({ at: this.#clock.now(), failure, ms, tool, calledOff: false });
  }

  /** A call was called off before it was answered. That it took longer than others says something; that it did not, nothing. */
  calledOff(tool: string, ms: number): void {
    const median = this.medianMs(-Infinity, Infinity);
    if (median !== undefined && ms > median) this.#add({ at: this.#clock.now(), failure: undefined, ms, tool, calledOff: true });
  }

  /** How the calls of the last milliseconds ended. @param since of the clock; older ones do not count @param on what counts as a failure */
  within(since: number, windowMs: number, on: readonly FailureClass[]): Ends {
    const from = Math.max(since, this.#clock.now() - windowMs);
    let calls = 0;
    let failed = 0;
    for (const end of this.#ends) {
      if (end.at < from) continue;
      if (!end.calledOff) calls++;
      if (isOf(end, on)) failed++;
    }
    return { calls, failed };
  }

  /** The median time of the calls of the last milliseconds that were answered or called off, as of a moment ago; undefined without any. */
  medianMs(since: number, windowMs: number): number | undefined {
    const known = this.#median;
    if (known?.since === since && known.windowMs === windowMs && this.#isFresh(known)) return known.ms;
    const from = Math.max(since, this.#clock.now() - windowMs);
    this.#median = this.#worked(since, windowMs, quantileOf(this.#ends.flatMap((end) => (end.at >= from && end.failure === undefined ? [end.ms] : [])), 0.5));
    return this.#median.ms;
  }

  /** How many of the latest calls failed, one after the other. @param since milliseconds of the clock; older ones do not count */
  inARow(on: readonly FailureClass[], since: number): number {
    let count = 0;
    for (let i = this.#ends.length - 1; i >= 0; i--) {
      const end = this.#ends[i];
      if (end === undefined || end.at < since || (!end.calledOff && !isOf(end, on))) break;
      if (!end.calledOff) count++;
    }
    return count;
  }

  /** Milliseconds within which this share of the latest calls of a tool were answered, as of a moment ago; undefined for too few calls. */
  quantileMs(tool: string, share: number): number | undefined {
    const known = this.#byTool.get(tool);
    if (known?.since === share && this.#isFresh(known)) return known.ms;
    const times = this.#ends.flatMap((end) => (end.tool === tool && end.failure === undefined ? [end.ms] : []));
    const worked = this.#worked(share, 0, times.length < FEW ? undefined : quantileOf(times, share));
    if (this.#byTool.size >= MAX_TOOLS) this.#byTool.clear();
    this.#byTool.set(tool, worked);
    return worked.ms;
  }

  #worked(since: number, windowMs: number, ms: number | undefined): Worked {
    return { since, windowMs, at: this.#clock.now(), added: this.#added, ms };
  }

  #isFresh({ added, at, ms }: Worked): boolean {
    return added === this.#added || (ms !== undefined && this.#ends.length > QUICK && this.#added - added < STALE_CALLS && this.#clock.now() - at < STALE_MS);
  }

  #add(end: End): void {
    this.#added++;
    this.#ends.push(end);
    if (this.#ends.length > MAX_REMEMBERED) this.#ends.shift();
  }
}

function isOf({ failure }: End, on: readonly FailureClass[]): boolean {
  return failure !== undefined && on.includes(failure);
}

/** The value that this share of the values does not exceed; undefined without any. */
function quantileOf(values: readonly number[], share: number): number | undefined {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}
