import type { ServerResponse } from 'node:http';
import { eventText, STREAM_HEADERS } from './http.ts';
import type { ListenerLimits } from './limits.ts';
import { cutOffWhenStalled } from './stalled.ts';

/**
 * A response as a server-sent event stream. The headers go out at once, comments keep it alive, and a reader that
 * falls too far behind is cut off: memory here is worth more than its backlog.
 */
export class SseStream {
  readonly #res: ServerResponse;
  readonly #limits: ListenerLimits;
  #congestion: { readonly over: Promise<void>; readonly end: () => void } | undefined;

  /** `onClose` is called once, when the response is over; `delivered` when all of it was handed to the network. */
  constructor(res: ServerResponse, limits: ListenerLimits, onClose: (delivered: boolean) => void) {
    this.#res = res;
    this.#limits = limits;
    const alive = setInterval(() => this.#write(': keep-alive\n\n'), limits.keepAliveMs).unref();
    res.once('close', () => {
      clearInterval(alive);
      this.#congestion?.end();
      onClose(res.writableFinished);
    });
    res.writeHead(200, STREAM_HEADERS);
    res.flushHeaders();
  }

  /** Sends one message, which must be a single line; `id` lets the client resume after it. */
  send(message: string, id?: string): void {
    this.#write(eventText(message, id));
  }

  /** Sends an event without a message, so that the client can resume even before the first one. */
  prime(id: string, retryMs: number): void {
    this.#write(`id: ${id}\nretry: ${retryMs}\ndata: \n\n`);
  }

  /** As `AgentRequest.congestion`. */
  congestion(): Promise<void> | undefined {
    if (this.#congestion === undefined && !this.#over && this.#res.writableLength > this.#limits.heldBytes) this.#congest();
    return this.#congestion?.over;
  }

  end(): void {
    this.#res.end();
    // What waits to be said comes by other ways.
    this.#congestion?.end();
  }

  get #over(): boolean {
    return this.#res.writableEnded || this.#res.destroyed;
  }

  #write(text: string): void {
    if (this.#over) return;
    if (this.#res.writableLength > this.#limits.backlogBytes) this.#res.destroy();
    else this.#res.write(text);
  }

  /** Until the reader has taken everything; one that takes nothing for too long is cut off. */
  #congest(): void {
    const res = this.#res;
    const unwatch = cutOffWhenStalled(res, this.#limits.stalledMs);
    let resolve: () => void = () => undefined;
    const over = new Promise<void>((done) => (resolve = done));
    const end = (): void => {
      unwatch();
      res.off('drain', end);
      this.#congestion = undefined;
      resolve();
    };
    res.once('drain', end);
    this.#congestion = { over, end };
  }
}
