import type { ServerResponse } from 'node:http';
import { eventText, STREAM_HEADERS } from './http.ts';
import type { ListenerLimits } from './limits.ts';

/**
 * A response as a server-sent event stream. The headers go out at once, comments keep it alive, and a reader that
 * falls too far behind is cut off: memory here is worth more than its backlog.
 */
export class SseStream {
  readonly #res: ServerResponse;
  readonly #backlogBytes: number;

  /** `onClose` is called once, when the response is over; `delivered` when all of it was handed to the network. */
  constructor(res: ServerResponse, limits: ListenerLimits, onClose: (delivered: boolean) => void) {
    this.#res = res;
    this.#backlogBytes = limits.backlogBytes;
    const alive = setInterval(() => this.#write(': keep-alive\n\n'), limits.keepAliveMs).unref();
    res.once('close', () => {
      clearInterval(alive);
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

  end(): void {
    this.#res.end();
  }

  #write(text: string): void {
    if (this.#res.writableEnded || this.#res.destroyed) return;
    if (this.#res.writableLength > this.#backlogBytes) this.#res.destroy();
    else this.#res.write(text);
  }
}
