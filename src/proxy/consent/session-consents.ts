import type { StandingQuery } from './standing.ts';

/** How long a consent for a session holds, in milliseconds: modern agents have no session that ends. */
const HOLDS_MS = 12 * 60 * 60 * 1000;
const MAX_CONSENTS = 1_000;

type SessionQuery = Omit<StandingQuery, 'arguments'> & { readonly session: string };

/** What persons allowed for the rest of an agent's session. Kept in memory only; the oldest give way. */
export class SessionConsents {
  readonly #now: () => number;
  /** When each ends, in milliseconds since epoch, oldest first. */
  readonly #until = new Map<string, number>();

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  allow(query: SessionQuery): void {
    const key = keyOf(query);
    this.#until.delete(key);
    this.#until.set(key, this.#now() + HOLDS_MS);
    const [oldest] = this.#until.keys();
    if (this.#until.size > MAX_CONSENTS && oldest !== undefined) this.#until.delete(oldest);
  }

  allows(query: SessionQuery): boolean {
    const key = keyOf(query);
    const until = this.#until.get(key);
    if (until === undefined) return false;
    if (until > this.#now()) return true;
    this.#until.delete(key);
    return false;
  }

  /** Takes back what holds for a tool, or for every tool of a server; for everything without a server. */
  forget(server?: string, tool?: string): void {
    for (const key of this.#until.keys()) {
      const [of, name] = JSON.parse(key) as string[];
      if (server === undefined || (of === server && (tool === undefined || name === tool))) this.#until.delete(key);
    }
  }
}

function keyOf({ session, principal, server, tool, digest }: SessionQuery): string {
  return JSON.stringify([server, tool, digest, principal, session]);
}
