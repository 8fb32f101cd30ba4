import type { Digest, ServerName } from '../model.ts';
import { definitionKey, restored, type DefinitionBefore, type LaunchesBefore } from './approvals.ts';
import type { ApprovalState } from './approval-state.ts';
import { withLockDecisions, type LockDecision } from './lock-decisions.ts';
import type { DecisionSummary, Decided } from './types.ts';

/** A decision that can be undone: what it was about, and what stood there before. */
export interface PastDecision {
  readonly id: string;
  readonly action: Decided;
  readonly at: number;
  readonly by: string;
  readonly definitions: readonly DefinitionBefore[];
  readonly launches: readonly LaunchesBefore[];
  readonly lock: { readonly file: string; readonly was: readonly LockDecision[] } | undefined;
  /** Digest of the launch or lock content it was about. */
  readonly digest: Digest | undefined;
}

/** How many decisions can be undone, one after another. */
export const MAX_HISTORY = 16;

/** Remembers a decision. */
export function withPast(history: readonly PastDecision[], past: PastDecision): readonly PastDecision[] {
  return [...history, past].slice(-MAX_HISTORY);
}

/** A decision as others may know it. */
export function summaryOf({ id, action, at, by, definitions, launches, digest }: PastDecision): DecisionSummary {
  return { id, action, at, by, refs: definitions.map(({ ref }) => ref), server: launches[0]?.server, digest };
}

/**
 * Puts back what stood before a decision. Undefined when something it was about was decided anew since: what a person
 * decided later stays.
 */
export function undone(state: ApprovalState, id: string): ApprovalState | undefined {
  const index = state.history.findIndex((past) => past.id === id);
  const past = state.history[index];
  if (past === undefined) return undefined;
  const mine = new Set(subjectsOf(past));
  if (state.history.slice(index + 1).some((later) => subjectsOf(later).some((subject) => mine.has(subject)))) return undefined;
  return {
    servers: restored(state.servers, past.definitions, past.launches),
    locks: past.lock === undefined ? state.locks : withLockDecisions(state.locks, past.lock.file, past.lock.was),
    rules: state.rules,
    inspections: state.inspections,
    history: state.history.filter((other) => other !== past),
  };
}

function subjectsOf({ definitions, launches, lock }: PastDecision): readonly string[] {
  const subject = (kind: string, server: ServerName, key: string): string => JSON.stringify([kind, server, key]);
  return [
    ...definitions.map(({ ref }) => subject('definition', ref.server, definitionKey(ref.kind, ref.name))),
    ...launches.map(({ server }) => subject('launch', server, '')),
    ...(lock === undefined ? [] : [subject('lock', lock.file, '')]),
  ];
}
