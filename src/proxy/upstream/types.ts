import type { Disposable, Event } from '../events.ts';
import type { ResolvedTransport, UpstreamConfig } from '../config/types.ts';
import type { EraMemory } from './eras.ts';
import type { Neighbours } from './neighbours.ts';
import type { SignInCode, UpstreamKeys } from './keys.ts';
import type { Era, RawJson, RawNotification, RawReply, ServerName } from '../model.ts';

/** What an upstream said of itself in `initialize` or `server/discover`. Untrusted text. */
export interface UpstreamInfo {
  readonly era: Era;
  readonly protocolVersion: string;
  readonly name: string;
  readonly version: string;
  readonly title: string | undefined;
  /** Raw `capabilities` object. */
  readonly capabilities: RawJson;
  /** The `instructions` string, undecoded by us: JSON text, or undefined when absent. */
  readonly instructions: RawJson | undefined;
}

/** Side channels and limits of one request to an upstream. */
export interface CallOptions {
  /** Milliseconds without answer or progress before the request is cancelled with `timeout`. */
  readonly timeoutMs: number;
  /** Milliseconds in all, progress or not. */
  readonly maxTimeoutMs: number;
  /** Aborting cancels the request at the upstream (notifications/cancelled, or closing a modern response). */
  readonly signal?: AbortSignal;
  /**
   * Called for every `notifications/progress` of this request; `params` still holds our token under
   * `progressToken`. Its presence makes the leg add a token of its own to `_meta.progressToken`.
   */
  readonly onProgress?: (params: RawJson) => void;
  /** Called for other notifications that belong to this request: they came by its stream, or in no other's time. */
  readonly onNotification?: (notification: RawNotification) => void;
  /** Answers what the upstream asks in the course of this request. The request's clock stands still meanwhile. */
  readonly onRequest?: ClientRequestHandler;
  /** As `AgentRequest.congestion`, for who is told of progress and notifications. */
  readonly congestion?: () => Promise<void> | undefined;
  /** What a request of the modern era says of its sender; us when left out. */
  readonly sender?: Sender;
  /** More header fields of a request of the modern era, names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Something an upstream asks of its client. */
export interface ClientRequest {
  readonly method: string;
  readonly params: RawJson | undefined;
  /** Aborted when the upstream withdraws it, or the connection ends. */
  readonly signal: AbortSignal;
}

/** A JSON-RPC error is an answer. What is thrown becomes a generic error. */
export type ClientRequestHandler = (request: ClientRequest) => Promise<RawReply>;

/** Who a connection, or one request of the modern era, speaks for. */
export interface Sender {
  /** Raw `clientInfo`. */
  readonly clientInfo: RawJson | undefined;
  /** Raw capabilities: what the sender can be asked. */
  readonly capabilities: RawJson;
  /** Raw `logLevel`: the least severe log messages wanted; undefined for none (modern era). */
  readonly logLevel?: RawJson | undefined;
}

/** What a connection declares to its server. */
export interface ConnectionProfile extends Sender {
  readonly clientInfo: RawJson;
  /** Which era is tried first; the other follows when the server does not speak it. */
  readonly prefer: Era;
  /** The revision `initialize` offers. */
  readonly protocolVersion: string;
}

/** Why a request got no answer. `sent` decides between "did not happen" and "nobody knows" (house rule 7). */
export class UpstreamCallError extends Error {
  override readonly name = 'UpstreamCallError';
  readonly kind: 'timeout' | 'cancelled' | 'connection-lost' | 'too-large' | 'bad-answer' | 'http-status' | 'session-lost' | 'auth-required';
  /** True once any byte of the request may have reached the upstream. */
  readonly sent: boolean;
  readonly status: number | undefined;

