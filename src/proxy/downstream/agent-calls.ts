import { cancelledParams } from '../json/cancellation.ts';
import { writeNotification, writeRequest } from '../json/frame.ts';
import type { RawJson, RawReply } from '../model.ts';
import type { ListenerLimits } from './limits.ts';
import { AgentRequestError, type AgentRequestOptions } from './types.ts';

/** The requests that one legacy agent has yet to answer, under ids of our own. */
export class AgentCalls {
  readonly #limits: ListenerLimits;
  readonly #pending = new Map<RawJson, { answer(reply: RawReply): void; fail(error: AgentRequestError): void }>();
  #lastId = 0;

  constructor(limits: ListenerLimits) {
    this.#limits = limits;
  }

  /**
   * Sends one request by `send`, which returns false when there is no stream for it, and resolves with the answer.
   * @throws AgentRequestError
   */
  async request(send: (message: string) => boolean, method: string, params: RawJson | undefined, options: AgentRequestOptions): Promise<RawReply> {
    const { signal, timeoutMs = this.#limits.agentRequestTimeoutMs } = options;
    if (signal?.aborted === true) throw new AgentRequestError('cancelled', 'Cancelled before it was sent');
    if (this.#pending.size >= this.#limits.agentRequests) {
      throw new AgentRequestError('overloaded', 'The agent leaves too many requests unanswered');
    }
    const id = String(++this.#lastId);
    if (!send(writeRequest(id, method, params))) {
      throw new AgentRequestError('no-stream', 'The agent has no stream open on which it could be asked');
    }
    let giveUp: (() => void) | undefined;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<RawReply>((resolve, reject) => {
        this.#pending.set(id, { answer: resolve, fail: reject });
        const end = (kind: 'timeout' | 'cancelled', message: string): void => {
          send(writeNotification('notifications/cancelled', cancelledParams(id, signal?.reason, message)));
          reject(new AgentRequestError(kind, message));
        };
        timer = setTimeout(() => end('timeout', `No answer within ${timeoutMs} ms`), timeoutMs).unref();
        giveUp = () => end('cancelled', 'No longer needed');
        signal?.addEventListener('abort', giveUp, { once: true });
      });
    } finally {
      this.#pending.delete(id);
      clearTimeout(timer);
      if (giveUp !== undefined) signal?.removeEventListener('abort', giveUp);
    }
  }

  /** Takes an answer the agent POSTed; without effect when nothing waits for this id. */
  settle(id: RawJson, reply: RawReply): void {
    this.#pending.get(id)?.answer(reply);
  }

  /** Rejects everything unanswered with `closed`. */
  close(): void {
    for (const waiting of this.#pending.values()) waiting.fail(new AgentRequestError('closed', 'The session has ended'));
  }
}
