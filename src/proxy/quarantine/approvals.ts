import type { ApprovalStatus, Digest, ServerName } from '../model.ts';
import type { DefinitionKind, DefinitionRef } from './types.ts';

/*
 * Approvals as plain immutable data, and the only functions that change them. Nothing here derives an approval from
 * anything but an explicit one of that very digest (invariants I1, I2).
 */

/** One decision about one digest. */
export interface Decision {
  readonly digest: Digest;
  /** Milliseconds since epoch. */
  readonly at: number;
  readonly by: string;
}

/** Decisions about one definition, oldest first. No digest is in both lists. */
export interface DefinitionDecisions {
  readonly approved: readonly Decision[];
  readonly blocked: readonly Decision[];
}

export interface ServerDecisions {
  /** Approved launch fingerprints, oldest first. */
  readonly launches: readonly Decision[];
  readonly definitions: ReadonlyMap<string, DefinitionDecisions>;
}

export type Approvals = ReadonlyMap<ServerName, ServerDecisions>;

/** Only the newest decisions are kept. A forgotten approval makes a definition wait again; so does a forgotten block. */
export const MAX_APPROVED = 8;
export const MAX_BLOCKED = 32;
export const MAX_LAUNCHES = 8;

export const NO_APPROVALS: Approvals = new Map();
const NO_SERVER: ServerDecisions = { launches: [], definitions: new Map() };
const UNDECIDED: DefinitionDecisions = { approved: [], blocked: [] };

/** Key of a definition within its server. Kinds hold no colon, so no two definitions share one. */
export function definitionKey(kind: DefinitionKind, name: string): string {
  return `${kind}:${name}`;
}

/** Status of a definition at this digest (contract §5). Map lookups and two short scans: it is on the call path. */
export function statusOf(approvals: Approvals, ref: DefinitionRef): ApprovalStatus {
  const { approved, blocked } = decisionsOn(approvals, ref.server, ref.kind, ref.name);
  if (has(blocked, ref.digest)) return 'blocked';
  if (has(approved, ref.digest)) return 'approved';
  return approved.length > 0 ? 'changed' : 'pending';
}

export function launchApproved(approvals: Approvals, server: ServerName, fingerprint: Digest): boolean {
  return has(approvals.get(server)?.launches ?? [], fingerprint);
}

/** The newest approval of a definition, whatever its digest is now. */
export function lastApproval(approvals: Approvals, server: ServerName, kind: DefinitionKind, name: string): Decision | undefined {
  return decisionsOn(approvals, server, kind, name).approved.at(-1);
}

/**
 * True when somebody refused this digest (blocked or forgot it) between `known` and `now`: an approval decided on
 * what was known then must not undo that.
 */
export function refusedSince(known: Approvals, now: Approvals, ref: DefinitionRef): boolean {
  const before = decisionsOn(known, ref.server, ref.kind, ref.name);
  const after = decisionsOn(now, ref.server, ref.kind, ref.name);
  if (has(after.blocked, ref.digest)) return !has(before.blocked, ref.digest);
  return has(before.approved, ref.digest) && !has(after.approved, ref.digest);
}

/** Approves exactly these digests, also ones that were blocked. Returns its argument when all are approved already. */
export function withApproved(approvals: Approvals, refs: readonly DefinitionRef[], decided: Omit<Decision, 'digest'>): Approvals {
  return changed(approvals, refs, ({ approved, blocked }, digest) =>
    approved.at(-1)?.digest === digest && !has(blocked, digest) ? undefined : { approved: added(approved, { digest, ...decided }, MAX_APPROVED), blocked: without(blocked, digest) },
  );
}

/** Blocks these digests, also ones that were approved. */
export function withBlocked(approvals: Approvals, refs: readonly DefinitionRef[], decided: Omit<Decision, 'digest'>): Approvals {
  return changed(approvals, refs, ({ approved, blocked }, digest) =>
    has(blocked, digest) ? undefined : { approved: without(approved, digest), blocked: added(blocked, { digest, ...decided }, MAX_BLOCKED) },
  );
}

/** Takes back whatever was decided about these digests. */
export function withForgotten(approvals: Approvals, refs: readonly DefinitionRef[]): Approvals {
  return changed(approvals, refs, ({ approved, blocked }, digest) =>
    has(approved, digest) || has(blocked, digest) ? { approved: without(approved, digest), blocked: without(blocked, digest) } : undefined,
  );
}

export function withLaunch(approvals: Approvals, server: ServerName, launch: Decision): Approvals {
  const decisions = approvals.get(server) ?? NO_SERVER;
  if (decisions.launches.at(-1)?.digest === launch.digest) return approvals;
  return new Map(approvals).set(server, { ...decisions, launches: added(decisions.launches, launch, MAX_LAUNCHES) });
}

export function withoutLaunches(approvals: Approvals, server: ServerName): Approvals {
  const decisions = approvals.get(server);
  if (decisions === undefined || decisions.launches.length === 0) return approvals;
  return new Map(approvals).set(server, { ...decisions, launches: [] });
}

/** Applies `change` per definition; undefined leaves it. Each touched server's Map is copied once. */
function changed(
  approvals: Approvals,
  refs: readonly DefinitionRef[],
  change: (decisions: DefinitionDecisions, digest: Digest) => DefinitionDecisions | undefined,
): Approvals {
  const copies = new Map<ServerName, Map<string, DefinitionDecisions>>();
  for (const { server, kind, name, digest } of refs) {
    const key = definitionKey(kind, name);
    const definitions = copies.get(server) ?? approvals.get(server)?.definitions;
    const after = change(definitions?.get(key) ?? UNDECIDED, digest);
    if (after === undefined) continue;
    const copy = copies.get(server) ?? new Map(definitions);
    copies.set(server, copy);
    if (after.approved.length + after.blocked.length === 0) copy.delete(key);
    else copy.set(key, after);
  }
  if (copies.size === 0) return approvals;
  const next = new Map(approvals);
  for (const [server, definitions] of copies) next.set(server, { ...(approvals.get(server) ?? NO_SERVER), definitions });
  return next;
}

function decisionsOn(approvals: Approvals, server: ServerName, kind: DefinitionKind, name: string): DefinitionDecisions {
  return approvals.get(server)?.definitions.get(definitionKey(kind, name)) ?? UNDECIDED;
}

function has(decisions: readonly Decision[], digest: Digest): boolean {
  return decisions.some((decision) => decision.digest === digest);
}

function without(decisions: readonly Decision[], digest: Digest): readonly Decision[] {
  return decisions.filter((decision) => decision.digest !== digest);
}

function added(decisions: readonly Decision[], decision: Decision, max: number): readonly Decision[] {
  return [...without(decisions, decision.digest), decision].slice(-max);
}
