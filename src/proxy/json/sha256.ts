import { createHash, hash } from 'node:crypto';

/** Missing before Node 20.12. */
const atOnce: typeof hash | undefined = hash;

/** SHA-256 of the UTF-8 bytes of `text`, in hex. Without a hash object in between, which costs more than a short text. */
export function sha256Hex(text: string): string {
  return atOnce === undefined ? createHash('sha256').update(text, 'utf8').digest('hex') : atOnce('sha256', text, 'hex');
}

/** The same as bytes. */
export function sha256Bytes(text: string): Buffer {
  return atOnce === undefined ? createHash('sha256').update(text, 'utf8').digest() : atOnce('sha256', text, 'buffer');
}
