import { createHash } from 'node:crypto';

/**
 * A file name for something named from outside (a server, a tool): 32 hexadecimal digits, the same on every platform
 * and every run. Outside text never becomes part of a path (security U8).
 */
export function fileNameFor(untrustedName: string): string {
  // JSON text first: two different lone surrogates would become the same bytes in UTF-8.
  return createHash('sha256').update(JSON.stringify(untrustedName), 'utf8').digest('hex').slice(0, 32);
}
