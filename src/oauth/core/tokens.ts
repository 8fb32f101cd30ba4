import { decodeJwt } from 'jose';
import { scopesOf } from './scopes.ts';
import { SignInError, type SignInStep } from './sign-in-error.ts';
import { membersOf, textIn } from './untrusted.ts';

/** What an authorization server granted. Holds secrets: keep it in the SecretStore, never log it. */
export interface TokenSet {
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
  /** Milliseconds since the epoch by our own clock, so that nobody else's clock matters. */
  readonly obtainedAt: number;
  /** Milliseconds after `obtainedAt`; undefined when unknown: then it is used until it is refused. */
  readonly lifetimeMs: number | undefined;
  /** What was granted, where the server said so. */
  readonly scopes: readonly string[] | undefined;
}

const REFRESH_AT_SHARE = 0.75;
const REFRESH_BEFORE_MS = 5 * 60_000;
/** A clock that went back by more than this makes every age unknown. */
const CLOCK_STEP_MS = 60_000;
const MOST_SECONDS = 10 * 366 * 24 * 3_600;

/**
 * Reads a token answer (RFC 6749 §5.1). A lifetime that is absent, zero, negative or no number is unknown.
 * @throws SignInError `not-json`, `bad-answer`
 */
export function readTokens(step: SignInStep, json: unknown, now: number): TokenSet {
  const members = membersOf(json);
  const accessToken = textIn(members, 'access_token');
  const type = textIn(members, 'token_type');
  const action = 'Try again; if it stays so, ask the operator of this server.';
  if (json === undefined) throw new SignInError(step, 'not-json', 'The token endpoint answers with something else than JSON.', { action });
  // Only what a header field can carry.
  if (accessToken === undefined || !/^[\x21-\x7e]+$/.test(accessToken)) throw new SignInError(step, 'bad-answer', 'The token endpoint answers without an access token.', { action });
  if (type !== undefined && type.toLowerCase() !== 'bearer') throw new SignInError(step, 'bad-answer', 'The token endpoint grants a kind of token that is not supported.', { action });
  const seconds = Number(members.get('expires_in') ?? NaN);
  const scope = textIn(members, 'scope');
  return {
    accessToken,
    refreshToken: textIn(members, 'refresh_token'),
    obtainedAt: now,
    lifetimeMs: seconds > 0 && seconds <= MOST_SECONDS ? seconds * 1_000 : undefined,
    scopes: scope === undefined ? undefined : scopesOf(scope),
  };
}

/**
 * Whether to refresh before use: from 75 % of the lifetime on, or 5 minutes before its end where that is earlier; a
 * token that lives shorter than that still serves three quarters of its time.
 */
export function isDue({ obtainedAt, lifetimeMs }: TokenSet, now: number): boolean {
  if (lifetimeMs === undefined) return false;
  const age = now - obtainedAt;
  if (age < -CLOCK_STEP_MS) return true;
  return age >= lifetimeMs * REFRESH_AT_SHARE || (lifetimeMs > 2 * REFRESH_BEFORE_MS && age >= lifetimeMs - REFRESH_BEFORE_MS);
}

/** Whether the token still serves for now, by what its server said of its lifetime. */
export function isLive({ obtainedAt, lifetimeMs }: TokenSet, now: number): boolean {
  return lifetimeMs === undefined || now - obtainedAt < lifetimeMs;
}

/** What the person is called at the authorization server, from an id token; for display only, so nothing is verified. */
export function accountLabel(json: unknown): string | undefined {
  const idToken = textIn(membersOf(json), 'id_token');
  if (idToken === undefined) return undefined;
  try {
    const claims = membersOf(decodeJwt(idToken));
    return ['email', 'preferred_username', 'name', 'sub'].map((claim) => textIn(claims, claim)).find((label) => label !== undefined)?.slice(0, 200);
  } catch {
    return undefined;
  }
}
