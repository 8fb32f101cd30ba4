import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { Cancellation } from '../json/cancellation.ts';
import { writeNotification } from '../json/frame.ts';
import type { Principal, RawJson, RawReply } from '../model.ts';
import { AgentCalls } from './agent-calls.ts';
import { EventLog } from './event-log.ts';
import type { LegacyRequest } from './legacy-request.ts';
import type { ListenerLimits } from './limits.ts';
import { ResumableStream } from './resumable-stream.ts';
import type { AgentRequestOptions } from './types.ts';
import type { Member } from './session-table.ts';

/** What an agent said of itself in `initialize`. */
export interface LegacyClient {
  readonly name: string;
  readonly version: string;
  /** Raw `clientInfo`. */
  readonly clientInfo: RawJson;
  /** Raw capabilities. */
  readonly capabilities: RawJson;
  /** The version agreed on. */
  readonly protocolVersion: string;
}

/** The first revision whose clients know events without a message (SEP-1699). */
const PRIMED_SINCE = '2025-11-25';

/** One session of the legacy era: its streams, its unanswered requests in both directions, and whose it is. */
export class LegacySession implements Member {
  readonly id = randomUUID();
  readonly era = 'legacy';
  readonly since = Date.now();
  readonly client: { readonly name: string; readonly version: string };
  readonly clientInfo: RawJson;
  readonly capabilities: RawJson;
  readonly protocolVersion: string;
  readonly calls: AgentCalls;
  readonly #limits: ListenerLimits;
  readonly #primed: boolean;
  readonly #streams = new Map<string, ResumableStream>();
  readonly #inFlight = new Map<RawJson, LegacyRequest>();
  #principal: Principal;
  #lastSeen = Date.now();
  #lastStream = 0;
  #closed = false;

  constructor(principal: Principal, client: LegacyClient, limits: ListenerLimits) {
    this.#principal = principal;
    this.client = { name: client.name, version: client.version };
    this.clientInfo = client.clientInfo;
    this.capabilities = client.capabilities;
    this.protocolVersion = client.protocolVersion;
    this.#primed = client.protocolVersion >= PRIMED_SINCE;
    this.#limits = limits;
    this.calls = new AgentCalls(limits);
  }

  get principal(): Principal {
    return this.#principal;
  }

  get lastSeen(): number {
    return this.#lastSeen;
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  get streaming(): boolean {
    return this.#connected().length > 0;
  }

  /** Marks use. The principal is the same one, with the rights it has now. */
  touch(principal: Principal): void {
    this.#principal = principal;
    this.#lastSeen = Date.now();
  }

  notify(method: string, params?: RawJson): void {
    const message = writeNotification(method, params);
    const stream = this.#standalone();
    if (stream !== undefined) stream.send(message);
    // Nobody listens right now: a client that comes back to its lost stream finds it there.
    else this.#latest((lost) => lost.standalone)?.send(message);
  }

  congestion(): Promise<void> | undefined {
    return this.#standalone()?.congestion();
  }

  request(method: string, params?: RawJson, options: AgentRequestOptions = {}): Promise<RawReply> {
    return this.calls.request((message) => this.sendStandalone(message), method, params, options);
  }

  /** Sends a message on the newest open GET stream; false when there is none. */
  sendStandalone(message: string): boolean {
    const stream = this.#standalone();
    stream?.send(message);
    return stream !== undefined;
  }

  /**
   * Serves a GET: continues the stream that `lastEventId` belongs to, or else starts another. It never fails, for
   * VS Code gives up on notifications for good when it does; beyond the bound the oldest GET stream makes room.
   */
  openStandalone(res: ServerResponse, lastEventId: string | undefined): void {
    const key = lastEventId === undefined ? undefined : EventLog.streamOf(lastEventId);
    const lost = key === undefined ? undefined : this.#streams.get(key);
    if (lost !== undefined) {
      lost.attach(res, { lastEventId, prime: this.#primed });
      return;
    }
    const connected = this.#connected();
    if (connected.length >= this.#limits.streamsPerSession) {
      const oldest = connected.find((stream) => stream.standalone);
      if (oldest !== undefined) this.#streams.delete(oldest.key);
      oldest?.finish();
    }
    this.#open(true).attach(res, { prime: this.#primed });
  }

  /**
   * The stream for the messages of one POSTed request; undefined when no more may be opened. One place is kept free
   * for a GET. `prime` as far as the request shows that its client reads events without a message.
   */
  openPost(res: ServerResponse, prime: boolean): ResumableStream | undefined {
    const connected = this.#connected();
    const posts = connected.filter((stream) => !stream.standalone).length;
    const { streamsPerSession } = this.#limits;
    if (connected.length >= streamsPerSession || posts >= streamsPerSession - 1) return undefined;
    const stream = this.#open(false);
    stream.attach(res, { prime: prime && this.#primed });
    return stream;
  }

  begin(request: LegacyRequest): void {
    this.#inFlight.set(request.id, request);
  }

  /** Forgets a request that is answered. */
  end(request: LegacyRequest): void {
    this.#lastSeen = Date.now();
    if (this.#inFlight.get(request.id) === request) this.#inFlight.delete(request.id);
  }

  /** Cancels the request with this raw id, if it is still unanswered. */
  cancel(id: RawJson, params: RawJson): void {
    this.#inFlight.get(id)?.cancel('Request cancelled', new Cancellation(params));
  }

  endStreams(): void {
    for (const stream of this.#streams.values()) if (stream.standalone) stream.finish();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.calls.close();
    for (const request of [...this.#inFlight.values()]) request.cancel('The session has ended');
    for (const stream of this.#streams.values()) stream.finish();
    this.#streams.clear();
  }

  #open(standalone: boolean): ResumableStream {
    const key = `${standalone ? 'g' : 'p'}${++this.#lastStream}`;
    const stream = new ResumableStream(key, standalone, this.#limits, (gone) => this.#disconnected(gone));
    this.#streams.set(key, stream);
    return stream;
  }

  /** Keeps a stream whose client may come back for the rest of it, the newest few of them. */
  #disconnected(stream: ResumableStream): void {
    if (!this.#streams.delete(stream.key) || stream.delivered) return;
    this.#streams.set(stream.key, stream);
    const lost = [...this.#streams.values()].filter((other) => !other.connected);
    for (const { key } of lost.slice(0, -this.#limits.lostStreams)) this.#streams.delete(key);
  }

  #connected(): ResumableStream[] {
    return [...this.#streams.values()].filter((stream) => stream.connected);
  }

  /** The newest open GET stream: each message goes to exactly one. */
  #standalone(): ResumableStream | undefined {
    return this.#latest((stream) => stream.standalone && stream.connected);
  }

  #latest(matches: (stream: ResumableStream) => boolean): ResumableStream | undefined {
    return [...this.#streams.values()].findLast(matches);
  }
}
