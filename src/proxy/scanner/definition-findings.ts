import { setImmediate as nextTurn } from 'node:timers/promises';
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

/** Milliseconds of scanning before others get a turn. */
const SLICE_MS = 8;

/**
 * The findings of every definition, worked out once per digest in the background, a slice at a time. When the tools
 * around it change, a definition nobody has decided on is scanned again; one that was decided keeps what the person saw.
 * Findings are evidence: nothing here approves or blocks.
 */
export class DefinitionFindings implements Disposable {
  readonly #source: () => Scannable;
  readonly #changed: () => void;
  #known: ReadonlyMap<string, { readonly findings: readonly Finding[]; readonly among: string }> = new Map();
  #servers: ReadonlyMap<ServerName, readonly Finding[]> = new Map();
  #running: Promise<void> | undefined;
  #again = false;
  #disposed = false;

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

  /** Resolves when everything asked for so far was scanned. */
  async settled(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  dispose(): void {
    this.#disposed = true;
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
    const among = peers.map(({ server, name }) => `${server}\0${name}`).join('\n');
    const known = new Map<string, { readonly findings: readonly Finding[]; readonly among: string }>();
    let news = false;
    let until = performance.now() + SLICE_MS;
    for (const definition of definitions) {
      const key = keyOf(definition);
      const before = this.#known.get(key);
      if (before !== undefined && (before.among === among || !definition.awaits)) known.set(key, before);
      else {
        known.set(key, { findings: findingsOf(definition, peers), among });
        news = true;
      }
      if (performance.now() < until) continue;
      await nextTurn();
      if (this.#disposed) return false;
      until = performance.now() + SLICE_MS;
    }
    this.#known = known;
    const names = new Map(servers.map((server) => [server, scanServerName(server, servers)]));
    for (const [server, findings] of names) news ||= findings.length !== this.ofServer(server).length;
    this.#servers = names;
    return news && !this.#disposed;
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

function keyOf({ server, kind, digest }: Pick<StandingDefinition, 'server' | 'kind' | 'digest'>): string {
  return `${server}\0${kind}\0${digest}`;
}
