import type { Digest } from '../model.ts';
import type { Decision } from './approvals.ts';

/*
 * What a person decided about the content of lock files, as plain immutable data. A decision binds to one content of
 * one file; content it was not made about counts for nothing.
 */

/** A decision about one content of a lock file; `digest` is that of the content. */
export interface LockDecision extends Decision {
  readonly decision: 'accepted' | 'declined';
  /** Fingerprints of the launches that were shown: of all the lock names, only these are approved by it. */
  readonly launches: readonly Digest[];
}

/** By absolute path of the lock file, decisions oldest first. */
export type LockDecisions = ReadonlyMap<string, readonly LockDecision[]>;

/** Only the newest are kept; what is forgotten is asked about again. */
export const MAX_LOCK_DECISIONS = 16;
export const MAX_LOCK_FILES = 200;

export const NO_LOCK_DECISIONS: LockDecisions = new Map();

/** What was decided about this content of this file. */
export function lockDecision(decisions: LockDecisions, file: string, digest: Digest): LockDecision | undefined {
  return decisions.get(file)?.find((decision) => decision.digest === digest);
}

/** The newest content of this file that was accepted. */
export function lastAccepted(decisions: LockDecisions, file: string): LockDecision | undefined {
  return decisions.get(file)?.findLast(({ decision }) => decision === 'accepted');
}

/** Adds a decision, in place of an earlier one about the same content. */
export function withLockDecision(decisions: LockDecisions, file: string, decision: LockDecision): LockDecisions {
  const others = (decisions.get(file) ?? []).filter(({ digest }) => digest !== decision.digest);
  return withLockDecisions(decisions, file, [...others, decision].slice(-MAX_LOCK_DECISIONS));
}

/** Puts all decisions about a file in place of what there is; the file counts as the newest. */
export function withLockDecisions(decisions: LockDecisions, file: string, list: readonly LockDecision[]): LockDecisions {
  const next = new Map(decisions);
  next.delete(file);
  if (list.length > 0) next.set(file, list);
  return new Map([...next].slice(-MAX_LOCK_FILES));
}
