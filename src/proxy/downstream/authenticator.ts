import { timingSafeEqual } from 'node:crypto';
import { sha256Bytes } from '../json/sha256.ts';
import type { Principal } from '../model.ts';
import type { Authenticator } from './types.ts';

/**
 * Who is let in: everybody as one principal (`noAuth`), or the holder of `token` and, if given, whoever `agent` knows
 * at the moment of each request by the SHA-256 of the token presented.
 */
export type AuthenticatorOptions =
  | { readonly noAuth: Principal }
  | {
      readonly token: string;
      readonly principal: Principal;
      readonly agent?: (tokenHash: Buffer) => Principal | undefined;
      /** Who bears a token of an identity provider; left out where nobody can. */
      readonly bearer?: ((jwt: string) => Principal | undefined | Promise<Principal | undefined>) | undefined;
    };

/** One bearer token and nothing else: another scheme, a second space or a comma is not ours (security N6). */
const BEARER = /^Bearer ([A-Za-z0-9._~+/=-]{1,512})$/;
/** A JWS in compact form, which is longer (RFC 7515 §3.1). Our own tokens hold no dot. */
const JWT = /^Bearer ([A-Za-z0-9_-]{1,4096}\.[A-Za-z0-9_-]{1,8192}\.[A-Za-z0-9_-]{1,2048})$/;

/** Makes the authenticator of the endpoint. An empty `token` lets nobody in. */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  if ('noAuth' in options) return { authenticate: () => options.noAuth };
  const ownerHash = sha256Bytes(options.token);
  return {
    authenticate(authorization) {
      const jwt = options.bearer && authorization !== undefined ? JWT.exec(authorization)?.[1] : undefined;
      if (jwt !== undefined) return options.bearer?.(jwt);
      const token = authorization === undefined ? undefined : BEARER.exec(authorization)?.[1];
      if (token === undefined) return undefined;
      const hash = sha256Bytes(token);
      return timingSafeEqual(hash, ownerHash) ? options.principal : options.agent?.(hash);
    },
  };
}
