import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import type { Disposable } from '../events.ts';
import type { Digest, RawJson, ServerName } from '../model.ts';
import { scanChange } from './scan-change.ts';
import { ordered, scanDefinition } from './scan-definition.ts';
import { scanServerName } from './servers.ts';
import type { Finding, Peer, ScannedDefinition } from './types.ts';

/** A definition as it stands in a catalog. */
export interface StandingDefinition extends ScannedDefinition {
  readonly digest: Digest;
  /** True while nobody decided about it as it is now. */
  readonly awaits: boolean;
  /** The definition that was approved before, where this one is a change of it. */
  readonly approvedRaw: RawJson | undefined;
}

/** Everything there is to scan at one moment. */
export interface Scannable {
  readonly servers: readonly ServerName[];
  readonly definitions: readonly StandingDefinition[];
  /** Every tool that agents may see, whatever was decided about it. */
  readonly peers: readonly Peer[];
}

interface Known {
  readonly findings: readonly Finding[];
  /** Which tools it was scanned among. */
  readonly among: number;
}

/** Milliseconds of scanning before others get a turn, as long as that: calls come first. */
const SLICE_MS = 8;
/** How much longer than it took nothing is scanned again for the sake of its neighbours: servers come one by one. */
const REST_FACTOR = 10;

/**
 * The findings of every definition, worked out once per digest in the background, a slice at a time. When the tools
 * around it change, a definition nobody has decided on is scanned again, though not at once when that takes long and was
 * done just now; one that was decided keeps what the person saw.
 * Findings are evidence: nothing here approves or blocks.
 */
export class DefinitionFindings implements Disposable {
  readonly #source: () => Scannable;
  readonly #changed: () => void;
  #known: ReadonlyMap<string, Known> = new Map();
  /** The tools of the last pass, and how often they were others than in the pass before. */
  #peers: readonly Peer[] = [];
  #among = 0;
  #servers: ReadonlyMap<ServerName, readonly Finding[]> = new Map();
  #running: Promise<void> | undefined;
  #again = false;
  #disposed = false;
  /** Until then what was scanned among other tools stays as it is; by `performance.now()`. */
  #restsUntil = 0;
  #resting: NodeJS.Timeout | undefined;

  /**
   * @param source asked at the start of every pass
   * @param changed called after a pass that found out something new
   */
  constructor(source: () => Scannable, changed: () => void) {
    this.#source = source;
    this.#changed = changed;
  }

  /** What was found in a definition; undefined while it was not scanned yet. */
  of(definition: Pick<StandingDefinition, 'server' | 'kind' | 'digest'>): readonly Finding[] | undefined {
    return this.#known.get(keyOf(definition))?.findings;
  }

  /** What there is to say about a server's name; empty while unknown. */
  ofServer(server: ServerName): readonly Finding[] {
    return this.#servers.get(server) ?? [];
  }

  /** Scans what is new, soon; calls that come before that are one. */
  refresh(): void {
    this.#again = true;
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
  }

  /** Resolves when everything asked for so far was scanned, but for what rests. */
  async settled(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#resting);
  }

  async #run(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      await nextTurn();
      // What the source reads may be closed by now.
      if (this.#disposed) return;
      if (await this.#pass(this.#source())) this.#changed();
    }
  }

  /** Resolves with whether anything was found out. */
  async #pass({ servers, definitions, peers }: Scannable): Promise<boolean> {
    if (!areSame(this.#peers, peers)) this.#among++;
    this.#peers = peers;
    const among = this.#among;
    const known = new Map<string, Known>();
    const begun = performance.now();
    const rests = begun < this.#restsUntil;
    let news = false;
    let [again, postponed] = [0, 0];
    let until = performance.now() + SLICE_MS;
    for (const definition of definitions) {
      const key = keyOf(definition);
      const before = this.#known.get(key);
      const neighboursOnly = before !== undefined && before.among !== among && definition.awaits;
      if (before !== undefined && (!neighboursOnly || rests)) {
        known.set(key, before);
        if (neighboursOnly) postponed++;
      } else {
        if (neighboursOnly) again++;
        known.set(key, { findings: findingsOf(definition, peers), among });
        news = true;
      }
      if (performance.now() < until) continue;
      await pause(SLICE_MS);
      if (this.#disposed) return false;
      until = performance.now() + SLICE_MS;
    }
    this.#known = known;
    if (again > 0) this.#restsUntil = performance.now() + REST_FACTOR * (performance.now() - begun);
    if (postponed > 0) this.#laterAgain();
    if (this.#scanNames([...servers])) news = true;
    return news && !this.#disposed;
  }

  /** Compares every name with every other, where they are others than last time. @returns whether anything was found out */
  #scanNames(servers: readonly ServerName[]): boolean {
    if (servers.length === this.#servers.size && servers.every((server) => this.#servers.has(server))) return false;
    const names = new Map(servers.map((server) => [server, scanServerName(server, servers)]));
    const news = servers.some((server) => names.get(server)?.length !== this.ofServer(server).length);
    this.#servers = names;
    return news;
  }

  #laterAgain(): void {
    this.#resting ??= setTimeout(() => {
      this.#resting = undefined;
      this.refresh();
    }, Math.max(1, this.#restsUntil - performance.now())).unref();
  }
}

/** Findings of a definition; of a changed one also what the change took away, first. */
export function findingsOf(definition: Pick<StandingDefinition, keyof ScannedDefinition | 'approvedRaw'>, peers: readonly Peer[]): readonly Finding[] {
  const { server, kind, approvedRaw } = definition;
  const whole = scanDefinition(definition, { peers });
  return approvedRaw === undefined ? whole : ordered([...scanChange({ server, kind, raw: approvedRaw }, definition, { peers }), ...whole]);
}

/** How many findings a person should read before deciding. */
export function countGrave(findings: readonly Finding[]): number {
  return findings.filter(({ severity }) => severity !== 'info').length;
}

function areSame(a: readonly Peer[], b: readonly Peer[]): boolean {
  return a.length === b.length && a.every(({ server, name }, i) => server === b[i]?.server && name === b[i].name);
}

function keyOf({ server, kind, digest }: Pick<StandingDefinition, 'server' | 'kind' | 'digest'>): string {
  return `${server}\0${kind}\0${digest}`;
}
