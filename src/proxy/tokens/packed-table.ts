import { Buffer, isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';

/*
 * The tokenizer's table of 200,000 byte strings, as it ships: one after the other, in the order of their ranks, each
 * ended by a byte that no UTF-8 text holds. The build puts this module in the place of the library's own table, which
 * is four times as large (docs/decisions/0012-tokenizer.md).
 */

/** What the library takes for a table: text, or bytes where they are not whole characters. */
export type Ranks = readonly (string | readonly number[])[];

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const END = 0xff;
/** A token that is the end byte itself is written as nothing at all. */
const END_ITSELF: readonly number[] = [END];

/** The table as one compressed file. @throws Error when a token of more bytes holds the end byte */
export function packRanks(ranks: Ranks): Buffer {
  const parts = ranks.map((token) => {
    const bytes = typeof token === 'string' ? Buffer.from(token) : Buffer.from(token);
    if (bytes.length === 1 && bytes[0] === END) return Buffer.from([END]);
    if (bytes.includes(END)) throw new Error('a token holds the byte that ends tokens');
    return Buffer.concat([bytes, Buffer.from([END])]);
  });
  return brotliCompressSync(Buffer.concat(parts));
}

/** The table of such a file. */
export function unpackRanks(packed: Buffer): Ranks {
  const bytes = brotliDecompressSync(packed);
  const ranks: (string | readonly number[])[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(END, start);
    ranks.push(end === start ? END_ITSELF : tokenOf(bytes.subarray(start, end)));
    start = end + 1;
  }
  return ranks;
}

/** The table that stands beside the bundle. */
export function readRanks(): Ranks {
  return unpackRanks(readFileSync(join(dirname(import.meta.filename), 'o200k.br')));
}

/** As the library has it: text that begins with a byte order mark stands as bytes too. */
function tokenOf(bytes: Buffer): string | readonly number[] {
  return isUtf8(bytes) && bytes.indexOf(BYTE_ORDER_MARK) !== 0 ? bytes.toString('utf8') : [...bytes];
}
