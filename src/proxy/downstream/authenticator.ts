import { createHash, timingSafeEqual } from 'node:crypto';
import type { Principal } from '../model.ts';
import type { Authenticator } from './types.ts';

/** An agent as it is stored: the hash of its token, never the token. */
export interface KnownAgent {
  /** SHA-256 of the token, as 64 hexadecimal digits. */
  readonly tokenHash: string;
  readonly principal: Principal;
  /** Milliseconds since epoch after which the token is refused; undefined means it does not expire. */
  readonly expiresAt: number | undefined;
}

/**
 * Who is let in: everybody as one principal (`noAuth`), or the holder of `token` and, if given, the agents known at
 * the moment of each request.
 */
export type AuthenticatorOptions =
  | { readonly noAuth: Principal }
  | { readonly token: string; readonly principal: Principal; readonly agents?: () => Iterable<KnownAgent> };

/** One bearer token and nothing else: another scheme, a second space or a comma is not ours (security N6). */
const BEARER = /^Bearer ([A-Za-z0-9._~+/=-]{1,512})$/;

/** Makes the authenticator of the endpoint. An empty `token` lets nobody in. */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  if ('noAuth' in options) return { authenticate: () => options.noAuth };
  const ownerHash = hashOf(options.token);
  return {
    authenticate(authorization) {
      const token = authorization === undefined ? undefined : BEARER.exec(authorization)?.[1];
      if (token === undefined) return undefined;
      const hash = hashOf(token);
      let found = timingSafeEqual(hash, ownerHash) ? options.principal : undefined;
      // No early way out: the time taken says nothing about which token came close.
      for (const { tokenHash, principal, expiresAt } of options.agents?.() ?? []) {
        const valid = expiresAt === undefined || Date.now() < expiresAt;
        if (isHash(hash, tokenHash) && valid) found ??= principal;
      }
      return found;
    },
  };
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token, 'utf8').digest();
}

function isHash(hash: Buffer, hex: string): boolean {
  const other = Buffer.from(hex, 'hex');
  return other.length === hash.length && timingSafeEqual(hash, other);
}
