import type { AgentErrorCode } from '../../errors.ts';
import type { ServerName } from '../../model.ts';

/** Calls of a server that were refused, by code, and the latest of them. Times in milliseconds since epoch. */
export interface RefusalSnapshot {
  readonly counts: Readonly<Partial<Record<AgentErrorCode, number>>>;
  readonly last: { readonly code: AgentErrorCode; readonly at: number };
}

interface Counts {
  readonly byCode: Map<AgentErrorCode, number>;
  last: RefusalSnapshot['last'];
}

/** Why calls of each server were refused since the gateway started: what a person asks first when an agent gets nowhere. */
export class Refusals {
  readonly #servers = new Map<ServerName, Counts>();
  #known: ReadonlySet<ServerName> = new Set();

  /** Only these servers are counted from now on: names that agents make up take no room. */
  keep(servers: ReadonlySet<ServerName>): void {
    this.#known = servers;
    for (const server of this.#servers.keys()) if (!servers.has(server)) this.#servers.delete(server);
  }

  /** A call of a server was refused. @param at milliseconds since epoch */
  note(server: ServerName, code: AgentErrorCode, at: number): void {
    if (!this.#known.has(server)) return;
    const last = { code, at };
    const counts: Counts = this.#servers.get(server) ?? { byCode: new Map(), last };
    this.#servers.set(server, counts);
    counts.byCode.set(code, (counts.byCode.get(code) ?? 0) + 1);
    counts.last = last;
  }

  of(server: ServerName): RefusalSnapshot | undefined {
    const counts = this.#servers.get(server);
    return counts && { counts: Object.fromEntries(counts.byCode), last: counts.last };
  }
}
