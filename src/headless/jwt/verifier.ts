import { decodeProtectedHeader, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey, type JWTVerifyOptions } from 'jose';
import type { BearerClaims, BearerVerifier, OpenJwt } from '../../proxy/agents/bearer.ts';
import { claimAt, rolesIn } from './claims.ts';
import type { JwtSettings } from '../../proxy/config/types.ts';
import { KeySet } from './key-set.ts';

const MAX_SUBJECT = 1_000;

/** Checks tokens of `gateway.jwt` (RFC 7519, RFC 8725): signature, algorithm, issuer, audience and times. */
export const openJwt: OpenJwt = (settings, warn) => Promise.resolve(createVerifier(settings, new KeySet({ url: settings.jwksUrl, warn })));

/** A verifier over a set of keys. @param now milliseconds since epoch; for tests */
export function createVerifier(settings: JwtSettings, keySet: Pick<KeySet, 'keys'>, now: () => number = Date.now): BearerVerifier {
  const { algorithms, audience, clockSkewSeconds, issuer } = settings;
  return {
    async verify(token) {
      try {
        const { alg = '', kid } = decodeProtectedHeader(token);
        // Before anything is fetched for it.
        if (!algorithms.some((algorithm) => algorithm === alg)) return undefined;
        const find = await keySet.keys(kid);
        if (find === undefined) return undefined;
        const payload = await payloadOf(token, find, { algorithms: [...algorithms], audience: [...audience], issuer, clockTolerance: clockSkewSeconds, requiredClaims: ['exp', 'sub'], currentDate: new Date(now()) });
        return payload && claimsOf(payload, settings);
      } catch {
        // Why a token does not count is nobody's business but its issuer's.
        return undefined;
      }
    },
  };
}

/** A token that names no key is tried with each that fits its algorithm. */
async function payloadOf(token: string, find: JWTVerifyGetKey, options: JWTVerifyOptions): Promise<JWTPayload | undefined> {
  try {
    return (await jwtVerify(token, find, options)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error) {
      try {
        return (await jwtVerify(token, key, options)).payload;
      } catch (failure) {
        if (!(failure instanceof errors.JWSSignatureVerificationFailed)) throw failure;
      }
    }
    return undefined;
  }
}

function claimsOf(payload: JWTPayload, { clockSkewSeconds, rolesClaim }: JwtSettings): BearerClaims | undefined {
  const { exp, sub } = payload;
  if (exp === undefined || sub === undefined || sub === '' || sub.length > MAX_SUBJECT) return undefined;
  return { subject: sub, expiresAt: (exp + clockSkewSeconds) * 1_000, roles: rolesIn(claimAt(payload, rolesClaim)) };
}
