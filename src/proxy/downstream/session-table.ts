import type { SessionSnapshot } from '../api.ts';
import type { ListenerLimits } from './limits.ts';
import type { AgentHandler, AgentSession } from './types.ts';

/** A session as the table keeps it, whatever its era. */
export interface Member extends AgentSession {
  /** Milliseconds since epoch of its beginning and of its last use. */
  readonly since: number;
  readonly lastSeen: number;
  /** Requests that await their answer. */
  readonly inFlight: number;
  /** True while a stream is open on which it listens. */
  readonly streaming: boolean;
  /** Ends what is open without end, but lets requests finish. */
  endStreams(): void;
  /** Cancels and ends everything. Calling it twice is harmless. */
  close(): void;
}

/** All sessions, bounded in number and in idle time; tells the handler of each beginning and end. */
export class SessionTable {
  readonly #members = new Map<string, Member>();
  readonly #handler: AgentHandler;
  readonly #limits: ListenerLimits;
  readonly #onError: (error: unknown) => void;
  readonly #sweeper: NodeJS.Timeout;
  #closed = false;

  /** `onError` hears what the handler throws. */
  constructor(handler: AgentHandler, limits: ListenerLimits, onError: (error: unknown) => void) {
    this.#handler = handler;
    this.#limits = limits;
    this.#onError = onError;
    this.#sweeper = setInterval(() => this.#sweep(), limits.sweepMs).unref();
  }

  get(id: string): Member | undefined {
    return this.#members.get(id);
  }

  /** Adds a session, ending an idle one if the table is full. Returns false when all are at work, or after `close`. */
  add(member: Member): boolean {
    if (this.#closed) return false;
    if (this.#members.size >= this.#limits.sessions) {
      const victim = this.#victim(member.principal.id);
      if (victim === undefined) return false;
      this.end(victim);
    }
    this.#members.set(member.id, member);
    this.#tell(() => this.#handler.opened(member));
    return true;
  }

  /** Ends a session. */
  end(member: Member): void {
    if (!this.#members.delete(member.id)) return;
    member.close();
    this.#tell(() => this.#handler.closed(member));
  }

  /** Ends every session of one principal. */
  endOf(principalId: string): void {
    for (const member of [...this.#members.values()]) if (member.principal.id === principalId) this.end(member);
  }

  /** Ends open streams everywhere, so that only requests keep the endpoint from closing. */
  endStreams(): void {
    for (const member of this.#members.values()) member.endStreams();
  }

  snapshots(): SessionSnapshot[] {
    return [...this.#members.values()].map(({ id, principal, client, era, since }) => ({
      id,
      kind: principal.kind,
      agent: principal.label,
      client: `${client.name} ${client.version}`,
      era,
      since,
    }));
  }

  /** Ends every session, for good. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#sweeper);
    for (const member of [...this.#members.values()]) this.end(member);
  }

  /**
   * The session to give up for a new one: idle, of whoever has most of them, so that one client cannot push out
   * another's; then rather one that nobody listens on; then the one unused for longest.
   */
  #victim(newcomer: string): Member | undefined {
    const counts = new Map([[newcomer, 1]]);
    for (const { principal } of this.#members.values()) counts.set(principal.id, (counts.get(principal.id) ?? 0) + 1);
    const share = (member: Member): number => counts.get(member.principal.id) ?? 0;
    return [...this.#members.values()]
      .filter((member) => member.inFlight === 0)
      .sort((a, b) => share(b) - share(a) || Number(a.streaming) - Number(b.streaming) || a.lastSeen - b.lastSeen)[0];
  }

  #sweep(): void {
    const before = Date.now() - this.#limits.idleMs;
    for (const member of [...this.#members.values()]) {
      if (member.lastSeen < before && member.inFlight === 0 && !member.streaming) this.end(member);
    }
  }

  #tell(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#onError(error);
    }
  }
}
