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
      readonly bearer?: FindBearer | undefined;
      /** Who bears a token that says nothing itself; asked last, about what nobody else knows. */
      readonly opaque?: FindBearer | undefined;
    };

/** Who bears a token; undefined for nobody. */
type FindBearer = (token: string) => Principal | undefined | Promise<Principal | undefined>;

/** One bearer token and nothing else: another scheme, a second space or a comma is not ours (security N6). */
const BEARER = /^Bearer ([A-Za-z0-9._~+/=-]{1,512})$/;
/** A JWS in compact form, which is longer (RFC 7515 §3.1). Our own tokens hold no dot. */
const JWT = /^Bearer ([A-Za-z0-9_-]{1,4096}\.[A-Za-z0-9_-]{1,8192}\.[A-Za-z0-9_-]{1,2048})$/;

/** What other providers give out is longer (RFC 6750 §2.1). */
const OPAQUE = /^Bearer ([A-Za-z0-9._~+/=-]{1,4096})$/;

/** Fields whose hash is remembered at most. */
const MAX_HASHED = 64;

/**
 * Hashes of the tokens that were let in lately, by the whole field: an agent sends the same with each of its requests.
 * Who it is, and whether it still may, is asked each time all the same. A field is found by V8's seeded hash of all of
 * it, so how long looking takes tells nothing of how much of a guess is right.
 */
class TokenHashes {
  readonly #known = new Map<string, Buffer>();

  of(authorization: string): Buffer | undefined {
    return this.#known.get(authorization);
  }

  keep(authorization: string, hash: Buffer): void {
    if (this.#known.size >= MAX_HASHED) this.#known.clear();
    this.#known.set(authorization, hash);
  }
}

/** Makes the authenticator of the endpoint. An empty `token` lets nobody in. */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  if ('noAuth' in options) return { authenticate: () => options.noAuth };
  const ownerHash = sha256Bytes(options.token);
  const hashes = new TokenHashes();
  const holderOf = (hash: Buffer): Principal | undefined => (timingSafeEqual(hash, ownerHash) ? options.principal : options.agent?.(hash));
  return {
    authenticate(authorization) {
      const known = authorization === undefined ? undefined : hashes.of(authorization);
      if (known !== undefined) return holderOf(known);
      if (authorization === undefined) return undefined;
      const opaque = (): ReturnType<FindBearer> => {
        const token = options.opaque && OPAQUE.exec(authorization)?.[1];
        return token === undefined ? undefined : options.opaque?.(token);
      };
      const jwt = options.bearer && JWT.exec(authorization)?.[1];
      if (jwt !== undefined) return orElse(options.bearer?.(jwt), opaque);
      const token = BEARER.exec(authorization)?.[1];
      if (token === undefined) return opaque();
      const hash = sha256Bytes(token);
      const holder = holderOf(hash);
      // Guesses are not kept: they would push out what is used.
      if (holder !== undefined) hashes.keep(authorization, hash);
      return holder ?? opaque();
    },
  };
}

function orElse(first: ReturnType<FindBearer>, next: () => ReturnType<FindBearer>): ReturnType<FindBearer> {
  return first instanceof Promise ? first.then((found) => found ?? next()) : (first ?? next());
}
