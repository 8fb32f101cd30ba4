/** Every bound of the agent side, in one place (contract §3; security N9, N10, N16). Tests shorten the times. */
export interface ListenerLimits {
  /** Bytes of one request body. */
  readonly bodyBytes: number;
  /** Bytes of all request headers together. */
  readonly headerBytes: number;
  readonly jsonDepth: number;
  /** Milliseconds for a client to finish its headers, and its whole request. */
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** How often the two timeouts above are looked at. */
  readonly checkIntervalMs: number;
  /** Milliseconds an idle connection is kept for its next request. */
  readonly keepAliveTimeoutMs: number;
  readonly connections: number;
  readonly sessions: number;
  /** Event streams open at once in one legacy session. */
  readonly streamsPerSession: number;
  /** Listen streams open at once for one modern caller; several windows of one client are one caller. */
  readonly listensPerCaller: number;
  /** Requests of one session, or one modern caller, that await their answer. */
  readonly inFlightPerSession: number;
  /** Requests of ours that one agent may leave unanswered at once, and for how long. */
  readonly agentRequests: number;
  readonly agentRequestTimeoutMs: number;
  /** Milliseconds without request or open stream until a session ends, and how often that is looked at. */
  readonly idleMs: number;
  readonly sweepMs: number;
  /** Milliseconds a POST waits silently before its response starts, so that clients do not time out. */
  readonly silentMs: number;
  /** Milliseconds between signs of life on a response that has started. */
  readonly keepAliveMs: number;
  /** Bytes a slow reader may leave unread on one stream before what it hears is held up, where it can be. */
  readonly heldBytes: number;
  /** Milliseconds it may take nothing at all while something is held up for it; then its stream is cut off. */
  readonly stalledMs: number;
  /** Bytes a slow reader may leave unread on one stream before it is cut off. */
  readonly backlogBytes: number;
  /** Bytes of long answers that one principal may leave unread, all of its connections together. */
  readonly unreadBytes: number;
  /** What one stream remembers for a client that reconnects, and how many lost streams are remembered. */
  readonly replayEvents: number;
  readonly replayBytes: number;
  readonly lostStreams: number;
  /** What a client is told to wait before it reconnects. */
  readonly retryMs: number;
}

const MINUTE = 60_000;

export const DEFAULT_LIMITS: ListenerLimits = {
  bodyBytes: 4 * 1024 * 1024,
  headerBytes: 16 * 1024,
  jsonDepth: 64,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  checkIntervalMs: 2_000,
  keepAliveTimeoutMs: 30_000,
  connections: 2_048,
  sessions: 64,
  streamsPerSession: 32,
  listensPerCaller: 32,
  inFlightPerSession: 256,
  agentRequests: 64,
  agentRequestTimeoutMs: 10 * MINUTE,
  idleMs: 30 * MINUTE,
  sweepMs: MINUTE,
  silentMs: 10_000,
  keepAliveMs: 15_000,
  heldBytes: 256 * 1024,
  stalledMs: MINUTE,
  backlogBytes: 4 * 1024 * 1024,
  // Four of the longest.
  unreadBytes: 64 * 1024 * 1024,
  replayEvents: 256,
  replayBytes: 256 * 1024,
  lostStreams: 4,
  retryMs: 1_000,
};
