import type { Era, Principal, RawJson, RawReply } from '../model.ts';

/** Why an agent did not answer a request of ours. */
export class AgentRequestError extends Error {
  override readonly name = 'AgentRequestError';
  /**
   * `unsupported`: this agent cannot be asked (modern era); `no-stream`: nothing is open to ask on;
   * `cancelled`: the caller's signal, or the agent gave up the request this one belongs to.
   */
  readonly kind: 'unsupported' | 'no-stream' | 'overloaded' | 'timeout' | 'cancelled' | 'closed';

  constructor(kind: AgentRequestError['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}

/** Limits of one request to an agent. */
export interface AgentRequestOptions {
  /** Milliseconds until the request is given up with `timeout`. Default ten minutes: a person may have to answer. */
  readonly timeoutMs?: number;
  /** Aborting tells the agent (notifications/cancelled) and rejects with `cancelled`. */
  readonly signal?: AbortSignal;
}

/** One agent: a legacy session, or the caller of a single modern request. */
export interface AgentSession {
  /** Random; never an authentication. For modern callers derived from principal and client. */
  readonly id: string;
  readonly era: Era;
  readonly principal: Principal;
  readonly client: { readonly name: string; readonly version: string };
  /** Raw `clientInfo` as the agent sent it. */
  readonly clientInfo: RawJson;
  /** Raw capabilities the agent declared. */
  readonly capabilities: RawJson;
  /** The revision it speaks. */
  readonly protocolVersion: string;
  /** Unsolicited notification: the GET stream of a legacy session, matching listen streams of a modern caller. */
  notify(method: string, params?: RawJson): void;
  /** As `AgentRequest.congestion`, for what `notify` sends. */
  congestion(): Promise<void> | undefined;
  /**
   * Asks the agent something that belongs to no request of its own (legacy: on the GET stream).
   * A JSON-RPC error is an answer. Only ask what `capabilities` declare.
   * @throws AgentRequestError
   */
  request(method: string, params?: RawJson, options?: AgentRequestOptions): Promise<RawReply>;
}

/** One request of an agent, whatever the era. */
export interface AgentRequest {
  readonly session: AgentSession;
  readonly method: string;
  /** Raw `params`; undefined when absent. */
  readonly params: RawJson | undefined;
  /** Aborted when the agent cancels (legacy: notifications/cancelled; modern: closing the response). */
  readonly signal: AbortSignal;
  /**
   * What the header of this name (in lower case) says the body holds, decoded: undefined when it was not sent, null when
   * it is malformed. Left out for requests that repeat nothing in headers (legacy era).
   */
  readonly mirror?: ((header: string) => string | null | undefined) | undefined;
  /** Sends a notification on this request's own stream. */
  notify(method: string, params?: RawJson): void;
  /**
   * While the agent leaves too much unread of what `notify` sends, resolves when more may be sent: it read, its stream was
   * cut off because it read nothing for too long (`stalledMs`), or nothing more comes by it. Undefined when more may be sent now.
   */
  congestion(): Promise<void> | undefined;
  /**
   * Asks the agent something on this request's own stream, before its answer. Rejected with `cancelled` when this
   * request ends first.
   * @throws AgentRequestError
   */
  request(method: string, params?: RawJson, options?: AgentRequestOptions): Promise<RawReply>;
}

/** Everything behind the endpoint. Downstream knows transports, eras and sessions; this knows the product. */
export interface AgentHandler {
  /** Answers one request. A thrown error becomes a generic -32603 without detail. */
  handle(request: AgentRequest): RawReply | Promise<RawReply>;
  /** What `initialize` or `server/discover` declares: raw `capabilities`, and `instructions` for this principal. */
  describe(principal: Principal, era: Era): { readonly capabilities: RawJson; readonly instructions: string | undefined };
  /** A session was opened or ended. */
  opened(session: AgentSession): void;
  closed(session: AgentSession): void;
  /** A notification of a legacy agent other than `notifications/cancelled`, such as roots/list_changed. */
  notified?(session: AgentSession, method: string, params: RawJson | undefined): void;
  /**
   * One more stream of a modern caller is about to listen to these tasks. Resolves with those it will be told of
   * (`notifications/tasks`), until as many `unhear`. Never rejects.
   */
  hear?(session: AgentSession, taskIds: ReadonlySet<string>): Promise<ReadonlySet<string>>;
  /** One stream less listens to these. */
  unhear?(session: AgentSession, taskIds: ReadonlySet<string>): void;
  /** The resource URIs a modern caller listens to, all its streams together, changed. */
  listening?(session: AgentSession, uris: ReadonlySet<string>): void;
}

/** Decides who a bearer token belongs to. Constant-time; undefined means refuse. A promise never rejects. */
export interface Authenticator {
  authenticate(authorization: string | undefined): Principal | undefined | Promise<Principal | undefined>;
}

/** Where the endpoint listens. */
export interface Endpoint {
  readonly url: string;
  readonly port: number;
}
