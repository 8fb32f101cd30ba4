import type { Cancellation } from '../json/cancellation.ts';
import { rpcError, writeNotification, writeReply } from '../json/frame.ts';
import type { RawJson, RawReply } from '../model.ts';
import type { RequestFrame } from './era.ts';
import type { LegacySession } from './legacy-session.ts';
import type { PostAnswer } from './post-answer.ts';
import type { AgentRequest, AgentRequestOptions } from './types.ts';

/** A request of a legacy session. Losing its connection does not cancel it: only the agent's word does. */
export class LegacyRequest implements AgentRequest {
  readonly id: RawJson;
  readonly session: LegacySession;
  readonly method: string;
  readonly params: RawJson | undefined;
  readonly #answer: PostAnswer;
  readonly #abort = new AbortController();
  /** Aborted when this request is over, so that nobody is asked on its behalf any more. */
  #over: AbortController | undefined;
  #finished = false;

  constructor(session: LegacySession, frame: RequestFrame, answer: PostAnswer) {
    this.session = session;
    this.id = frame.id;
    this.method = frame.method;
    this.params = frame.params;
    this.#answer = answer;
    session.begin(this);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  notify(method: string, params?: RawJson): void {
    if (!this.#finished) this.#send(writeNotification(method, params));
  }

  congestion(): Promise<void> | undefined {
    return this.#finished ? undefined : (this.#answer.congestion() ?? this.session.congestion());
  }

  request(method: string, params?: RawJson, options: AgentRequestOptions = {}): Promise<RawReply> {
    this.#over ??= new AbortController();
    if (this.#finished) this.#over.abort();
    const signal = options.signal === undefined ? this.#over.signal : AbortSignal.any([this.#over.signal, options.signal]);
    return this.session.calls.request((message) => this.#send(message), method, params, { ...options, signal });
  }

  /** Sends the answer, unless the request was cancelled meanwhile. */
  finish(reply: RawReply): void {
    if (this.#finished) return;
    this.#finished = true;
    this.session.end(this);
    this.#over?.abort();
    this.#answer.finish(writeReply(this.id, reply));
  }

  /** Stops the work. The response still gets an answer: clients would try to resume a stream that ends without. */
  cancel(reason: string, cancellation?: Cancellation): void {
    this.#abort.abort(cancellation);
    this.finish({ error: rpcError(-32000, reason) });
  }

  /** On the stream of this request; on the GET stream where the client takes no stream here. */
  #send(message: string): boolean {
    return this.#answer.send(message) || this.session.sendStandalone(message);
  }
}
