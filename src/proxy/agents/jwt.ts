import type { JwtSettings } from '../config/types.ts';

/** What a valid token says of its bearer. */
export interface JwtClaims {
  /** `sub`: unique at the issuer. */
  readonly subject: string;
  /** Milliseconds since epoch from which the token does not count, the clocks' difference included. */
  readonly expiresAt: number;
  readonly roles: readonly string[];
}

/** Checks tokens of one identity provider. */
export interface JwtVerifier {
  /** What a token says, or undefined when it does not count, for whatever reason. Never rejects. */
  verify(token: string): Promise<JwtClaims | undefined>;
}

/**
 * Makes the verifier for a `gateway.jwt` section. Given by adapters that let such agents in; nothing is fetched before
 * the first token.
 * @param warn told when the keys cannot be fetched
 */
export type OpenJwt = (settings: JwtSettings, warn: (message: string) => void) => Promise<JwtVerifier>;
