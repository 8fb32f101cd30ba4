import { Emitter, type Event } from '../events.ts';
import { messageOf } from '../errors.ts';
import { Cancellation, cancelledParams } from '../json/cancellation.ts';
import { readFrame, rpcError, writeNotification, writeReply, writeRequest, type Frame, type FrameProblem } from '../json/frame.ts';
import { members } from '../json/slice.ts';
import type { RawJson, RawNotification, RawReply } from '../model.ts';
import { legacyDialect, type Dialect } from './dialect.ts';
import { UpstreamError } from './failure.ts';
import type { Leg, LegEnd, LegSink, MessageHeaders } from './leg.ts';
import { PendingCall } from './pending-call.ts';
import { settledWithin } from '../settled-within.ts';
import type { WriteLog } from './throttled-log.ts';
import { UpstreamCallError, type CallOptions, type Sender, type UpstreamConnection, type UpstreamInfo } from './types.ts';

/** Answers are passed on as text; this depth only keeps a hostile one from the parsers further on. */
const MAX_DEPTH = 256;
const MAX_CALLS = 4_096;
const MAX_INBOUND = 64;
/** Milliseconds; some servers begin to answer with their first message. */
const LISTEN_WAIT_MS = 1_000;

/**
 * JSON-RPC over one leg: ids, timeouts, progress, cancellation and the upstream's own requests. Everything it
 * relays is raw text. The era decides how messages are written (`Dialect`), nothing else.
 */
export class RpcConnection implements UpstreamConnection, LegSink {
  readonly #leg: Leg;
  readonly #log: WriteLog;
  /** By the raw text of our numeric ids, so that `"1"` or `1.0` never stands for `1`. */
  readonly #pending = new Map<RawJson, PendingCall>();
  /** Those of them that relay what the server says meanwhile. */
  readonly #relayed = new Set<PendingCall>();
  readonly #inbound = new Map<RawJson, AbortController>();
  readonly #notified = new Emitter<RawNotification>();
  readonly #closed = new Emitter<LegEnd>();
  #dialect: Dialect = legacyDialect(undefined);
  #info: UpstreamInfo | undefined;
  #nextId = 1;
  #background = 0;
  #lastUse = performance.now();
  #end: LegEnd | 'closed' | undefined;
  #closing: Promise<void> | undefined;
  #listening: Promise<void> = Promise.resolve();

  onRequest: UpstreamConnection['onRequest'];
  congestion: UpstreamConnection['congestion'];

  /** @param openLeg builds the transport on this sink; it may deliver only after it returned */
  constructor(openLeg: (sink: LegSink) => Leg, log: WriteLog) {
    this.#log = log;
    this.#leg = openLeg(this);
  }

