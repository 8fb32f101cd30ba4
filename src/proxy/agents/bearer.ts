import type { BearerSettings, IntrospectionSettings, JwtSettings } from '../config/types.ts';

/** What a valid token says of its bearer. */
export interface BearerClaims {
  /** `sub`: unique at the issuer. */
  readonly subject: string;
  /** Milliseconds since epoch from which the token does not count, the clocks' difference included; Infinity where its issuer does not say. */
  readonly expiresAt: number;
  readonly roles: readonly string[];
}

/** Checks tokens of one identity provider. */
export interface BearerVerifier {
  /**
   * What a token says, or undefined when it does not count.
   * @throws Error when nobody can tell now; its message holds nothing of the token
   */
  verify(token: string): Promise<BearerClaims | undefined>;
}

/**
 * Makes the verifier for a section of the file. Given by adapters that let such agents in; nothing is fetched before the
 * first token.
 * @param warn told when the provider cannot be asked
 */
export type OpenVerifier<S extends BearerSettings> = (settings: S, warn: (message: string) => void) => Promise<BearerVerifier>;
export type OpenJwt = OpenVerifier<JwtSettings>;
export type OpenIntrospection = OpenVerifier<IntrospectionSettings>;
