import type { ServerName } from '../model.ts';
import type { Cancellation } from './pause-format.ts';
import { targets } from './paused.ts';
import type { Flight } from './types.ts';

interface Entry {
  readonly server: ServerName;
  readonly tool: string;
  readonly startedAt: number;
  readonly abort: AbortController;
}

/** Calls under way. As many as the agent side lets in at once. */
export class Flights {
  readonly #entries = new Set<Entry>();

  /** @param startedAt milliseconds since epoch */
  enter(server: ServerName, tool: string, startedAt: number): Flight {
    const entry: Entry = { server, tool, startedAt, abort: new AbortController() };
    this.#entries.add(entry);
    return { signal: entry.abort.signal, dispose: () => this.#entries.delete(entry) };
  }

  /** Calls of a server that are under way. */
  count(server: ServerName): number {
    let count = 0;
    for (const entry of this.#entries) if (entry.server === server) count++;
    return count;
  }

  /** Cancels the calls that a cancellation means. */
  cancel({ target, at }: Cancellation): void {
    for (const { server, tool, startedAt, abort } of this.#entries) {
      if (startedAt <= at && targets(target, server, tool)) abort.abort();
    }
  }
}
