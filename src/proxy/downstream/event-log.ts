/** One message of a stream under the id its client knows it by. */
export interface LoggedEvent {
  readonly id: string;
  readonly message: string;
}

/**
 * The last messages of one stream, bounded by count and by size, for a client that lost the connection. Ids are
 * `<stream>-<number>`, so that an id names its stream as well.
 */
export class EventLog {
  readonly #stream: string;
  readonly #maxEvents: number;
  readonly #maxBytes: number;
  readonly #events: { readonly number: number; readonly message: string }[] = [];
  #bytes = 0;
  #last = 0;

  constructor(stream: string, maxEvents: number, maxBytes: number) {
    this.#stream = stream;
    this.#maxEvents = maxEvents;
    this.#maxBytes = maxBytes;
  }

  /** The stream an event id belongs to; undefined when it is none of ours. */
  static streamOf(eventId: string): string | undefined {
    return /^(.{1,64})-\d{1,15}$/.exec(eventId)?.[1];
  }

  /** The id of the newest event, or of the beginning when there is none. */
  get lastId(): string {
    return this.#idOf(this.#last);
  }

  /** Remembers a message, unless it alone is beyond the bound, and returns its id. */
  append(message: string): string {
    this.#last++;
    // UTF-16 code units stand for bytes: what matters is the memory held.
    this.#events.push({ number: this.#last, message });
    this.#bytes += message.length;
    while (this.#events.length > this.#maxEvents || this.#bytes > this.#maxBytes) {
      this.#bytes -= this.#events.shift()?.message.length ?? 0;
    }
    return this.lastId;
  }

  /** What is still remembered of the messages after the event `eventId` of this stream, oldest first. */
  after(eventId: string): LoggedEvent[] {
    const number = Number(eventId.slice(this.#stream.length + 1));
    return this.#events
      .filter((event) => event.number > number)
      .map((event) => ({ id: this.#idOf(event.number), message: event.message }));
  }

  #idOf(number: number): string {
    return `${this.#stream}-${number}`;
  }
}
