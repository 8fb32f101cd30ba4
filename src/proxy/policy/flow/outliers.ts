import type { Clock } from '../../clock.ts';
import type { OutlierConfig } from '../../config/types.ts';
import type { ServerName } from '../../model.ts';
import type { Health } from './health.ts';

/** Why a server was taken out of its group. */
export type OutReason = 'in-a-row' | 'failures' | 'latency';

/** One server of a group, as a person sees it. */
export interface MemberSnapshot {
  readonly server: ServerName;
  readonly calls: number;
  readonly failed: number;
  readonly medianMs?: number;
  /** Present while it is out: why, for how many seconds more, and how often in a row. */
  readonly out?: { readonly why: OutReason; readonly secondsLeft: number; readonly times: number };
}

interface Ejection {
  readonly why: OutReason;
  readonly from: number;
  readonly until: number;
  readonly times: number;
}

/**
 * Takes servers that do worse than the others of their group out of it for a while, longer each time: after failures in
 * a row, or when they fail more often, or answer more slowly, than the others do. Never more than a share of the group;
 * and one that is out still gets calls that nobody else takes.
 */
export class Outliers {
  readonly #clock: Clock;
  readonly #healthOf: (server: ServerName) => Health;
  readonly #isKnown: (server: ServerName) => boolean;
  readonly #changed: () => void;
  readonly #out = new Map<ServerName, Ejection>();
  #config: OutlierConfig;
  #members: readonly ServerName[];

  /** @param changed called after a server was taken out */
  constructor(config: OutlierConfig, members: readonly ServerName[], deps: { readonly clock: Clock; readonly healthOf: (server: ServerName) => Health; readonly isKnown: (server: ServerName) => boolean; readonly changed: () => void }) {
    this.#config = config;
    this.#members = members;
    this.#clock = deps.clock;
    this.#healthOf = deps.healthOf;
    this.#isKnown = deps.isKnown;
    this.#changed = deps.changed;
  }

  /** Other rules, or another group, from now on; who is out stays so, as long as it belongs to it. */
  apply(config: OutlierConfig, members: readonly ServerName[]): void {
    this.#config = config;
    this.#members = members;
    for (const server of this.#out.keys()) if (!members.includes(server)) this.#out.delete(server);
  }

  isOut(server: ServerName): boolean {
    return (this.#out.get(server)?.until ?? 0) > this.#clock.now();
  }

  /** A call of a server of the group ended: whether the server stays is judged anew. */
  judge(server: ServerName): void {
    if (this.isOut(server)) return;
    const why = this.#reason(server);
    if (why === undefined) return;
    // A name that is nobody's is no part of a group that others could stand in for.
    const members = this.#members.filter((member) => this.#isKnown(member));
    const out = members.filter((member) => this.isOut(member)).length;
    if (out + 1 > Math.floor(members.length * this.#config.share)) return;
    const now = this.#clock.now();
    const before = this.#out.get(server);
    const { ejectSeconds, maxEjectSeconds } = this.#config;
    // One that did well for as long as it was out begins anew.
    const again = before !== undefined && now - before.until < before.until - before.from;
    const times = again ? before.times + 1 : 1;
    this.#out.set(server, { why, times, from: now, until: now + Math.min(maxEjectSeconds, ejectSeconds * times) * 1000 });
    this.#changed();
  }

  snapshot(): readonly MemberSnapshot[] {
    const { on, windowSeconds } = this.#config;
    return this.#members.filter((member) => this.#isKnown(member)).map((server) => {
      const health = this.#healthOf(server);
      const { calls, failed } = health.within(-Infinity, windowSeconds * 1000, on);
      const medianMs = health.medianMs(-Infinity, windowSeconds * 1000);
      const out = this.isOut(server) ? this.#out.get(server) : undefined;
      return {
        server,
        calls,
        failed,
        ...(medianMs !== undefined && { medianMs: Math.round(medianMs) }),
        ...(out && { out: { why: out.why, times: out.times, secondsLeft: Math.ceil((out.until - this.#clock.now()) / 1000) } }),
      };
    });
  }

  #reason(server: ServerName): OutReason | undefined {
    const { calls, consecutive, failures, latency, on, windowSeconds } = this.#config;
    // What came before it was let in again decided once.
    const since = this.#out.get(server)?.until ?? -Infinity;
    const health = this.#healthOf(server);
    if (health.inARow(on, since) >= consecutive) return 'in-a-row';
    const windowMs = windowSeconds * 1000;
    const own = health.within(since, windowMs, on);
    // Without a failure, and with no time to compare, nothing stands out.
    if (own.calls < calls || (own.failed === 0 && latency === undefined)) return undefined;
    const others = this.#members.flatMap((member) => {
      if (member === server || this.isOut(member)) return [];
      const other = this.#healthOf(member);
      const ends = other.within(-Infinity, windowMs, on);
      return ends.calls < calls ? [] : [{ ...ends, health: other }];
    });
    if (others.length === 0) return undefined;
    const [othersCalls, othersFailed] = [sum(others.map((other) => other.calls)), sum(others.map((other) => other.failed))];
    if (own.failed / own.calls >= othersFailed / othersCalls + failures) return 'failures';
    if (latency === undefined) return undefined;
    const medians = others.flatMap((other) => other.health.medianMs(-Infinity, windowMs) ?? []).sort((a, b) => a - b);
    const middle = medians[Math.floor((medians.length - 1) / 2)];
    const ownMs = health.medianMs(since, windowMs);
    return middle !== undefined && ownMs !== undefined && ownMs >= Math.max(MIN_SLOW_MS, middle * latency) ? 'latency' : undefined;
  }
}

/** Nothing that is faster than this stands out for being slow, whatever the others do. */
const MIN_SLOW_MS = 10;

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
