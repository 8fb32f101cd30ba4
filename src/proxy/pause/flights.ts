import type { ServerName } from '../model.ts';
import type { Cancellation } from './pause-format.ts';
import { targets } from './paused.ts';
import type { Flight } from './types.ts';

/** One call under way. */
class Entry implements Flight {
  readonly server: ServerName;
  readonly tool: string;
  readonly startedAt: number;
  readonly #entries: Set<Entry>;
  readonly #within: AbortSignal | undefined;
  readonly #abort = new AbortController();
  #cancelled = false;

  constructor(entries: Set<Entry>, server: ServerName, tool: string, startedAt: number, within: AbortSignal | undefined) {
    this.server = server;
    this.tool = tool;
    this.startedAt = startedAt;
    this.#entries = entries;
    this.#within = within;
    entries.add(this);
    // A listener of our own: a composite signal (`AbortSignal.any`) costs several times as much, and each call has one.
    if (within?.aborted === true) this.#follow();
    else within?.addEventListener('abort', this.#follow, { once: true });
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get cancelled(): boolean {
    return this.#cancelled;
  }

  cancel(): void {
    this.#cancelled = true;
    this.#abort.abort();
  }

  dispose(): void {
    this.#entries.delete(this);
    this.#within?.removeEventListener('abort', this.#follow);
  }

  readonly #follow = (): void => this.#abort.abort(this.#within?.reason);
}

/** Calls under way. As many as the agent side lets in at once. */
export class Flights {
  readonly #entries = new Set<Entry>();

  /**
   * @param startedAt milliseconds since epoch
   * @param within what cancels the call besides; its reason is passed on
   */
  enter(server: ServerName, tool: string, startedAt: number, within?: AbortSignal): Flight {
    return new Entry(this.#entries, server, tool, startedAt, within);
  }

  /** Calls of a server that are under way. */
  count(server: ServerName): number {
    let count = 0;
    for (const entry of this.#entries) if (entry.server === server) count++;
    return count;
  }

  /** Cancels the calls that a cancellation means. */
  cancel({ target, at }: Cancellation): void {
    for (const entry of this.#entries) if (entry.startedAt <= at && targets(target, entry.server, entry.tool)) entry.cancel();
  }
}
