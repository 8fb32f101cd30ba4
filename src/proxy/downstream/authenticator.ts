import { createHash, timingSafeEqual } from 'node:crypto';
import type { Principal } from '../model.ts';
import type { Authenticator } from './types.ts';

/**
 * Who is let in: everybody as one principal (`noAuth`), or the holder of `token` and, if given, whoever `agent` knows
 * at the moment of each request by the SHA-256 of the token presented.
 */
export type AuthenticatorOptions =
  | { readonly noAuth: Principal }
  | { readonly token: string; readonly principal: Principal; readonly agent?: (tokenHash: Buffer) => Principal | undefined };

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
      return timingSafeEqual(hash, ownerHash) ? options.principal : options.agent?.(hash);
    },
  };
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token, 'utf8').digest();
}