  get info(): UpstreamInfo {
    if (this.#info === undefined) throw new Error('The connection is not negotiated yet.');
    return this.#info;
  }

  get onNotification(): Event<RawNotification> {
    return this.#notified.event;
  }

  /** Fires once, when the connection ends without `close()`; at once for who comes late. */
  get onEnd(): Event<LegEnd> {
    return (listener) => {
      const subscription = this.#closed.event(listener);
      if (typeof this.#end === 'object') listener(this.#end);
      return subscription;
    };
  }

  /** True once nothing can be sent any more. */
  get closed(): boolean {
    return this.#end !== undefined;
  }

  /** Why the connection ended by itself, if it did. */
  get end(): LegEnd | undefined {
    return typeof this.#end === 'object' ? this.#end : undefined;
  }

  get onClose(): Event<{ readonly reason: string }> {
    return (listener) => this.onEnd((end) => listener({ reason: end.error.message }));
  }

  /** Calls under way that somebody waits for. */
  get inFlight(): number {
    return this.#pending.size - this.#background;
  }

  /** `performance.now()` of the end of the last relayed call. */
  get lastUse(): number {
    return this.#lastUse;
  }

  evidence(): readonly string[] {
    return this.#leg.evidence();
  }

  /** How messages are written from now on. */
  speak(dialect: Dialect): void {
    this.#dialect = dialect;
  }

  /** Fixes what was negotiated. */
  settle(info: UpstreamInfo): void {
    this.#info = info;
  }

  /** Opens the stream for unsolicited messages, where the transport has one. */
  listen(): void {
    this.#listening = this.#leg.listen(this.#dialect.headers);
  }

  /**
   * Resolves when that stream is open, or there is none. Many servers put what they ask during a call on it, and drop
   * what they ask while nobody listens: a call that came before it would wait for ever.
   */
  async listens(): Promise<void> {
    await settledWithin(this.#listening, LISTEN_WAIT_MS);
  }

  call(method: string, params: RawJson | undefined, options: CallOptions): Promise<RawReply> {
    if (this.#end !== undefined) return Promise.reject(notSent('The connection to the server is closed.'));
    if (options.signal?.aborted === true) {
      return Promise.reject(new UpstreamCallError('cancelled', 'The call was cancelled before it was sent.', { sent: false }));
    }
    if (this.#pending.size >= MAX_CALLS) return Promise.reject(notSent(`More than ${MAX_CALLS} calls to the server are under way.`));
    const number = this.#nextId++;
    const id = String(number);
    const written = this.#dialect.request(method, params, options.onProgress === undefined ? undefined : number, options.sender);
    const headers = options.headers === undefined ? written.headers : { ...(this.#dialect.era === 'legacy' ? traceOf(options.headers) : options.headers), ...written.headers };
    return new Promise<RawReply>((resolve, reject) => {
      const call = new PendingCall(options, resolve, reject, (error) => this.#giveUp(number, method, error, options.signal?.reason));
      this.#pending.set(id, call);
      if (call.isRelayed) this.#relayed.add(call);
      this.#leg.request(number, writeRequest(id, method, written.params), headers);
    });
  }

  /** A request that lives as long as the connection, like `subscriptions/listen`; it is no use of the server. */
  async subscribe(method: string, params: RawJson, signal: AbortSignal, sender?: Sender): Promise<RawReply> {
    this.#background++;
    try {
      return await this.call(method, params, { timeoutMs: Infinity, maxTimeoutMs: Infinity, signal, ...(sender && { sender }) });
    } finally {
      this.#background--;
    }
  }

  notify(method: string, params?: RawJson): void {
    void this.send(method, params);
  }

  /** As `notify`; resolves when the message was handed over. */
  async send(method: string, params?: RawJson): Promise<void> {
    if (this.#end === undefined) await this.#leg.send(writeNotification(method, params), this.#dialect.headers);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#end ??= 'closed';
    this.#drop('The connection to the server was closed.');
    await this.#leg.close();
  }

  // ——— what the leg delivers ———

  message(text: string, during: number | undefined): FrameProblem | undefined {
    const frame = readFrame(text, MAX_DEPTH);
    switch (frame.kind) {
      case 'invalid':
        return frame.problem;
      case 'result':
        this.#answered(frame.id, { result: frame.result });
        break;
      case 'error':
        this.#answered(frame.id, { error: frame.error });
        break;
      case 'request':
        void this.#serve(frame, during);
        break;
      case 'notification':
        this.#guard(() => this.#notification(frame, during));
        break;
    }
    return undefined;
  }

  failed(id: number, error: UpstreamCallError): void {
    this.#take(String(id))?.reject(error);
  }

  ended(end: LegEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#drop(end.error.message);
    this.#closed.fire(end);
  }

  #answered(id: RawJson, reply: RawReply): void {
    const call = this.#take(id);
    // Unknown ids are late answers to what was given up, or nonsense; neither is worth a line.
    if (call === undefined) return;
    this.#leg.release(Number(id), true);
    if (this.#info?.era === 'modern' && refusesVersion(reply)) this.#outdated(call);
    else call.resolve(reply);
  }

  /** The server was exchanged for one that does not speak our revision any more: it did nothing, and is negotiated with anew. */
  #outdated(call: PendingCall): void {
    const why = 'The server does not speak this revision of MCP any more.';
    call.reject(new UpstreamCallError('session-lost', why, { sent: false }));
    this.ended({ kind: 'session-lost', error: new UpstreamError('connection-failed', why, { action: 'Use the server again.' }) });
  }

  #notification(notification: RawNotification, during: number | undefined): void {
    const { method, params } = notification;
    if (method === 'notifications/progress') {
      const token = params === undefined ? undefined : members(params)?.get('progressToken');
      const call = token === undefined ? undefined : this.#pending.get(token);
      if (call?.wantsProgress !== true || params === undefined) return;
      call.progress(params);
      return this.#hold(call.congestion(), during);
    }
    if (method === 'notifications/cancelled') {
      const id = params === undefined ? undefined : members(params)?.get('requestId');
      if (id !== undefined) this.#inbound.get(id)?.abort(new Cancellation(params));
      return;
    }
    // What changed at the server concerns the connection, whichever stream it came by.
    const ofConnection = method.endsWith('/list_changed') || OF_CONNECTION.has(method);
    const call = ofConnection ? undefined : this.#causeOf(during);
    if (call?.notification({ method, params }) === true) return this.#hold(call.congestion(), during);
    this.#notified.fire({ method, params });
    this.#hold(this.congestion?.(), during);
  }

  /**
   * Leaves unread at the server what the agent would not read now, where nobody else is held up by that: on the stream of
   * a request, and on a connection that belongs to one agent. Elsewhere the agent's stream is cut off when it overflows.
   */
  #hold(congestion: Promise<void> | undefined, during: number | undefined): void {
    if (congestion === undefined) return;
    const ofRequest = this.#leg.streamPerRequest && during !== undefined;
    if (!ofRequest && this.congestion === undefined) return;
    this.#leg.hold(congestion, during);
    // What is not read is no silence of the server's.
    const waiting = ofRequest ? [this.#pending.get(String(during))].filter((call) => call !== undefined) : [...this.#relayed];
    for (const call of waiting) call.asked();
    void congestion.then(() => {
      for (const call of waiting) call.answered();
    });
  }

  /**
   * The call that a message belongs to: the one whose stream it came by; on a transport with one stream for all, the
   * only one under way. With several under way nobody can tell.
   */
  #causeOf(during: number | undefined): PendingCall | undefined {
    if (during !== undefined) return this.#pending.get(String(during));
    return this.#leg.streamPerRequest ? undefined : this.#only;
  }

  get #only(): PendingCall | undefined {
    if (this.#relayed.size !== 1) return undefined;
    const [call] = this.#relayed;
    return call;
  }

  async #serve({ id, method, params }: InboundRequest, during: number | undefined): Promise<void> {
    if (method === 'ping') return this.#reply(id, { result: '{}' });
    const call = this.#causeOf(during);
    const handler = call?.onRequest ?? this.onRequest;
    // The modern era has no requests towards the client.
    if (handler === undefined || this.#dialect.era === 'modern') return this.#reply(id, { error: rpcError(-32601, 'Method not found') });
    if (this.#inbound.size >= MAX_INBOUND || this.#inbound.has(id)) {
      return this.#reply(id, { error: rpcError(-32000, 'Too many requests are under way') });
    }
    const abort = new AbortController();
    this.#inbound.set(id, abort);
    let reply: RawReply;
    // A person may be thinking: no call must time out over that, and where the cause is unknown it may be any of them.
    const waiting = call === undefined ? [...this.#relayed] : [call];
    for (const pending of waiting) pending.asked();
    try {
      reply = await handler({ method, params, signal: abort.signal });
    } catch (error) {
      this.#log('protocol', `${method} from the server failed: ${messageOf(error)}`);
      reply = { error: rpcError(-32603, 'Internal error') };
    }
    for (const pending of waiting) pending.answered();
    this.#inbound.delete(id);
    if (!abort.signal.aborted) await this.#reply(id, reply);
  }

  async #reply(id: RawJson, reply: RawReply): Promise<void> {
    if (this.#end === undefined) await this.#leg.send(writeReply(id, reply), this.#dialect.headers);
  }

  #giveUp(number: number, method: string, error: UpstreamCallError, why: unknown): void {
    const call = this.#take(String(number));
    if (call === undefined) return;
    // A modern HTTP server is told by closing the response, which `release` does; `initialize` is never cancelled.
    const told = this.#dialect.era === 'modern' && this.#leg.streamPerRequest;
    if (!told && method !== 'initialize') {
      this.notify('notifications/cancelled', cancelledParams(String(number), why, error.kind));
    }
    this.#leg.release(number, false);
    call.reject(error);
  }

  #take(id: RawJson): PendingCall | undefined {
    const call = this.#pending.get(id);
    if (call === undefined) return undefined;
    this.#pending.delete(id);
    if (this.#relayed.delete(call)) this.#lastUse = performance.now();
    return call;
  }

  #drop(why: string): void {
    const calls = [...this.#pending.values()];
    this.#pending.clear();
    this.#relayed.clear();
    for (const call of calls) call.reject(new UpstreamCallError('connection-lost', why, { sent: true }));
    for (const abort of this.#inbound.values()) abort.abort();
    this.#inbound.clear();
  }

  /** A caller's callback that throws must not stop the reading of the stream. */
  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#log('protocol', `A notification could not be passed on: ${messageOf(error)}`);
    }
  }
}

const OF_CONNECTION: ReadonlySet<string> = new Set(['notifications/resources/updated', 'notifications/tasks', 'notifications/subscriptions/acknowledged']);

type InboundRequest = Extract<Frame, { readonly kind: 'request' }>;

/** True for the error about the revision we named (2026-07-28, -32022): it is about us, and not for agents. */
function refusesVersion(reply: RawReply): boolean {
  return 'error' in reply && reply.error.includes('-32022') && members(reply.error)?.get('code') === '-32022';
}

function notSent(message: string): UpstreamCallError {
  return new UpstreamCallError('connection-lost', message, { sent: false });
}

/** Of headers that are the modern era's, the one that is nobody's. */
function traceOf({ traceparent }: Readonly<Record<string, string>>): MessageHeaders {
  return traceparent === undefined ? {} : { traceparent };
}
