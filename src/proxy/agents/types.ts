import type { VestibuleError } from '../errors.ts';
import type { Disposable, Event } from '../events.ts';
import type { Budget, BudgetSnapshot, Grant, Principal, RateSnapshot } from '../model.ts';

/** An agent that a person gave a token of its own. The token itself is nowhere. */
export interface AgentRecord {
  /** Unique; what results, consents and the journal are bound to. */
  readonly name: string;
  /** SHA-256 of the token, as 64 hexadecimal digits. */
  readonly tokenHash: string;
  readonly grant: Grant;
  /** Name of the profile it always comes through, if any. */
  readonly profile: string | undefined;
  /** Calls a minute; undefined for what `gateway.limits` says. */
  readonly perMinute: number | undefined;
  /** What it may use in a period; left out for what `gateway.limits` says. */
  readonly budget?: Budget | undefined;
  /** Milliseconds since epoch. */
  readonly createdAt: number;
  /** Milliseconds since epoch from which the token is refused; undefined while it does not expire. */
  readonly expiresAt: number | undefined;
}

/** What a person says of an agent that is to have a token. What is left out withholds nothing. */
export interface NewAgent {
  readonly name: string;
  readonly grant?: Partial<Grant>;
  readonly profile?: string | undefined;
  readonly perMinute?: number | undefined;
  readonly budget?: Budget | undefined;
  /** Milliseconds from now; left out, the token does not expire. */
  readonly expiresInMs?: number | undefined;
}

/** A token as it is shown, once. */
export interface IssuedAgent {
  readonly agent: AgentRecord;
  readonly token: string;
}

/** An agent that presented a valid token. */
export interface KnownAgent {
  readonly principal: Principal;
  readonly record: AgentRecord;
}

/** The agents of a data folder. */
export interface AgentStore extends Disposable {
  /** Fires after the agents changed, also through another process (within 1 s). */
  readonly onDidChange: Event<void>;
  /** The token of the agent of this name is not valid any more: revoked, replaced or expired. Fires before anything of a later request. */
  readonly onDidEnd: Event<string>;
  /** Every agent, expired ones too, oldest first. */
  readonly all: readonly AgentRecord[];
  /** Why no agent is let in: the file cannot be read. */
  readonly problem: VestibuleError | undefined;
  /**
   * Whose token has this SHA-256, as the file says at this moment: one system call, also when another process changed
   * it. Undefined when it is nobody's, revoked or expired.
   */
  find(tokenHash: Buffer): KnownAgent | undefined;
  /**
   * Gives an agent a token.
   * @throws VestibuleError `usage` for a name or grant that will not do, or too many; `corrupt-file`, `data-folder-unreadable`, `data-folder-locked`
   */
  add(agent: NewAgent): Promise<IssuedAgent>;
  /**
   * Takes an agent's token back, from the very next request on.
   * @throws VestibuleError `not-found`; `corrupt-file`, `data-folder-unreadable`, `data-folder-locked`: refused in this process all the same
   */
  revoke(name: string): Promise<void>;
}

/** An agent as a person sees it. */
export interface AgentSnapshot {
  readonly name: string;
  readonly grant: Grant;
  readonly profile: string | undefined;
  readonly perMinute: number | undefined;
  readonly createdAt: number;
  readonly expiresAt: number | undefined;
  readonly expired: boolean;
  /** Milliseconds since epoch of its last request; undefined when it never made one. */
  readonly lastSeenAt: number | undefined;
  /** Calls of upstreams' tools since midnight, refused ones included. */
  readonly callsToday: number;
  /** What is left of its rate, where it has one: its own, or `gateway.limits.perAgent`. */
  readonly rate?: RateSnapshot | undefined;
  /** What it may use in a period and has used, where it has a budget: its own, or `gateway.limits.budget`. */
  readonly budget?: BudgetSnapshot | undefined;
}
