import { createHash, randomBytes } from 'node:crypto';

const TOKEN_BYTES = 32;

/** A new token: 256 random bits behind a prefix that secret scanners can know it by. */
export function newToken(): string {
  return `vst_${randomBytes(TOKEN_BYTES).toString('base64url')}`;
}

/** The SHA-256 a token is kept and compared by. Enough for a random token: there is nothing to guess (unlike a password). */
export function hashOfToken(token: string): Buffer {
  return createHash('sha256').update(token, 'utf8').digest();
}
