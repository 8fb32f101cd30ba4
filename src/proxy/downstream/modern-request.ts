import type { IncomingMessage, ServerResponse } from 'node:http';
import { rpcError, writeNotification, writeReply } from '../json/frame.ts';
import { members } from '../json/slice.ts';
import type { RawJson, RawReply } from '../model.ts';
import { mirrored } from './envelope.ts';
import type { ModernCaller } from './modern-caller.ts';
import { modernResult } from './modern-result.ts';
import type { PostAnswer } from './post-answer.ts';
import type { RequestFrame } from './era.ts';
import type { AgentRequest } from './types.ts';

/** Error codes that this era also says as HTTP status: unknown method, header mismatch, missing client capability. */
const STATUS_OF_CODE: ReadonlyMap<RawJson, number> = new Map([
  ['-32601', 404],
  ['-32020', 400],
  ['-32021', 400],
]);

/** One request of the stateless era. Closing its response is how a client cancels it. */
export class ModernRequest implements AgentRequest {
  readonly session: ModernCaller;
  readonly method: string;
  readonly params: RawJson | undefined;
  readonly mirror: (header: string) => string | null | undefined;
  readonly #id: RawJson;
  readonly #answer: PostAnswer;
  readonly #serverInfo: RawJson;
  readonly #logs: boolean;
  readonly #abort = new AbortController();
  #finished = false;

  /** `logs` when the client asked for log messages; `serverInfo` is raw. */
  constructor(
    session: ModernCaller,
    frame: RequestFrame,
    channel: { readonly req: IncomingMessage; readonly res: ServerResponse; readonly answer: PostAnswer },
    options: { readonly logs: boolean; readonly serverInfo: RawJson },
  ) {
    this.session = session;
    this.method = frame.method;
    this.params = frame.params;
    this.mirror = (header) => mirrored(channel.req, header);
    this.#id = frame.id;
    this.#answer = channel.answer;
    this.#serverInfo = options.serverInfo;
    this.#logs = options.logs;
    session.begin(this);
    channel.res.once('close', () => this.cancel('The client went away'));
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  notify(method: string, params?: RawJson): void {
    if (this.#finished || (method === 'notifications/message' && !this.#logs)) return;
    this.#answer.send(writeNotification(method, params));
  }

  congestion(): Promise<void> | undefined {
    return this.#answer.congestion();
  }

  request(): Promise<RawReply> {
    return this.session.request();
  }

  /** Sends the answer, completed to what the era requires, unless the request was cancelled meanwhile. */
  finish(reply: RawReply): void {
    if (this.#finished) return;
    this.#finished = true;
    this.session.end(this);
    if ('result' in reply) {
      this.#answer.finish(writeReply(this.#id, { result: modernResult(this.method, reply.result, this.#serverInfo) }));
    } else {
      const code = members(reply.error)?.get('code') ?? '';
      this.#answer.finish(writeReply(this.#id, reply), STATUS_OF_CODE.get(code));
    }
  }

  /** Stops the work and answers with an error, should anybody still be there to read it. */
  cancel(reason: string): void {
    if (this.#finished) return;
    this.#abort.abort();
    this.finish({ error: rpcError(-32000, reason) });
  }
}
