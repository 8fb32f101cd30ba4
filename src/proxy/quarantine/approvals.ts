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

/** Decisions about one definition, oldest first. No digest is both approved and blocked. */
export interface DefinitionDecisions {
  readonly approved: readonly Decision[];
  readonly blocked: readonly Decision[];
  /** Digests that were ever blocked or taken back: no lock file approves them. Nothing leaves this list but by its bound. */
  readonly refused: readonly Decision[];
}

export interface ServerDecisions {
  /** Approved launch fingerprints, oldest first. */
  readonly launches: readonly Decision[];
  /** Launch fingerprints whose approval was ever taken back: no lock file approves them. */
  readonly refusedLaunches: readonly Decision[];
  readonly definitions: ReadonlyMap<string, DefinitionDecisions>;
}

export type Approvals = ReadonlyMap<ServerName, ServerDecisions>;

/** Only the newest decisions are kept. A forgotten approval makes a definition wait again; so does a forgotten block. */
export const MAX_APPROVED = 8;
export const MAX_BLOCKED = 32;
export const MAX_LAUNCHES = 8;
export const MAX_REFUSED = 32;

export const NO_APPROVALS: Approvals = new Map();
const NO_SERVER: ServerDecisions = { launches: [], refusedLaunches: [], definitions: new Map() };
const UNDECIDED: DefinitionDecisions = { approved: [], blocked: [], refused: [] };

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

/**
 * True when a person decided against this very digest, so that no lock file may approve it. Also when so much of this
 * definition was refused that the oldest refusals may be gone: forgetting one must not approve anything.
 */
export function isRefused(approvals: Approvals, { server, kind, name, digest }: DefinitionRef): boolean {
  const { refused } = decisionsOn(approvals, server, kind, name);
  return refused.length >= MAX_REFUSED || has(refused, digest);
}

/** Like `isRefused`, of a launch. */
export function isLaunchRefused(approvals: Approvals, server: ServerName, fingerprint: Digest): boolean {
  const { refusedLaunches } = approvals.get(server) ?? NO_SERVER;
  return refusedLaunches.length >= MAX_REFUSED || has(refusedLaunches, fingerprint);
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
  if (has(after.approved, ref.digest)) return false;
  if (has(after.blocked, ref.digest)) return !has(before.blocked, ref.digest);
  return has(before.approved, ref.digest) || (has(after.refused, ref.digest) && !has(before.refused, ref.digest));
}

/** Approves exactly these digests, also ones that were blocked. Returns its argument when all are approved already. */
export function withApproved(approvals: Approvals, refs: readonly DefinitionRef[], decided: Omit<Decision, 'digest'>): Approvals {
  return changed(approvals, refs, ({ approved, blocked, refused }, digest) =>
    approved.at(-1)?.digest === digest && !has(blocked, digest)
      ? undefined
      : { approved: added(approved, { digest, ...decided }, MAX_APPROVED), blocked: without(blocked, digest), refused },
  );
}

/** Blocks these digests, also ones that were approved. */
export function withBlocked(approvals: Approvals, refs: readonly DefinitionRef[], decided: Omit<Decision, 'digest'>): Approvals {
  return changed(approvals, refs, ({ approved, blocked, refused }, digest) =>
    has(blocked, digest)
      ? undefined
      : { approved: without(approved, digest), blocked: added(blocked, { digest, ...decided }, MAX_BLOCKED), refused: added(refused, { digest, ...decided }, MAX_REFUSED) },
  );
}

/** Takes back whatever was decided about these digests, by a person or by a lock file. */
export function withForgotten(approvals: Approvals, refs: readonly DefinitionRef[], decided: Omit<Decision, 'digest'>): Approvals {
  return changed(approvals, refs, ({ approved, blocked, refused }, digest) =>
    has(refused, digest) && !has(approved, digest) && !has(blocked, digest)
      ? undefined
      : { approved: without(approved, digest), blocked: without(blocked, digest), refused: added(refused, { digest, ...decided }, MAX_REFUSED) },
  );
}

/** Approves this launch, also one that was taken back. */
export function withLaunch(approvals: Approvals, server: ServerName, launch: Decision): Approvals {
  const decisions = approvals.get(server) ?? NO_SERVER;
  if (decisions.launches.at(-1)?.digest === launch.digest) return approvals;
  return new Map(approvals).set(server, { ...decisions, launches: added(decisions.launches, launch, MAX_LAUNCHES) });
}

/** Takes back every approved launch of a server, and the one at `locked` that a lock file approves. */
export function withoutLaunches(approvals: Approvals, server: ServerName, decided: Omit<Decision, 'digest'>, locked?: Digest): Approvals {
  const decisions = approvals.get(server) ?? NO_SERVER;
  const digests = [...decisions.launches.map(({ digest }) => digest), ...(locked === undefined || isLaunchRefused(approvals, server, locked) ? [] : [locked])];
  if (digests.length === 0) return approvals;
  const refusedLaunches = digests.reduce((list, digest) => added(list, { digest, ...decided }, MAX_REFUSED), decisions.refusedLaunches);
  return new Map(approvals).set(server, { ...decisions, launches: [], refusedLaunches });
}

/** The decisions about one definition at some moment; undefined when there were none. */
export interface DefinitionBefore {
  readonly ref: DefinitionRef;
  readonly was: DefinitionDecisions | undefined;
}

/** The launches of a server at some moment. */
export interface LaunchesBefore {
  readonly server: ServerName;
  readonly was: Pick<ServerDecisions, 'launches' | 'refusedLaunches'>;
}

/** What was decided about these definitions until now, for `restored`. */
export function definitionsBefore(approvals: Approvals, refs: readonly DefinitionRef[]): readonly DefinitionBefore[] {
  return refs.map(({ server, kind, name, digest }) => ({
    ref: { server, kind, name, digest },
    was: approvals.get(server)?.definitions.get(definitionKey(kind, name)),
  }));
}

/** What was decided about the launch of a server until now, for `restored`. */
export function launchesBefore(approvals: Approvals, server: ServerName): LaunchesBefore {
  const { launches, refusedLaunches } = approvals.get(server) ?? NO_SERVER;
  return { server, was: { launches, refusedLaunches } };
}

/** Puts back what was decided at an earlier moment, and leaves everything else. */
export function restored(approvals: Approvals, definitions: readonly DefinitionBefore[], launches: readonly LaunchesBefore[]): Approvals {
  const next = new Map(approvals);
  const copies = new Map<ServerName, Map<string, DefinitionDecisions>>();
  for (const { ref, was } of definitions) {
    const copy = copies.get(ref.server) ?? new Map(approvals.get(ref.server)?.definitions);
    copies.set(ref.server, copy);
    const key = definitionKey(ref.kind, ref.name);
    if (was === undefined) copy.delete(key);
    else copy.set(key, was);
  }
  for (const [server, copy] of copies) next.set(server, { ...(next.get(server) ?? NO_SERVER), definitions: copy });
  for (const { server, was } of launches) next.set(server, { ...(next.get(server) ?? NO_SERVER), ...was });
  return next;
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
    copy.set(key, after);
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
