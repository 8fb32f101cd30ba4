import { messageOf, VestibuleError, type VestibuleErrorReason } from '../errors.ts';
import type { FailureCode, UpstreamFailure } from './types.ts';

const EVIDENCE_LINES = 24;
const EVIDENCE_LENGTH = 1_000;

/** A launch, handshake or transport failure of an upstream, with what was seen. Evidence is untrusted text. */
export class UpstreamError extends VestibuleError {
  readonly evidence: readonly string[];
  readonly code: FailureCode;
  /** The address to use instead, where the server named one. */
  readonly instead: string | undefined;

  /** @param options.code what failed, where the reason does not say it all */
  constructor(
    reason: VestibuleErrorReason,
    message: string,
    options: { readonly action: string; readonly code?: FailureCode; readonly evidence?: readonly string[]; readonly instead?: string | undefined; readonly cause?: unknown },
  ) {
    super(reason, message, options);
    this.code = options.code ?? codeOf(reason);
    this.instead = options.instead;
    this.evidence = (options.evidence ?? []).slice(-EVIDENCE_LINES).map((line) => excerpt(line, EVIDENCE_LENGTH));
  }
}

/**
 * The typed failure of anything that a connection attempt can throw.
 * @param redact takes secrets out of what the server or the system said
 */
export function failureOf(error: unknown, redact: (text: string) => string = (text) => text): UpstreamFailure {
  if (VestibuleError.is(error)) {
    const known = error instanceof UpstreamError ? error : undefined;
    return {
      reason: error.reason,
      code: known?.code ?? codeOf(error.reason),
      ...(known?.instead !== undefined && { instead: known.instead }),
      message: redact(error.message),
      action: error.action,
      evidence: (known?.evidence ?? []).map(redact),
    };
  }
  return {
    reason: 'launch-failed',
    code: 'launch-failed',
    message: redact(messageOf(error)),
    action: 'Look at the log of this server, then restart it.',
    evidence: [],
  };
}

function codeOf(reason: VestibuleErrorReason): FailureCode {
  switch (reason) {
    case 'command-not-found':
    case 'exited-early':
    case 'handshake-failed':
    case 'handshake-timeout':
    case 'connection-failed':
    case 'http-status':
    case 'bad-url':
    case 'unknown-variable':
    case 'missing-input':
    case 'bad-config':
    case 'launch-not-approved':
      return reason;
    case 'auth-required':
      return 'sign-in-required';
    default:
      return 'launch-failed';
  }
}

/** The error of a connection attempt that a person ended. */
export function stoppedWhileStarting(): VestibuleError {
  return new VestibuleError('disposed', 'The server was stopped while it was starting.', { action: 'Use it again to start it.' });
}

/** `text` cut to `limit` characters, marked where something is left out. */
export function excerpt(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit)}…`;
}
