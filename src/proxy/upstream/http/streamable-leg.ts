import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { EventSourceMessage } from 'eventsource-parser';
import { messageOf } from '../../errors.ts';
import { fullJitter } from '../backoff.ts';
import { UpstreamError } from '../failure.ts';
import { MAX_MESSAGE_BYTES, type Leg, type LegSink, type MessageHeaders } from '../leg.ts';
import type { Flow } from '../read-in-turns.ts';
import type { WriteLog } from '../throttled-log.ts';
import { UpstreamCallError } from '../types.ts';
import { shownUrl } from './dial-guard.ts';
import { RedirectError, type Exchange, type HttpClient } from './http-client.ts';
import { httpFailure } from './http-failure.ts';
import {
  contentError,
  MAX_CALL_STREAM_BYTES,
  mediaType,
  readBody,
  readEvents,
  statusError,
  type EventHandler,
  type HttpAnswerError,
} from './response.ts';

const SESSION_HEADER = 'mcp-session-id';
const VERSION_HEADER = 'mcp-protocol-version';
const POST_ACCEPT = 'application/json, text/event-stream';
const STREAM_ACCEPT = 'text/event-stream';
/** After its answer a stream has this long to end, so that its connection can be used again. */
const END_GRACE_MS = 1_000;
const DELETE_TIMEOUT_MS = 1_500;
/** What a server may ask us to wait before we come back. */
const LEAST_RETRY_MS = 100;
const MOST_RETRY_MS = 60_000;
const DEFAULT_RETRY_MS = 1_000;
const MOST_BACKOFF_MS = 30_000;

/** One request under way: its current exchange, and what is needed to resume its stream. */
interface PostStream {
  readonly id: number;
  readonly headers: MessageHeaders;
  exchange: Exchange | undefined;
  /** Its event stream, while there is one. */
  flow: Flow | undefined;
  lastEventId: string | undefined;
  retryMs: number;
  /** Answered or given up. */
  released: boolean;
  /** True while its answer is read from an event stream. */
  streaming: boolean;
  endTimer: NodeJS.Timeout | undefined;
}

/**
 * Streamable HTTP (spec 2025-03-26 … 2025-11-25, transports §streamable-http; and 2026-07-28, where there is no
 * session and no GET stream). Each request is a POST of its own; what comes by its stream belongs to it.
 */
export class StreamableHttpLeg implements Leg {
  readonly streamPerRequest = true;
  readonly #client: HttpClient;
  readonly #sink: LegSink;
  readonly #log: WriteLog;
  readonly #streams = new Map<number, PostStream>();
  readonly #stop = new AbortController();
  #url: URL;
  #session: string | undefined;
  #listening: Exchange | undefined;
  #listened: Flow | undefined;
  #listenHeaders: MessageHeaders = {};

  constructor(url: URL, client: HttpClient, sink: LegSink, log: WriteLog) {
    this.#url = url;
    this.#client = client;
    this.#sink = sink;
    this.#log = log;
  }

  request(id: number, text: string, headers: MessageHeaders): void {
    const stream: PostStream = {
      id,
      headers,
      exchange: undefined,
      flow: undefined,
      lastEventId: undefined,
      retryMs: DEFAULT_RETRY_MS,
      released: false,
      streaming: false,
      endTimer: undefined,
    };
    this.#streams.set(id, stream);
    this.#run(stream, text).catch((error: unknown) => this.#failed(stream, error));
  }

  async send(text: string, headers: MessageHeaders): Promise<void> {
    try {
      const exchange = this.#post(text, headers);
      const response = await exchange.response;
      if ((response.statusCode ?? 0) < 400) {
        // Nothing is expected; a stream would stay open for ever.
        if (isStream(response)) exchange.cancel();
        else response.resume();
        return;
      }
      const error = await statusError(response);
      if (this.#endsSession(error)) this.#sessionLost();
      else this.#log('protocol', `A notification or reply was not taken: ${error.message}`);
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#log('protocol', `A notification or reply could not be sent: ${messageOf(error)}`);
    }
  }

  release(id: number, answered: boolean): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    this.#streams.delete(id);
    stream.released = true;
    if (!answered) stream.exchange?.cancel();
    else if (stream.streaming) stream.endTimer = setTimeout(() => stream.exchange?.cancel(), END_GRACE_MS).unref();
  }

