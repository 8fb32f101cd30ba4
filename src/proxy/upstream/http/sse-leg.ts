import type { EventSourceMessage } from 'eventsource-parser';
import { messageOf } from '../../errors.ts';
import { UpstreamError } from '../failure.ts';
import type { Leg, LegSink, MessageHeaders } from '../leg.ts';
import type { Flow } from '../read-in-turns.ts';
import type { WriteLog } from '../throttled-log.ts';
import { UpstreamCallError } from '../types.ts';
import { shownUrl } from './dial-guard.ts';
import type { Exchange, HttpClient } from './http-client.ts';
import { httpFailure } from './http-failure.ts';
import { contentError, mediaType, readEvents, statusError } from './response.ts';

/**
 * HTTP+SSE of 2024-11-05: one stream brings every message, and tells where messages are posted. The stream is
 * opened at once; messages wait for it.
 */
export class SseLeg implements Leg {
  readonly streamPerRequest = false;
  readonly #url: URL;
  readonly #client: HttpClient;
  readonly #sink: LegSink;
  readonly #log: WriteLog;
  readonly #posts = new Map<number, Exchange>();
  readonly #stream: Exchange;
  readonly #endpoint: Promise<URL>;
  #flow: Flow | undefined;
  #endpointKnown = false;
  #closed = false;

  constructor(url: URL, client: HttpClient, sink: LegSink, log: WriteLog) {
    this.#url = url;
    this.#client = client;
    this.#sink = sink;
    this.#log = log;
    this.#stream = client.exchange({ method: 'GET', url, headers: { accept: 'text/event-stream', 'cache-control': 'no-cache' } });
    this.#endpoint = this.#open();
    // Whoever sends a message hears of it.
    this.#endpoint.catch(() => undefined);
  }

  request(id: number, text: string, headers: MessageHeaders): void {
    this.#post(text, headers, id)
      .catch((error: unknown) => {
        const failure = error instanceof UpstreamCallError ? error : new UpstreamCallError('bad-answer', messageOf(error), { sent: false, cause: error });
        this.#sink.failed(id, failure);
        if (failure.kind === 'auth-required' && failure.status === 401) this.#sink.ended({ kind: 'auth-required', error: httpFailure(failure, this.#url) });
      })
      .finally(() => this.#posts.delete(id));
  }

  async send(text: string, headers: MessageHeaders): Promise<void> {
    try {
      await this.#post(text, headers, undefined);
    } catch (error) {
      if (!this.#closed) this.#log('protocol', `A notification or reply was not taken: ${messageOf(error)}`);
    }
  }

  release(id: number, answered: boolean): void {
    // An answer may come before the server took the post to its end; what is given up is cut off.
    if (!answered) this.#posts.get(id)?.cancel();
  }

  listen(): Promise<void> {
    // The stream is open already.
    return Promise.resolve();
  }

  hold(until: Promise<void>): void {
    this.#flow?.hold(until);
  }

  evidence(): readonly string[] {
    return [];
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#stream.cancel();
    this.#client.dispose();
    return Promise.resolve();
  }

  async #open(): Promise<URL> {
    const response = await this.#stream.response;
    if ((response.statusCode ?? 0) >= 400) throw await statusError(response);
    if (mediaType(response) !== 'text/event-stream') throw await contentError(response);
    return new Promise<URL>((resolve, reject) => {
      const ended = (error: unknown): void => {
        const lost = error instanceof UpstreamCallError ? error : new UpstreamCallError('connection-lost', 'The event stream ended.', { sent: true });
        reject(lost);
        if (!this.#closed) this.#sink.ended({ kind: 'lost', error: httpFailure(lost, this.#url) });
      };
      const onEvent = (event: EventSourceMessage): void => {
        if (event.event === 'endpoint') {
          // A second one would move posts elsewhere in the middle of a session: the first stands.
          const endpoint = endpointOf(event.data, this.#stream.url);
          this.#endpointKnown = true;
          if (endpoint instanceof URL) resolve(endpoint);
          else reject(endpoint);
        } else if (this.#endpointKnown && event.data !== '' && (event.event ?? 'message') === 'message') {
          const problem = this.#sink.message(event.data, undefined);
          if (problem !== undefined) this.#log('protocol', `An event is not a message (${problem}).`);
        }
      };
      readEvents(response, { onEvent, onFlow: (flow) => (this.#flow = flow) }, Infinity).then(ended, ended);
    });
  }

  async #post(text: string, headers: MessageHeaders, id: number | undefined): Promise<void> {
    const url = await this.#endpoint;
    const exchange = this.#client.exchange({ method: 'POST', url, headers: { ...headers, accept: 'application/json, text/event-stream' }, body: text });
    if (id !== undefined) this.#posts.set(id, exchange);
    const response = await exchange.response;
    if ((response.statusCode ?? 0) >= 400) throw await statusError(response);
    response.resume();
  }
}

/** Posts carry the entry's keys, so they stay at the origin a person named. */
function endpointOf(data: string, base: URL): URL | UpstreamError {
  const url = URL.canParse(data, base.href) ? new URL(data, base) : undefined;
  if (url?.origin === base.origin) return url;
  return new UpstreamError('handshake-failed', `${shownUrl(base)} wants messages posted to ${url === undefined ? 'no valid URL' : url.origin}; that is not done.`, {
    action: 'Use a server whose message endpoint is at its own origin.',
  });
}
