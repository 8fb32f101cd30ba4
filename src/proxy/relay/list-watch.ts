import type { AgentSession } from '../downstream/types.ts';
import type { RawJson } from '../model.ts';

/** A list that agents are told the changes of. */
export interface WatchedList {
  /** The notification that says so. */
  readonly notification: string;
  /** What this session sees of the list now. */
  of(session: AgentSession): readonly RawJson[];
}

/** Tells sessions of changed lists: only those that now see something else than they last did. */
export class ListWatch {
  readonly #lists: readonly WatchedList[];
  readonly #seen = new WeakMap<AgentSession, Map<WatchedList, readonly RawJson[]>>();

  constructor(lists: readonly WatchedList[]) {
    this.#lists = lists;
  }

  /** A session begins, or was told by other means: what it can see now is what it will be compared with. */
  told(session: AgentSession): void {
    this.#seen.set(session, new Map(this.#lists.map((list) => [list, list.of(session)])));
  }

  /** Something may have changed. */
  announce(sessions: Iterable<AgentSession>): void {
    for (const session of sessions) {
      const seen = this.#seen.get(session);
      for (const list of this.#lists) {
        const now = list.of(session);
        if (seen === undefined || isSame(seen.get(list), now)) continue;
        seen.set(list, now);
        session.notify(list.notification);
      }
    }
  }
}

function isSame(a: readonly RawJson[] | undefined, b: readonly RawJson[]): boolean {
  return a?.length === b.length && a.every((item, i) => item === b[i]);
}