  listen(headers: MessageHeaders): Promise<void> {
    this.#listenHeaders = headers;
    return new Promise((resolve) => void this.#listen(resolve).finally(resolve));
  }

  hold(until: Promise<void>, during: number | undefined): void {
    const flow = during === undefined ? this.#listened : this.#streams.get(during)?.flow;
    flow?.hold(until);
  }

  evidence(): readonly string[] {
    return [];
  }

  async close(): Promise<void> {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    this.#listening?.cancel();
    for (const stream of this.#streams.values()) stream.exchange?.cancel();
    this.#streams.clear();
    await this.#endSession();
    this.#client.dispose();
  }

  // ——— requests ———

  async #run(stream: PostStream, text: string): Promise<void> {
    const exchange = this.#post(text, stream.headers);
    stream.exchange = exchange;
    const response = await exchange.response;
    // Redirects stay within the origin; asking the old place again would cost every call a round trip.
    this.#url = exchange.url;
    // Only the answer to `initialize`, the one request that names no revision, opens a session.
    if (stream.headers[VERSION_HEADER] === undefined) this.#session ??= sessionOf(response);
    await this.#answer(stream, response);
  }

  #post(text: string, headers: MessageHeaders): Exchange {
    return this.#client.exchange({ method: 'POST', url: this.#url, headers: this.#headers(POST_ACCEPT, headers), body: text });
  }

  #headers(accept: string, headers: MessageHeaders): Record<string, string> {
    return { ...headers, accept, ...(this.#session !== undefined && { [SESSION_HEADER]: this.#session }) };
  }

  async #answer(stream: PostStream, response: IncomingMessage): Promise<void> {
    if ((response.statusCode ?? 0) >= 400) return this.#refused(stream, await statusError(response));
    switch (mediaType(response)) {
      case 'application/json': {
        const problem = this.#sink.message(await readBody(response, MAX_MESSAGE_BYTES), stream.id);
        if (problem !== undefined) throw badAnswer(`The server's answer is not a message (${problem}).`);
        if (!stream.released) throw badAnswer('The server answered with something else than the answer.');
        return;
      }
      case 'text/event-stream':
        return this.#events(stream, response);
      default:
        throw await contentError(response);
    }
  }

