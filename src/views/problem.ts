import { messageOf } from '../proxy/errors.ts';
import { t } from './l10n.ts';
import { inTheirLanguage } from './present/reasons.ts';

/** What went wrong and what to do next, ready for a person. */
export interface Problem {
  readonly message: string;
  readonly action: string;
}

/**
 * Reads anything thrown. Core errors arrive from another bundle, where `instanceof` does not hold, so they are known
 * by their shape.
 */
export function problemOf(error: unknown): Problem {
  const message = messageOf(error);
  if (error instanceof Error && error.name === 'VestibuleError' && 'action' in error && typeof error.action === 'string') {
    return { message: inTheirLanguage('reason' in error ? error.reason : undefined, message), action: error.action };
  }
  return { message, action: t('Open the Vestibule log for details.') };
}

/** True when a decision came too late: what was shown is no longer what is there. */
export function isStaleDecision(error: unknown): boolean {
  return error instanceof Error && 'reason' in error && error.reason === 'stale-decision';
}
