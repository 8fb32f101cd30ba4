import type { GatewaySnapshot } from '../proxy/api.ts';

/** What a server failed with, and when that was first seen, in milliseconds since epoch. */
export interface LastError {
  readonly message: string;
  readonly at: number;
}

/** What servers failed with last, also after they recovered; as long as the window is open. */
export class LastErrors {
  readonly #errors = new Map<string, LastError>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** The last error of each server by name. */
  get all(): ReadonlyMap<string, LastError> {
    return this.#errors;
  }

  /** Looks at the servers as they are now; those that are gone are forgotten. */
  follow({ upstreams }: Pick<GatewaySnapshot, 'upstreams'>): void {
    const names = new Set(upstreams.map(({ name }) => name));
    for (const name of this.#errors.keys()) if (!names.has(name)) this.#errors.delete(name);
    for (const { name, state } of upstreams) {
      const failure = state.kind === 'failed' || state.kind === 'sign-in-needed' ? state.error : undefined;
      if (failure !== undefined && this.#errors.get(name)?.message !== failure.message) this.#errors.set(name, { message: failure.message, at: this.#now() });
    }
  }
}
