import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** Begins every state of ours; whatever else an agent brings back is an upstream's. */
const PREFIX = 'vestibule-';
const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
/** Characters of a state that are looked at; ours are far shorter. */
const MAX_LENGTH = 1_024;

/** What a state of ours stands for. */
export interface SealedState {
  /** Id of the call that waits. */
  readonly call: string;
  /** Which of its rounds of questions this state answers. */
  readonly round: number;
  /** Milliseconds since epoch after which it is worth nothing. */
  readonly expires: number;
}

/** True for a `requestState` that claims to be of ours. */
export function claimsToBeSealed(state: string | undefined): state is string {
  return state?.startsWith(PREFIX) === true;
}

/**
 * Makes and reads the `requestState` we give to agents (2026-07-28, MRTR): authenticated encryption under a key of this
 * process. What a state is bound to is not in it, but nobody can open it for anything else.
 */
export class StateSeal {
  readonly #key = randomBytes(32);

  /** @param bound whom and which request the state belongs to */
  seal({ call, round, expires }: SealedState, bound: string): string {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key, iv).setAAD(Buffer.from(bound, 'utf8'));
    const text = Buffer.concat([cipher.update(JSON.stringify([call, round, expires]), 'utf8'), cipher.final()]);
    return `${PREFIX}${Buffer.concat([iv, cipher.getAuthTag(), text]).toString('base64url')}`;
  }

  /** What a state stands for; undefined for one that is altered, expired, or bound to something else. */
  open(state: string, bound: string, now: number): SealedState | undefined {
    if (!claimsToBeSealed(state) || state.length > MAX_LENGTH) return undefined;
    const text = state.slice(PREFIX.length);
    const bytes = Buffer.from(text, 'base64url');
    // Decoding passes over what is not base64: one state must not have several texts.
    if (bytes.toString('base64url') !== text || bytes.length <= IV_BYTES + TAG_BYTES) return undefined;
    const opened = this.#decrypted(bytes, bound);
    if (opened === undefined) return undefined;
    const [call, round, expires] = JSON.parse(opened) as [string, number, number];
    return expires > now ? { call, round, expires } : undefined;
  }

  #decrypted(bytes: Buffer, bound: string): string | undefined {
    const decipher = createDecipheriv(CIPHER, this.#key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(bound, 'utf8')).setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    try {
      return `${decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES), undefined, 'utf8')}${decipher.final('utf8')}`;
    } catch {
      return undefined;
    }
  }
}
