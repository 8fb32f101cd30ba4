import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { messageOf, VestibuleError } from '../../errors.ts';
import type { Credentials } from '../keys.ts';
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
  /** Names and values, one after another, as Node writes them out without looking each one up. */
  readonly #headers: readonly string[];
  readonly #credentials: Credentials | undefined;
  /** Where the last request went, taken apart: the next one nearly always goes there too. */
  #target: Target | undefined;
  readonly #http = new HttpAgent({ keepAlive: true, maxSockets: MAX_SOCKETS, timeout: IDLE_SOCKET_MS, noDelay: true });
  readonly #https = new HttpsAgent({ keepAlive: true, maxSockets: MAX_SOCKETS, timeout: IDLE_SOCKET_MS, noDelay: true });

  /**
   * @param headers the entry's own headers; those the protocol owns are left out
   * @param credentials what requests carry besides; redirects never leave the origin, so it never does either
   */
  constructor(headers: Readonly<Record<string, string>>, credentials?: Credentials) {
    this.#credentials = credentials;
    this.#headers = Object.entries(headers)
      .filter(([name]) => !RESERVED.test(name))
      .flatMap(([name, value]) => [name.toLowerCase(), value]);
  }

  exchange(message: HttpMessage): Exchange {
    const open: Open = (url, authorization, receive) => this.#open(authorization === undefined ? { ...message, url } : { ...message, url, headers: { ...message.headers, authorization } }, receive);
    return new RunningExchange(message, open, this.#credentials);
  }

  /** Closes every connection, also those in use. */
  dispose(): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  #open(message: HttpMessage, receive: (response: IncomingMessage) => void): ClientRequest {
    const { method, body } = message;
    const { host, hostname, port, path, secure } = this.#targetOf(message.url);
    const options: RequestOptions = { hostname, port, path, method, headers: this.#headersOf(host, message), lookup: guardedLookup, agent: secure ? this.#https : this.#http };
    const request = secure ? httpsRequest(options, receive) : httpRequest(options, receive);
    request.end(body);
    return request;
  }

  /** A header of the message stands in for the entry's own of that name. */
  #headersOf(host: string, { headers, body }: HttpMessage): string[] {
    const list = ['host', host, 'accept-encoding', 'identity'];
    for (let i = 0; i < this.#headers.length; i += 2) {
      const [name = '', value = ''] = [this.#headers[i], this.#headers[i + 1]];
      if (headers[name] === undefined) list.push(name, value);
    }
    for (const name in headers) list.push(name, headers[name] ?? '');
    if (body !== undefined) list.push('content-type', 'application/json', 'content-length', String(Buffer.byteLength(body)));
    return list;
  }

  #targetOf(url: URL): Target {
    if (this.#target?.url !== url) {
      const { host, hostname, port, pathname, search, protocol } = url;
      this.#target = { url, host, hostname: hostname.replace(/^\[|\]$/g, ''), port, path: pathname + search, secure: protocol === 'https:' };
    }
    return this.#target;
  }
}

/** A URL as Node's client takes it. */
interface Target {
  readonly url: URL;
  readonly host: string;
  readonly hostname: string;
  readonly port: string;
  readonly path: string;
  readonly secure: boolean;
}

type Open = (url: URL, authorization: string | undefined, receive: (response: IncomingMessage) => void) => ClientRequest;

class RunningExchange implements Exchange {
  readonly response: Promise<IncomingMessage>;
  readonly #open: Open;
  readonly #credentials: Credentials | undefined;
  #authorization: string | undefined;
  /** True once it was sent again with another token. */
  #retried = false;
  #cancelled = false;
  readonly #resolve: (response: IncomingMessage) => void;
  readonly #reject: (error: UpstreamCallError) => void;
  #url: URL;
  #redirects = 0;
  #request: ClientRequest | undefined;
  /** True once any byte may have reached the server. */
  #sent = false;

  constructor(message: HttpMessage, open: Open, credentials: Credentials | undefined) {
    this.#url = message.url;
    this.#open = open;
    this.#credentials = credentials;
    const { promise, resolve, reject } = withResolvers<IncomingMessage>();
    this.response = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    if (credentials === undefined) this.#go();
    else this.#goWith(credentials.authorization());
  }

  get url(): URL {
    return this.#url;
  }

  cancel(): void {
    this.#cancelled = true;
    this.#request?.destroy();
  }

  /** Sends with a token that has to be got first. */
  #goWith(authorization: Promise<string | undefined>): void {
    authorization.then(
      (field) => {
        if (this.#cancelled) return this.#reject(new UpstreamCallError('cancelled', 'The request was cancelled.', { sent: this.#sent }));
        this.#authorization = field;
        this.#go();
      },
      (error: unknown) => this.#reject(withoutToken(error)),
    );
  }

  /** A 401 says that nothing was carried out, so the same request may go once more with another token; a 403 needs a person. */
  #turnedAway(credentials: Credentials, response: IncomingMessage): void {
    const status = response.statusCode ?? 0;
    const answer = { status, challenge: response.headers['www-authenticate'], used: this.#authorization };
    credentials.turnedAway(answer).then(
      (field) => {
        if (field === undefined || field === this.#authorization || this.#retried || this.#cancelled) return this.#resolve(response);
        response.resume();
        this.#retried = true;
        this.#goWith(Promise.resolve(field));
      },
      (error: unknown) => {
        response.resume();
        this.#reject(withoutToken(error));
      },
    );
  }

  #go(): void {
    try {
      const request = this.#open(this.#url, this.#authorization, (response) => this.#received(response));
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
    if (this.#credentials !== undefined && (status === 401 || status === 403)) return this.#turnedAway(this.#credentials, response);
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

/** Why there is no token: for now (the request may be tried later), or until a person signs in. */
function withoutToken(error: unknown): UpstreamCallError {
  const passing = VestibuleError.is(error, 'connection-failed');
  // Turned away or never sent: in both cases nothing was carried out.
  return new UpstreamCallError(passing ? 'connection-lost' : 'auth-required', messageOf(error), { sent: false, ...(!passing && { status: 401 }), cause: error });
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
