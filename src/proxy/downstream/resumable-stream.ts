import type { ServerResponse } from 'node:http';
import { EventLog } from './event-log.ts';
import type { ListenerLimits } from './limits.ts';
import { SseStream } from './sse-stream.ts';

/** A stream of a legacy session that outlives its connection: the client may come back for what it missed. */
export class ResumableStream {
  /** Names the stream within its session; the front part of its event ids. */
  readonly key: string;
  /** True for a GET stream, which carries what belongs to no request. */
  readonly standalone: boolean;
  readonly #limits: ListenerLimits;
  readonly #onDisconnect: (stream: ResumableStream) => void;
  readonly #log: EventLog;
  #sink: SseStream | undefined;
  #finished = false;
  #delivered = false;

  /** `onDisconnect` is called whenever the stream has lost its connection, or is through with it. */
  constructor(key: string, standalone: boolean, limits: ListenerLimits, onDisconnect: (stream: ResumableStream) => void) {
    this.key = key;
    this.standalone = standalone;
    this.#limits = limits;
    this.#onDisconnect = onDisconnect;
    this.#log = new EventLog(key, limits.replayEvents, limits.replayBytes);
  }

  get connected(): boolean {
    return this.#sink !== undefined;
  }

  /** True when all of it reached the client: nobody will come back for it. */
  get delivered(): boolean {
    return this.#delivered;
  }

  /**
   * Makes `res` the connection of this stream, in place of an earlier one. `lastEventId` replays what followed it;
   * `prime` tells the client how to resume before there is any message.
   */
  attach(res: ServerResponse, options: { readonly lastEventId?: string | undefined; readonly prime: boolean }): void {
    const previous = this.#sink;
    const sink = new SseStream(res, this.#limits, (flushed) => {
      if (this.#sink !== sink) return;
      this.#sink = undefined;
      this.#delivered = this.#finished && flushed;
      this.#onDisconnect(this);
    });
    this.#sink = sink;
    previous?.end();
    if (options.lastEventId !== undefined) {
      for (const { id, message } of this.#log.after(options.lastEventId)) sink.send(message, id);
    } else if (options.prime) sink.prime(this.#log.lastId, this.#limits.retryMs);
    if (this.#finished) sink.end();
  }

  send(message: string): void {
    const id = this.#log.append(message);
    this.#sink?.send(message, id);
  }

  /** As `AgentRequest.congestion`; a client that is gone holds up nothing, for it may stay away. */
  congestion(): Promise<void> | undefined {
    return this.#sink?.congestion();
  }

  /** Sends the last message, if any, and ends the stream. */
  finish(message?: string): void {
    if (message !== undefined) this.send(message);
    this.#finished = true;
    this.#sink?.end();
  }
}
