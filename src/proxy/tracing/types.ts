import type { OutcomeKind, Route } from '../journal/types.ts';

/** A call as its span begins. */
export interface CallStart {
  /** Milliseconds since epoch. */
  readonly startedAt: number;
  /** `traceparent` of the agent's request, as it came. */
  readonly traceparent: string | undefined;
  readonly requested: string;
  readonly route: Route;
  readonly agent: string;
  readonly session: string;
}

/** How it ended. Nothing of arguments and results. */
export interface CallEnd {
  readonly server: string | undefined;
  readonly tool: string | undefined;
  readonly outcome: OutcomeKind;
  readonly code: string | undefined;
}

/** The span of one call. */
export interface CallSpan {
  /** What the upstream is to continue. */
  readonly traceparent: string;
  end(end: CallEnd): void;
}

/** Makes spans of calls and sends them off. */
export interface CallTracer {
  start(call: CallStart): CallSpan;
  /** Sends what is left, within `ms` milliseconds. Never rejects. */
  close(ms: number): Promise<void>;
}
