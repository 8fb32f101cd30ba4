import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { messageOf } from '../../errors.ts';
import { UpstreamCallError } from '../types.ts';
import { guardedLookup, isRefusedAddress, shownUrl } from './dial-guard.ts';

const MAX_REDIRECTS = 3;
const MAX_SOCKETS = 256;
/** Under the 5 s after which many servers close an idle connection, so that no request meets a closing socket. */
const IDLE_SOCKET_MS = 4_000;

/** Headers that the protocol or the client owns; an entry's own headers cannot replace them. */
const RESERVED = /^(?:host|connection|content-length|content-type|transfer-encoding|accept|accept-encoding|last-event-id|mcp-.*)$/i;

/** A redirect that is not followed. */
export class RedirectError extends UpstreamCallError {
  readonly target: URL | undefined;

  constructor(status: number, from: URL, target: URL | undefined) {
    const where = target === undefined ? 'nowhere' : `to ${target.origin}`;
    super('http-status', `${shownUrl(from)} redirects ${where} (HTTP ${status}); that is not followed.`, { sent: true, status });
    this.target = target;
  }
}

/** What is sent; `headers` in lower case. */
export interface HttpMessage {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** One request and its response's head. The body is the reader's. */
export interface Exchange {
  /** Rejects with UpstreamCallError `connection-lost`, or RedirectError. */
  readonly response: Promise<IncomingMessage>;
  /** Where the response came from, after redirects. */
  readonly url: URL;
  /** Ends the exchange, also while its response is being read. */
  cancel(): void;
}

/** Keep-alive requests to one upstream with the entry's own headers; dials nothing that is refused. */
export class HttpClient {
  readonly #headers: Readonly<Record<string, string>>;
  readonly #http = new HttpAgent({ keepAlive: true, maxSockets: MAX_SOCKETS, timeout: IDLE_SOCKET_MS, noDelay: true });
  readonly #https = new HttpsAgent({ keepAlive: true, maxSockets: MAX_SOCKETS, timeout: IDLE_SOCKET_MS, noDelay: true });

  /** @param headers the entry's own headers; those the protocol owns are left out */
  constructor(headers: Readonly<Record<string, string>>) {
    this.#headers = Object.fromEntries(
      Object.entries(headers)
        .filter(([name]) => !RESERVED.test(name))
        .map(([name, value]) => [name.toLowerCase(), value]),
    );
  }

  exchange(message: HttpMessage): Exchange {
    return new RunningExchange(message, (url, receive) => this.#open({ ...message, url }, receive));
  }

  /** Closes every connection, also those in use. */
  dispose(): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  #open(message: HttpMessage, receive: (response: IncomingMessage) => void): ClientRequest {
    const { url, body } = message;
    const options: RequestOptions = {
      method: message.method,
      hostname: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port,
      path: url.pathname + url.search,
      headers: {
        ...this.#headers,
        'accept-encoding': 'identity',
        ...message.headers,
        ...(body !== undefined && { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
      },
      lookup: guardedLookup,
    };
    const secure = url.protocol === 'https:';
    const request = secure ? httpsRequest({ ...options, agent: this.#https }, receive) : httpRequest({ ...options, agent: this.#http }, receive);
    request.end(body);
    return request;
  }
}

class RunningExchange implements Exchange {
  readonly response: Promise<IncomingMessage>;
  readonly #open: (url: URL, receive: (response: IncomingMessage) => void) => ClientRequest;
  readonly #resolve: (response: IncomingMessage) => void;
  readonly #reject: (error: UpstreamCallError) => void;
  #url: URL;
  #redirects = 0;
  #request: ClientRequest | undefined;
  /** True once any byte may have reached the server. */
  #sent = false;

  constructor(message: HttpMessage, open: (url: URL, receive: (response: IncomingMessage) => void) => ClientRequest) {
    this.#url = message.url;
    this.#open = open;
    const { promise, resolve, reject } = withResolvers<IncomingMessage>();
    this.response = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#go();
  }

  get url(): URL {
    return this.#url;
  }

  cancel(): void {
    this.#request?.destroy();
  }

  #go(): void {
    try {
      const request = this.#open(this.#url, (response) => this.#received(response));
      this.#request = request;
      request.on('socket', (socket) => {
        if (socket.connecting) socket.once(this.#url.protocol === 'https:' ? 'secureConnect' : 'connect', () => (this.#sent = true));
        else this.#sent = true;
      });
      request.on('error', (error) => this.#reject(this.#lost(error)));
    } catch (error) {
      // A header or path that HTTP cannot carry.
      this.#reject(this.#lost(error));
    }
  }

  #received(response: IncomingMessage): void {
    const status = response.statusCode ?? 0;
    if (status < 300 || status >= 400 || status === 304) {
      this.#resolve(response);
      return;
    }
    response.resume();
    const target = redirectTarget(response.headers.location, this.#url);
    // 307 and 308 keep method and body. Another origin would get the entry's headers, and so its keys.
    const keeps = status === 307 || status === 308;
    if (!keeps || target?.origin !== this.#url.origin || ++this.#redirects > MAX_REDIRECTS) {
      this.#reject(new RedirectError(status, this.#url, target));
      return;
    }
    this.#url = target;
    this.#go();
  }

  #lost(error: unknown): UpstreamCallError {
    return new UpstreamCallError('connection-lost', `The connection to ${shownUrl(this.#url)} failed: ${messageOf(error)}`, { sent: this.#sent, cause: error });
  }
}

function redirectTarget(location: string | undefined, base: URL): URL | undefined {
  if (location === undefined || !URL.canParse(location, base.href)) return undefined;
  const target = new URL(location, base);
  return isRefusedAddress(target.hostname) ? undefined : target;
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: Error) => void } {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}
