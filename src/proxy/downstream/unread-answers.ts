import type { ServerResponse } from 'node:http';
import type { ListenerLimits } from './limits.ts';
import { cutOffWhenStalled } from './stalled.ts';

/**
 * Long answers that were written and are not read yet. What goes ahead of an answer has a bound for each stream
 * (`SseStream`); an answer is one message of any size, and an agent may leave one unread on each of its connections.
 */
export class UnreadAnswers {
  readonly #limits: Pick<ListenerLimits, 'heldBytes' | 'stalledMs' | 'unreadBytes'>;
  /** With the id of the principal each is for, the oldest first. */
  readonly #waiting = new Map<ServerResponse, string>();

  constructor(limits: Pick<ListenerLimits, 'heldBytes' | 'stalledMs' | 'unreadBytes'>) {
    this.#limits = limits;
  }

  /**
   * Takes note of a response that was ended. It is cut off when nothing of it is taken for too long; and when all of its
   * principal's are too much, those that wait longest are.
   * @param owner id of the principal
   */
  add(res: ServerResponse, owner: string): void {
    // Nearly every answer is with the system at once.
    if (res.destroyed || res.writableLength < this.#limits.heldBytes) return;
    this.#waiting.set(res, owner);
    const unwatch = cutOffWhenStalled(res, this.#limits.stalledMs);
    res.once('close', () => {
      unwatch();
      this.#waiting.delete(res);
    });
    this.#makeRoom(owner);
  }

  #makeRoom(owner: string): void {
    const own = [...this.#waiting].filter(([, principal]) => principal === owner).map(([res]) => res);
    let bytes = own.reduce((sum, { writableLength }) => sum + writableLength, 0);
    for (const res of own) {
      if (bytes <= this.#limits.unreadBytes) return;
      bytes -= res.writableLength;
      this.#waiting.delete(res);
      res.destroy();
    }
  }
}
