import type { ServerResponse } from 'node:http';
import type { RawJson } from '../model.ts';
import { type Accepts, JSON_HEADERS, sendJson } from './http.ts';
import type { EraDeps } from './era.ts';

/** Where the messages of one request go once its response is an event stream. */
export interface AnswerStream {
  send(message: string): void;
  /** As `AgentRequest.congestion`. */
  congestion(): Promise<void> | undefined;
  /** Sends the last message and ends the stream. */
  finish(message: string): void;
}

type PostAnswerDeps = Pick<EraDeps, 'limits' | 'unread'>;

/**
 * The response to one POSTed request: plain JSON when the answer is all there is to say, an event stream from the
 * first message that must go ahead of it, or once the client has waited long enough to need a sign of life. A
 * client that cannot get a stream gets white space ahead of its JSON instead.
 */
export class PostAnswer {
  readonly #res: ServerResponse;
  readonly #openStream: (() => AnswerStream | undefined) | undefined;
  readonly #deps: PostAnswerDeps;
  readonly #owner: string;
  #timer: NodeJS.Timeout;
  #stream: AnswerStream | undefined;
  #padding = false;
  #finished = false;

  /**
   * @param owner id of the principal it is for
   * @param openStream starts the event stream on `res`, or returns undefined when no more streams may be opened
   */
  constructor(res: ServerResponse, accepted: Accepts, deps: PostAnswerDeps, owner: string, openStream: () => AnswerStream | undefined) {
    this.#res = res;
    this.#openStream = accepted.stream ? openStream : undefined;
    this.#deps = deps;
    this.#owner = owner;
    // Ends with the answer, which every request gets, also one whose client is gone; it keeps nothing alive.
    this.#timer = setTimeout(breakSilence, deps.limits.silentMs, this).unref();
    if (!accepted.json) this.#streaming();
  }

  /** Sends a message ahead of the answer. Returns false when this response cannot carry it. */
  send(message: string): boolean {
    const stream = this.#streaming();
    stream?.send(message);
    return stream !== undefined;
  }

  /** As `AgentRequest.congestion`. */
  congestion(): Promise<void> | undefined {
    return this.#finished ? undefined : this.#stream?.congestion();
  }

  /** Sends the answer, once; `status` counts only while the response has not started. */
  finish(message: RawJson, status = 200): void {
    this.#finished = true;
    clearTimeout(this.#timer);
    if (this.#stream !== undefined) this.#stream.finish(message);
    else if (this.#padding) this.#res.end(message);
    else sendJson(this.#res, status, message);
    this.#deps.unread.add(this.#res, this.#owner);
  }

  #streaming(): AnswerStream | undefined {
    if (this.#stream !== undefined || this.#finished || this.#padding || this.#res.destroyed) return this.#stream;
    this.#stream = this.#openStream?.();
    if (this.#stream !== undefined) clearTimeout(this.#timer);
    return this.#stream;
  }

  /** The client gets a sign of life, unless it is answered or gone. */
  breakSilence(): void {
    if (this.#finished || this.#res.destroyed || this.#streaming() !== undefined) return;
    this.#padding = true;
    this.#res.writeHead(200, JSON_HEADERS);
    this.#pad();
  }

  #pad(): void {
    if (this.#res.destroyed) return;
    this.#res.write(' ');
    this.#timer = setTimeout(() => this.#pad(), this.#deps.limits.keepAliveMs).unref();
  }
}

/** One function for all answers: each request has its timer. */
function breakSilence(answer: PostAnswer): void {
  answer.breakSilence();
}
