import type { AgentErrorCode } from '../errors.ts';
import type { CatalogTool } from '../catalog/types.ts';
import type { AskAgent } from '../consent/types.ts';
import type { OutcomeKind, Route } from '../journal/types.ts';
import type { AnswerRules } from './answer-rules.ts';
import type { Digest, Principal, RawJson, RawNotification, RawReply, ServerName } from '../model.ts';

/** The agent session a call belongs to, as far as the pipeline needs it. */
export interface CallSession {
  readonly id: string;
  /** Client name and version as declared; for the journal. */
  readonly client: string;
  /**
   * The way to an upstream for this agent and this very request, connected if need be; a promise only where that takes time.
   * @param atOnce nobody can wait for a task: the upstream is told so
   * @throws VestibuleError with a launch, handshake or transport reason; `not-found` when there is no such upstream
   */
  connect(server: ServerName, atOnce?: boolean): UpstreamLink | Promise<UpstreamLink>;
  /** Asks the person at this agent whether a call is allowed, by this very request; left out where it cannot. */
  readonly askConsent?: AskAgent | undefined;
  /** True where the agent's request holds more than a name, arguments and `_meta`: a task, answers to questions. */
  readonly hasMore?: boolean;
  /** Raw `requestState`, when the agent repeats a call that an upstream answered with questions (2026-07-28). */
  readonly continues?: RawJson | undefined;
}

/** A live way from one request of an agent to one upstream. */
export interface UpstreamLink {
  /** True when the definition of this digest is in what this very connection listed last (security D6). */
  offers(digest: Digest): boolean;
  /**
   * Sends a request for the agent and resolves with the raw answer; a JSON-RPC error is an answer. What the agent's
   * request holds beyond the protocol's own members goes along.
   * @param params raw object without the members that are the relay's to add
   * @throws UpstreamCallError
   */
  request(method: string, params: RawJson, options: LinkOptions): Promise<RawReply>;
}

/** Side channels of one request; see `CallOptions` of the upstream room. */
export interface LinkOptions {
  readonly signal: AbortSignal;
  /** Silence is no reason to give up. */
  readonly patient?: boolean | undefined;
  readonly onProgress?: ((params: RawJson) => void) | undefined;
  readonly onNotification?: ((notification: RawNotification) => void) | undefined;
  /** The server asks the agent, its model or its person something in the course of it; false refuses that. */
  readonly asks?: (() => boolean) | undefined;
  /** Takes note of what was found in notifications and questions that came with the request, by code and place. */
  readonly found?: ((finding: string) => void) | undefined;
  /** Header fields for an upstream that takes parameters there too (2026-07-28, Streamable HTTP). */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** A tool call on its way. Stages fill `tool`, `argumentsText` and `findings`; everything else is fixed. */
export interface Call {
  readonly id: string;
  /** `id` of the call this one was made within; set for those of code. */
  readonly parent?: string | undefined;
  /** Milliseconds since epoch. */
  readonly startedAt: number;
  /** `performance.now()` at the same moment; durations are differences of it. */
  readonly startedTick: number;
  readonly route: Route;
  readonly principal: Principal;
  readonly session: CallSession;
  /** Tool id or exposed name as the agent wrote it. */
  readonly requested: string;
  /** Set when the caller may only use read-only tools (`call_tool_read`). */
  readonly readOnly: boolean;
  /** Raw `arguments`; undefined when the agent sent none. */
  argumentsText: RawJson | undefined;
  /** Raw `_meta` of the agent's request, if any; relayed but for what the leg owns. */
  readonly meta: RawJson | undefined;
  /** `gate` adds a person's cancelling to the agent's. */
  signal: AbortSignal;
  readonly onProgress: ((params: RawJson) => void) | undefined;
  readonly onNotification: ((notification: RawNotification) => void) | undefined;
  /** Set by `resolve`; `route` may put the same tool of another server in its place. */
  tool: CatalogTool | undefined;
  /** The server whose tool was asked for, where another took the call. */
  insteadOf?: ServerName;
  findings: string[];
  /** True while somebody is asked whether to allow it, and once its server asked something: that it takes long says nothing. */
  waitsForPerson?: boolean;
  /** What its caller has paid for it so far: it pays once, however many servers are tried. Copies share it. */
  readonly paid: { rates: boolean; budget: boolean };
  /** What is done with its answer, as it stood when the call began; left out, as it stands then. */
  readonly answerRules?: AnswerRules | undefined;
  /** `performance.now()` at which each inbound stage first got the call, and each outbound one; set by the pipeline. */
  timing?: { readonly entered: number[]; readonly left: number[] } | undefined;
}

/** How a call ended. `reply` is what the agent gets: a raw result, or a raw JSON-RPC error of the upstream's. */
export interface Outcome {
  readonly kind: OutcomeKind;
  readonly code: AgentErrorCode | undefined;
  readonly reply: { readonly result: RawJson } | { readonly error: RawJson };
  readonly truncated: boolean;
  /** Of a truncated result: where the whole is kept, if it is, and its bytes. */
  readonly whole?: { readonly key: string | undefined; readonly bytes: number };
}

/** Sends the call on, or another one in its place that is like it. */
export type Next = (instead?: Call) => Promise<Outcome>;

/**
 * A step before the answer. Returning without `next()` ends the call there. One that has nothing to do with a call
 * returns `next()` itself: being `async` for nothing costs each call more than the rest of such a stage.
 */
export interface InboundStage {
  readonly name: string;
  readonly phase: 'in';
  run(call: Call, next: Next): Promise<Outcome>;
}

/** A step after the answer; runs for every outcome, refusals included. */
export interface OutboundStage {
  readonly name: string;
  readonly phase: 'out';
  run(call: Call, outcome: Outcome): Outcome | Promise<Outcome>;
}

export type Stage = InboundStage | OutboundStage;
