import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import type { CacheStore, StoredAnswer } from '../../proxy/policy/flow/shared-answers.ts';
import type { KeyValue } from './key-value.ts';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * A cache over a store that nobody has to trust: names are keyed hashes, which say nothing of callers and arguments, and
 * values are encrypted and bound to their name (AES-256-GCM). What another key made is not there.
 * @param key 32 bytes; gateways of the same key share what they keep
 */
export function sealedStore(store: KeyValue, key: Uint8Array): CacheStore {
  const derived = (purpose: string): Buffer => Buffer.from(hkdfSync('sha256', key, '', `vestibule cache ${purpose}`, 32));
  const [names, values] = [derived('names'), derived('values')];
  const nameOf = (kind: 'a' | 'e', text: string): string => `vestibule:${kind}:${createHmac('sha256', names).update(`${kind}\0${text}`).digest('base64url')}`;
  return {
    async get(text, area) {
      const name = nameOf('a', text);
      const [epoch, sealed] = await store.get([nameOf('e', area), name]);
      return { epoch: epoch === undefined ? 0 : Number(Buffer.from(epoch).toString('latin1')), kept: sealed === undefined ? undefined : opened(sealed, values, name) };
    },
    async put(text, answer) {
      const name = nameOf('a', text);
      await store.set(name, sealed(answer, values, name), Math.max(1, answer.until - Date.now()));
    },
    advance: (area) => store.increment(nameOf('e', area)),
    close: () => store.close(),
  };
}

function sealed({ epoch, result, until }: StoredAnswer, key: Uint8Array, name: string): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(name));
  return Buffer.concat([nonce, cipher.update(JSON.stringify([until, epoch])), cipher.update('\n'), cipher.update(result, 'utf8'), cipher.final(), cipher.getAuthTag()]);
}

/** Undefined for what this key did not make under this name. */
function opened(bytes: Uint8Array, key: Uint8Array, name: string): StoredAnswer | undefined {
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES)).setAAD(Buffer.from(name));
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  let text: string;
  try {
    text = Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
  const end = text.indexOf('\n');
  const [until, epoch] = JSON.parse(text.slice(0, end)) as [number, number];
  return { until, epoch, result: text.slice(end + 1) };
}
