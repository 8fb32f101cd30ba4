/**
 * Codes an agent can see in `_meta["vestibule/error"].code` (contract §6). They are wire format: never rename one.
 */
export type AgentErrorCode =
  | 'unknown_tool'
  | 'awaiting_approval'
  | 'blocked'
  | 'not_permitted'
  | 'paused'
  | 'invalid_arguments'
  | 'consent_declined'
  | 'rate_limited'
  | 'overloaded'
  | 'circuit_open'
  | 'timeout'
  | 'upstream_unavailable'
  | 'auth_required'
  | 'too_large'
  | 'ambiguous'
  | 'internal';

/** What went wrong on our own side of the house, by reason; every one is shown to a person with its fix. */
export type VestibuleErrorReason =
  | 'bad-config'
  | 'unknown-variable'
  | 'missing-input'
  | 'cannot-bind'
  | 'data-folder-locked'
  | 'data-folder-unreadable'
  | 'corrupt-file'
  | 'usage'
  | 'not-found'
  | 'stale-decision'
  | 'command-not-found'
  | 'launch-failed'
  | 'launch-not-approved'
  | 'exited-early'
  | 'handshake-failed'
  | 'handshake-timeout'
  | 'connection-failed'
  | 'http-status'
  | 'auth-required'
  | 'sign-in-failed'
  | 'bad-url'
  | 'bad-json'
  | 'too-large'
  | 'bad-bundle'
  | 'disposed';

/** A position in a text file, both counted from 1. */
export interface FilePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** An error a person can act on: `message` says what happened, `action` what to do next. */
export class VestibuleError extends Error {
  override readonly name = 'VestibuleError';
  readonly reason: VestibuleErrorReason;
  /** The next step for the person who reads this, as an imperative sentence. */
  readonly action: string;
  readonly at: FilePosition | undefined;

  constructor(
    reason: VestibuleErrorReason,
    message: string,
    options: { readonly action: string; readonly at?: FilePosition | undefined; readonly cause?: unknown },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.reason = reason;
    this.action = options.action;
    this.at = options.at;
  }

  /**
   * True when `error` is a VestibuleError, and of `reason` if one is given. Known by its shape: each bundle has a class
   * of its own, and errors cross from one to the other.
   */
  static is(error: unknown, reason?: VestibuleErrorReason): error is VestibuleError {
    if (!(error instanceof Error) || error.name !== 'VestibuleError' || !('reason' in error)) return false;
    return reason === undefined || error.reason === reason;
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
