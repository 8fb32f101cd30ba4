import { messageOf, VestibuleError, type VestibuleErrorReason } from '../errors.ts';
import type { UpstreamFailure } from './types.ts';

const EVIDENCE_LINES = 24;
const EVIDENCE_LENGTH = 1_000;

/** A launch, handshake or transport failure of an upstream, with what was seen. Evidence is untrusted text. */
export class UpstreamError extends VestibuleError {
  readonly evidence: readonly string[];

  constructor(
    reason: VestibuleErrorReason,
    message: string,
    options: { readonly action: string; readonly evidence?: readonly string[]; readonly cause?: unknown },
  ) {
    super(reason, message, options);
    this.evidence = (options.evidence ?? []).slice(-EVIDENCE_LINES).map((line) => excerpt(line, EVIDENCE_LENGTH));
  }
}

/** The typed failure of anything that a connection attempt can throw. */
export function failureOf(error: unknown): UpstreamFailure {
  if (error instanceof VestibuleError) {
    return {
      reason: error.reason,
      message: error.message,
      action: error.action,
      evidence: error instanceof UpstreamError ? error.evidence : [],
    };
  }
  return {
    reason: 'launch-failed',
    message: messageOf(error),
    action: 'Look at the log of this server, then restart it.',
    evidence: [],
  };
}

/** The error of a connection attempt that a person ended. */
export function stoppedWhileStarting(): VestibuleError {
  return new VestibuleError('disposed', 'The server was stopped while it was starting.', { action: 'Use it again to start it.' });
}

/** `text` cut to `limit` characters, marked where something is left out. */
export function excerpt(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit)}…`;
}
