import type { Era, Principal, RawJson, RawReply } from '../model.ts';

/** One agent: a legacy session, or the caller of a single modern request. */
export interface AgentSession {
  /** Random; never an authentication. For modern callers derived from principal and client. */
  readonly id: string;
  readonly era: Era;
  readonly principal: Principal;
  readonly client: { readonly name: string; readonly version: string };
  /** Raw capabilities the agent declared. */
  readonly capabilities: RawJson;
  /** Unsolicited notification: the GET stream of a legacy session, matching listen streams of a modern caller. */
  notify(method: string, params?: RawJson): void;
}

/** One request of an agent, whatever the era. */
export interface AgentRequest {
  readonly session: AgentSession;
  readonly method: string;
  /** Raw `params`; undefined when absent. */
  readonly params: RawJson | undefined;
  /** Aborted when the agent cancels (legacy: notifications/cancelled; modern: closing the response). */
  readonly signal: AbortSignal;
  /** Sends a notification on this request's own stream. */
  notify(method: string, params?: RawJson): void;
}

/** Everything behind the endpoint. Downstream knows transports, eras and sessions; this knows the product. */
export interface AgentHandler {
  /** Answers one request. A thrown error becomes a generic -32603 without detail. */
  handle(request: AgentRequest): Promise<RawReply>;
  /** What `initialize` and `server/discover` declare: raw `capabilities`, and `instructions` for this principal. */
  describe(principal: Principal): { readonly capabilities: RawJson; readonly instructions: string | undefined };
  /** A session was opened or ended. */
  opened(session: AgentSession): void;
  closed(session: AgentSession): void;
}

/** Decides who a bearer token belongs to. Constant-time; undefined means refuse. */
export interface Authenticator {
  authenticate(authorization: string | undefined): Principal | undefined;
}

/** Where the endpoint listens. */
export interface Endpoint {
  readonly url: string;
  readonly port: number;
}
