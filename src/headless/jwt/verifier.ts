import { decodeProtectedHeader, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey, type JWTVerifyOptions } from 'jose';
import type { JwtClaims, JwtVerifier, OpenJwt } from '../../proxy/agents/jwt.ts';
import type { JwtSettings } from '../../proxy/config/types.ts';
import { KeySet } from './key-set.ts';

const MAX_ROLES = 200;
const MAX_ROLE = 200;
const MAX_SUBJECT = 1_000;

/** Checks tokens of `gateway.jwt` (RFC 7519, RFC 8725): signature, algorithm, issuer, audience and times. */
export const openJwt: OpenJwt = (settings, warn) => Promise.resolve(createVerifier(settings, new KeySet({ url: settings.jwksUrl, warn })));

/** A verifier over a set of keys. @param now milliseconds since epoch; for tests */
export function createVerifier(settings: JwtSettings, keySet: Pick<KeySet, 'keys'>, now: () => number = Date.now): JwtVerifier {
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

function claimsOf(payload: JWTPayload, { clockSkewSeconds, rolesClaim }: JwtSettings): JwtClaims | undefined {
  const { exp, sub } = payload;
  if (exp === undefined || sub === undefined || sub === '' || sub.length > MAX_SUBJECT) return undefined;
  return { subject: sub, expiresAt: (exp + clockSkewSeconds) * 1_000, roles: rolesIn(claimAt(payload, rolesClaim)) };
}

/** A claim by its name, or by a JSON Pointer (RFC 6901). */
function claimAt(payload: JWTPayload, claim: string): unknown {
  if (!claim.startsWith('/')) return Object.hasOwn(payload, claim) ? payload[claim] : undefined;
  let value: unknown = payload;
  for (const part of claim.slice(1).split('/')) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

/** A list of roles, or a text with spaces between them, as scopes are written. */
function rolesIn(value: unknown): readonly string[] {
  const roles: readonly unknown[] = typeof value === 'string' ? value.split(' ') : Array.isArray(value) ? value : [];
  return roles.filter((role): role is string => typeof role === 'string' && role !== '' && role.length <= MAX_ROLE).slice(0, MAX_ROLES);
}