  constructor(
    kind: UpstreamCallError['kind'],
    message: string,
    options: { readonly sent: boolean; readonly status?: number; readonly cause?: unknown },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.sent = options.sent;
    this.status = options.status;
  }
}

/** One live, negotiated connection to an upstream. */
export interface UpstreamConnection {
  readonly info: UpstreamInfo;
  /** True once nothing can be sent any more. */
  readonly closed: boolean;
  /** Notifications that belong to no request. */
  readonly onNotification: Event<RawNotification>;
  readonly onClose: Event<{ readonly reason: string }>;
  /**
   * Sends a request and resolves with the raw answer; a JSON-RPC error is an answer.
   * `params` is relayed as given but for `_meta` members the leg must own (progress token, modern envelope).
   * @throws UpstreamCallError
   */
  call(method: string, params: RawJson | undefined, options: CallOptions): Promise<RawReply>;
  notify(method: string, params?: RawJson): void;
  /** Answers what the upstream asks and no request of ours is known to be the cause of. Unset: answered `-32601`. */
  onRequest: ClientRequestHandler | undefined;
  /**
   * Set for a connection that one agent alone has: as `AgentRequest.congestion`, for what belongs to no request. All its
   * streams may be held up for that agent; of others only the stream of a request that has one to itself.
   */
  congestion: (() => Promise<void> | undefined) | undefined;
  close(): Promise<void>;
}

/** What an upstream offers, exactly as received: one raw JSON text per definition. */
export interface Listing {
  readonly info: UpstreamInfo;
  /** The connection it came by: each may be told something else (security D6). */
  readonly source: { readonly closed: boolean };
  readonly tools: readonly RawJson[];
  readonly prompts: readonly RawJson[];
  readonly resources: readonly RawJson[];
  readonly templates: readonly RawJson[];
}

export type UpstreamState =
  | { readonly kind: 'disabled' }
  /** Its launch awaits approval: nothing is spawned or dialled. */
  | { readonly kind: 'quarantined' }
  /** Not running; starts on first use. */
  | { readonly kind: 'idle' }
  /** Being started, perhaps once more after a failure. */
  | { readonly kind: 'starting'; readonly after?: UpstreamFailure }
  | { readonly kind: 'ready'; readonly info: UpstreamInfo }
  /** Failed; the supervisor tries again at `retryAt` (ms since epoch) or on use. Never gives up. */
  | { readonly kind: 'failed'; readonly error: UpstreamFailure; readonly retryAt: number | undefined }
  | { readonly kind: 'sign-in-needed'; readonly error?: UpstreamFailure }
  | { readonly kind: 'needs-input'; readonly input: string };

/** What failed, finer than the reason; stable, for people to look up and programs to match (docs/doctor.md). */
export type FailureCode =
  | SignInCode
  | 'command-not-found'
  | 'launch-failed'
  | 'exited-early'
  | 'stdout-noise'
  | 'handshake-timeout'
  | 'handshake-failed'
  | 'not-mcp'
  | 'bad-url'
  | 'connection-refused'
  | 'connection-failed'
  | 'http-redirect'
  | 'http-not-found'
  | 'http-server-error'
  | 'http-status'
  | 'name-not-resolved'
  | 'tls-not-spoken'
  | 'tls-untrusted'
  | 'tls-expired'
  | 'tls-wrong-name'
  | 'proxy-sign-in'
  | 'sign-in-required'
  | 'access-denied'
  | 'unknown-variable'
  | 'missing-input'
  | 'bad-config'
  | 'launch-not-approved'
  | 'gateway-loop';

/** A typed launch, handshake or transport failure with what a person should do. */
export interface UpstreamFailure {
  readonly reason: string;
  readonly code: FailureCode;
  /** The address to use instead, where the server named one. */
  readonly instead?: string | undefined;
  readonly message: string;
  readonly action: string;
  /** Last lines of stderr, or what was looked for where; escaped for display by whoever shows it. */
  readonly evidence: readonly string[];
}

/** One line of an upstream's own log: its stderr, protocol notes and lifecycle. */
export interface UpstreamLogLine {
  readonly at: number;
  readonly server: ServerName;
  readonly source: 'stderr' | 'stdout-noise' | 'lifecycle' | 'protocol';
  readonly text: string;
}

/** Who a supervised connection belongs to: takes what the upstream says and asks on its own. */
export interface UpstreamPeer {
  /** Answers what no request of ours is known to be the cause of. */
  readonly asked?: ClientRequestHandler;
  /** A notification that belongs to no request. */
  notified(notification: RawNotification): void;
  /** As `UpstreamConnection.congestion`. */
  readonly congestion?: () => Promise<void> | undefined;
  /** A connection was made and listed; it is used once this resolves. What is thrown is logged. */
  connected?(connection: UpstreamConnection): Promise<void>;
}

/** A supervised upstream: starts lazily, restarts with backoff, stops when idle. */
export interface Upstream extends Disposable {
  readonly config: UpstreamConfig;
  readonly state: UpstreamState;
  readonly onDidChangeState: Event<UpstreamState>;
  /** The live connection, if there is one. */
  readonly connection: UpstreamConnection | undefined;
  /** Requests that wait for an answer. */
  readonly inFlight: number;
  /** A fresh, complete listing: after each connect and each (debounced) list_changed. */
  readonly onListing: Event<Listing>;
  /**
   * The live connection, started if need be. A fresh connection is listed first: when this resolves, `onListing`
   * has fired for it.
   * @throws VestibuleError with a launch, handshake or transport reason
   */
  connect(): Promise<UpstreamConnection>;
  /** As `connect`, where nothing has to be waited for: undefined otherwise. */
  use(): UpstreamConnection | undefined;
  /** Connects if need be and lists anew; resolves after `onListing` has fired. @throws as `connect` */
  refresh(): Promise<void>;
  /**
   * Hears of changes of a resource from now on, also over later connections; they arrive as notifications. Resolves
   * with the server's answer. @throws as `connect`, UpstreamCallError
   */
  watch(uri: string): Promise<RawReply>;
  /** Hears of them no more. @throws as `watch` */
  unwatch(uri: string): Promise<RawReply>;
  /**
   * Hears of a task from now on, also over later connections (modern era, SEP-2663); as notifications. Resolves with
   * whether the server says that it tells of it. @throws as `connect`
   */
  watchTask(taskId: string): Promise<boolean>;
  /** Hears of it no more. */
  unwatchTask(taskId: string): void;
  restart(): Promise<void>;
  stop(): Promise<void>;
  /** Stops unless somebody waits for an answer or for changes. */
  retire(): void;
}

/** What a supervisor needs from the rest of the house. */
export interface UpstreamDeps {
  /** Decides, right before each spawn or dial, whether this launch is approved (contract §5). */
  launchApproved(config: UpstreamConfig): boolean;
  /** Takes secrets out of the evidence of a failure; left out where nothing is known to be one. */
  redact?(text: string): string;
  /** Resolves `${…}` and envFile at launch. @throws VestibuleError `unknown-variable`, `missing-input` */
  resolve(config: UpstreamConfig): Promise<ResolvedTransport>;
  log(line: UpstreamLogLine): void;
  /** Folder for the launched-process record, from which the next start sweeps orphans. */
  readonly stateDir: string;
  readonly clientVersion: string;
  /** Which eras servers speak; each is asked anew without it. */
  readonly eras?: EraMemory;
  /** Tells gateways that lead back here; without it none is told. */
  readonly neighbours?: Neighbours;
  /** Access tokens of HTTP upstreams; none without. */
  readonly keys?: Pick<UpstreamKeys, 'credentialsFor' | 'problemOf'>;
}