  /** A status of 400 and up may still carry the answer: a JSON-RPC error under this request's id (2026-07-28). */
  #refused(stream: PostStream, error: HttpAnswerError): void {
    if (this.#endsSession(error)) {
      this.#failed(stream, new UpstreamCallError('session-lost', 'The server ended its session.', { sent: true, ...statusOf(error) }));
      return;
    }
    if (error.kind === 'http-status' && error.contentType === 'application/json') this.#sink.message(error.body, stream.id);
    if (!stream.released) throw error;
  }

  /** Reads the request's stream, and resumes it when the server lets go of it before the answer (2025-11-25, polling). */
  async #events(stream: PostStream, first: IncomingMessage): Promise<void> {
    const handler = this.#handlerOf(stream);
    stream.streaming = true;
    let response: IncomingMessage | undefined = first;
    for (let failures = 0; ; ) {
      if (response !== undefined) {
        failures = 0;
        await readEvents(response, handler, MAX_CALL_STREAM_BYTES);
        clearTimeout(stream.endTimer);
      }
      if (stream.released) return;
      if (stream.lastEventId === undefined) throw new UpstreamCallError('connection-lost', 'The stream ended before the answer.', { sent: true });
      await this.#pause(stream.retryMs + (failures === 0 ? 0 : fullJitter(failures, DEFAULT_RETRY_MS, MOST_BACKOFF_MS)));
      if (isReleased(stream)) return;
      response = await this.#resume(stream, stream.lastEventId);
      if (response === undefined) failures++;
    }
  }

  /** @returns undefined when the server may be back in a moment */
  async #resume(stream: PostStream, lastEventId: string): Promise<IncomingMessage | undefined> {
    const headers = { ...this.#headers(STREAM_ACCEPT, stream.headers), 'last-event-id': lastEventId };
    stream.exchange = this.#client.exchange({ method: 'GET', url: this.#url, headers });
    let response: IncomingMessage;
    try {
      response = await stream.exchange.response;
    } catch (error) {
      if (error instanceof RedirectError) throw error;
      return undefined;
    }
    if (isStream(response)) return response;
    const error = (response.statusCode ?? 0) >= 400 ? await statusError(response) : await contentError(response);
    if ((error.status ?? 0) >= 500) return undefined;
    throw new UpstreamCallError('connection-lost', `The stream of the call could not be resumed: ${error.message}`, { sent: true, cause: error });
  }

  #handlerOf(stream: PostStream): EventHandler {
    return {
      onRetry: (milliseconds) => (stream.retryMs = boundedRetry(milliseconds)),
      onFlow: (flow) => (stream.flow = flow),
      onEvent: (event) => {
        if (event.id !== undefined) stream.lastEventId = event.id;
        if (!stream.released) this.#deliver(event, stream.id);
      },
    };
  }

  #deliver(event: EventSourceMessage, during: number | undefined): void {
    // An event without data primes the stream: only its id counts.
    if (event.data === '' || (event.event ?? 'message') !== 'message') return;
    const problem = this.#sink.message(event.data, during);
    if (problem !== undefined) this.#log('protocol', `An event is not a message (${problem}).`);
  }

  #failed(stream: PostStream, error: unknown): void {
    if (stream.released || this.#stop.signal.aborted) return;
    this.#streams.delete(stream.id);
    stream.released = true;
    stream.exchange?.cancel();
    const failure = error instanceof UpstreamCallError ? error : badAnswer(messageOf(error));
    this.#sink.failed(stream.id, failure);
    // These concern every call: the connection has to be made anew.
    if (failure.kind === 'session-lost') this.#sessionLost();
    else if (failure.kind === 'auth-required' && failure.status === 401) this.#sink.ended({ kind: 'auth-required', error: httpFailure(failure, this.#url) });
    else if (failure.kind === 'connection-lost' && !failure.sent) this.#sink.ended({ kind: 'lost', error: httpFailure(failure, this.#url) });
  }

  // ——— messages that belong to no request ———

  /** @param answered called with every answer to the GET, and when there was none */
  async #listen(answered: () => void): Promise<void> {
    let lastEventId: string | undefined;
    let retryMs: number | undefined;
    let opened = false;
    for (let failures = 0; !this.#stop.signal.aborted; failures++) {
      const headers = { ...this.#headers(STREAM_ACCEPT, this.#listenHeaders), ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) };
      this.#listening = this.#client.exchange({ method: 'GET', url: this.#url, headers });
      try {
        const response = await this.#listening.response;
        answered();
        if (isStream(response)) {
          opened = true;
          await readEvents(
            response,
            {
              onRetry: (milliseconds) => (retryMs = boundedRetry(milliseconds)),
              onFlow: (flow) => (this.#listened = flow),
              onEvent: (event) => {
                failures = 0;
                if (event.id !== undefined) lastEventId = event.id;
                this.#deliver(event, undefined);
              },
            },
            Infinity,
          );
        } else {
          this.#listening.cancel();
          const status = response.statusCode ?? 0;
          // Servers without this stream say 405 as they should, or whatever their router says to an unknown route.
          if (opened && status === 404 && this.#session !== undefined) return this.#sessionLost();
          if (status < 500 && status !== 408 && status !== 429) return;
        }
      } catch (error) {
        if (error instanceof RedirectError) return;
        answered();
      }
      await this.#pause(retryMs ?? LEAST_RETRY_MS + fullJitter(failures, DEFAULT_RETRY_MS, MOST_BACKOFF_MS)).catch(() => undefined);
    }
  }

  #pause(milliseconds: number): Promise<void> {
    return delay(milliseconds, undefined, { signal: this.#stop.signal, ref: false });
  }

  // ——— session ———

  /** 404 says so (spec). Some servers answer 400 and name the session, so that a restart of theirs needs none of ours. */
  #endsSession(error: HttpAnswerError): boolean {
    if (this.#session === undefined) return false;
    return error.status === 404 || (error.status === 400 && /session/i.test(messageInBody(error.body)));
  }

  #sessionLost(): void {
    this.#session = undefined;
    this.#sink.ended({
      kind: 'session-lost',
      error: new UpstreamError('connection-failed', `${shownUrl(this.#url)} ended its session.`, { action: 'Use the server again to open a new session.' }),
    });
  }

  async #endSession(): Promise<void> {
    if (this.#session === undefined) return;
    const exchange = this.#client.exchange({ method: 'DELETE', url: this.#url, headers: this.#headers(POST_ACCEPT, this.#listenHeaders) });
    const timer = setTimeout(() => exchange.cancel(), DELETE_TIMEOUT_MS);
    await exchange.response.then((response) => response.resume()).catch(() => undefined);
    clearTimeout(timer);
  }
}

/** Asked again after a wait: control flow analysis does not see that others change it meanwhile. */
function isReleased(stream: PostStream): boolean {
  return stream.released;
}

function isStream(response: IncomingMessage): boolean {
  return (response.statusCode ?? 0) < 300 && mediaType(response) === STREAM_ACCEPT;
}

function boundedRetry(milliseconds: number): number {
  return Math.min(Math.max(milliseconds, LEAST_RETRY_MS), MOST_RETRY_MS);
}

/** The session id a server gave, if it is one: visible ASCII (spec, session management). */
function sessionOf(response: IncomingMessage): string | undefined {
  const id = response.headers[SESSION_HEADER];
  return typeof id === 'string' && /^[\x21-\x7e]{1,1024}$/.test(id) ? id : undefined;
}

/** The message of a JSON-RPC error in a body, or nothing. */
function messageInBody(body: string): string {
  try {
    const value: unknown = JSON.parse(body);
    const error = typeof value === 'object' && value !== null && 'error' in value ? value.error : undefined;
    return typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string' ? error.message : '';
  } catch {
    return '';
  }
}

function badAnswer(message: string): UpstreamCallError {
  return new UpstreamCallError('bad-answer', message, { sent: true });
}

function statusOf(error: UpstreamCallError): { readonly status?: number } {
  return error.status === undefined ? {} : { status: error.status };
}
