import type { Digest, ServerName } from '../model.ts';
import type { StandingConsent } from './types.ts';

/** More than anybody decides by hand; beyond it the oldest consents are asked for again. */
export const MAX_STANDING = 5_000;

/** A call as standing consents see it. */
export interface StandingQuery {
  readonly principal: string;
  readonly server: ServerName;
  readonly tool: string;
  readonly digest: Digest;
  /** Digest of the canonical arguments; undefined when they have no canonical form, and match nothing. */
  readonly arguments: Digest | undefined;
  /** Digest that stands for the agent's session. */
  readonly session: Digest;
  /** Milliseconds since epoch. */
  readonly now: number;
}

/**
 * What was decided for a call, the strongest first: a refusal, a consent, a wish to be asked. A consent that is older
 * than a wish to be asked does not exist: the wish replaced it.
 */
export function decidedFor(consents: readonly StandingConsent[], call: StandingQuery): StandingConsent['kind'] | undefined {
  const fitting = consents.filter((consent) => fits(consent, call));
  return STRENGTH.find((kind) => fitting.some((consent) => consent.kind === kind));
}

const STRENGTH = ['never', 'tool', 'arguments', 'session', 'ask'] as const;

/** The same with one more decision, without what it contradicts or repeats, and without sessions that are over. */
export function withConsent(consents: readonly StandingConsent[], added: StandingConsent): readonly StandingConsent[] {
  const kept = consents.filter((consent) => !isReplaced(consent, added) && !isOver(consent, added.at));
  return bounded([...kept, added]);
}

/** The same without some decisions. */
export function withoutConsents(consents: readonly StandingConsent[], revoked: readonly StandingConsent[]): readonly StandingConsent[] {
  const gone = new Set(revoked.map(subjectOf));
  const kept = consents.filter((consent) => !gone.has(subjectOf(consent)));
  return kept.length === consents.length ? consents : kept;
}

/** What a decision is about, as a key: equal for decisions that say the same. */
export function subjectOf(consent: StandingConsent): string {
  const { kind, server, tool } = consent;
  const principal = kind === 'ask' ? null : consent.principal;
  const digest = kind === 'tool' || kind === 'arguments' || kind === 'session' ? consent.digest : null;
  const narrower = kind === 'arguments' ? consent.arguments : kind === 'session' ? consent.session : null;
  return JSON.stringify([kind, server, tool ?? null, principal, digest, narrower]);
}

function fits(consent: StandingConsent, call: StandingQuery): boolean {
  if (consent.server !== call.server) return false;
  switch (consent.kind) {
    case 'ask':
      return consent.tool === undefined || consent.tool === call.tool;
    case 'never':
      return consent.tool === call.tool && consent.principal === call.principal;
    case 'tool':
      return consent.tool === call.tool && consent.principal === call.principal && consent.digest === call.digest;
    case 'session':
      return consent.tool === call.tool && consent.principal === call.principal && consent.digest === call.digest && consent.session === call.session && !isOver(consent, call.now);
    case 'arguments':
      return consent.tool === call.tool && consent.principal === call.principal && consent.digest === call.digest && consent.arguments === call.arguments;
  }
}

/** True for what was allowed for a session and has run out. */
export function isOver(consent: StandingConsent, now: number): boolean {
  return consent.kind === 'session' && consent.until <= now;
}

/** A decision ends those it repeats and those that say the opposite of the same thing. */
function isReplaced(old: StandingConsent, added: StandingConsent): boolean {
  if (old.server !== added.server) return false;
  if (subjectOf(old) === subjectOf(added)) return true;
  // A session's consent is about the session: other promises leave it, refusals and wishes to be asked end it.
  if (added.kind === 'session') return false;
  if (old.kind === 'session') return (added.kind === 'ask' || added.kind === 'never') && (added.tool === undefined || old.tool === added.tool);
  if (added.kind === 'ask') return (old.kind === 'tool' || old.kind === 'arguments') && (added.tool === undefined || old.tool === added.tool);
  if (old.tool !== added.tool) return false;
  // To be asked about a whole server stays: it is about its other tools.
  if (old.kind === 'ask') return added.kind === 'tool';
  if (old.principal !== added.principal) return false;
  if (added.kind === 'never') return true;
  // A tool has one definition at a time: a consent to another one is history.
  return old.kind === 'never' || old.digest !== added.digest;
}

/** Forgets the oldest consents first, which only means being asked again; refusals and wishes to be asked last. */
function bounded(consents: readonly StandingConsent[]): readonly StandingConsent[] {
  if (consents.length <= MAX_STANDING) return consents;
  const oldest = consents.findIndex(({ kind }) => kind !== 'ask' && kind !== 'never');
  return consents.filter((_, i) => i !== Math.max(oldest, 0));
}
