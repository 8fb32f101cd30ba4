import type { Readable } from 'node:stream';

/** Reads lines that end with LF and nothing else: `readline` also cuts at U+2028, which JSON may hold. */
export function readLines(stream: Readable, onLine: (line: string) => void): void {
  let pieces: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => {
    let rest = chunk;
    for (let end = rest.indexOf(0x0a); end !== -1; end = rest.indexOf(0x0a)) {
      const line = Buffer.concat([...pieces, rest.subarray(0, end)]).toString();
      pieces = [];
      rest = rest.subarray(end + 1);
      onLine(line);
    }
    if (rest.length > 0) pieces.push(rest);
  });
}
