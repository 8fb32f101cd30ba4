import type { Disposable } from '../events.ts';
import type { BudgetSnapshot, Principal, RateSnapshot } from '../model.ts';
import type { LastSeen } from './last-seen.ts';
import type { AgentSnapshot, AgentStore } from './types.ts';

/** What agents are let in by. */
export interface AgentAccessDeps {
  readonly store: AgentStore;
  readonly seen: LastSeen;
  /** The principal as it is behind a profile; one that is not configured shows nothing. */
  through(principal: Principal, profile: string): Principal;
  callsToday(agent: string): number;
  /** What is left of a caller's own rate; undefined when it has none. */
  rate(caller: Pick<Principal, 'id' | 'perMinute'>): RateSnapshot | undefined;
  budget(caller: Pick<Principal, 'id' | 'kind' | 'budget'>): BudgetSnapshot | undefined;
}

/** Lets agents in by their tokens, and says what a person may know of them. */
export class AgentAccess implements Disposable {
  readonly #deps: AgentAccessDeps;

  constructor(deps: AgentAccessDeps) {
    this.#deps = deps;
  }

  /** Whose token has this SHA-256 now; undefined when it is nobody's, revoked or expired. */
  find(tokenHash: Buffer): Principal | undefined {
    const known = this.#deps.store.find(tokenHash);
    if (known === undefined) return undefined;
    const { principal, record } = known;
    this.#deps.seen.seen(record.name);
    return record.profile === undefined ? principal : this.#deps.through(principal, record.profile);
  }

  /** Every agent, expired ones too, oldest first. */
  snapshots(): readonly AgentSnapshot[] {
    const now = Date.now();
    return this.#deps.store.all.map(({ name, grant, profile, perMinute, budget, createdAt, expiresAt }) => ({
      name,
      grant,
      profile,
      perMinute,
      createdAt,
      expiresAt,
      expired: expiresAt !== undefined && expiresAt <= now,
      lastSeenAt: this.#deps.seen.of(name, createdAt),
      callsToday: this.#deps.callsToday(name),
      rate: this.#deps.rate({ id: name, ...(perMinute !== undefined && { perMinute }) }),
      budget: this.#deps.budget({ id: name, kind: 'agent', ...(budget !== undefined && { budget }) }),
    }));
  }

  dispose(): void {
    this.#deps.store.dispose();
    this.#deps.seen.dispose();
  }
}
