import type { Readable } from 'node:stream';

/** Bytes read of one stream before all others have their turn. */
const TURN_BYTES = 16 * 1024;
/** Milliseconds a turn may take, as far as a portion can tell: small messages cost more than their bytes. */
const TURN_MS = 1;
const PORTION_BYTES = 4 * 1024;

/**
 * Reads a stream as `on('data')` does, but never for longer than a turn at once: where more is always there to be read,
 * as of a server that floods, Node would take up to two megabytes before it looks at anything else.
 * @param onData gets every byte, in order, in chunks of any size
 */
export function readInTurns(stream: Readable, onData: (chunk: Buffer) => void): void {
  let taken = 0;
  stream.on('data', (chunk: Buffer) => {
    const until = performance.now() + TURN_MS;
    let at = 0;
    do onData(chunk.subarray(at, (at += PORTION_BYTES)));
    while (at < chunk.length && performance.now() < until);
    taken += Math.min(at, chunk.length);
    if ((at >= chunk.length && taken < TURN_BYTES) || stream.destroyed) return;
    taken = 0;
    stream.pause();
    if (at < chunk.length) stream.unshift(chunk.subarray(at));
    setImmediate(() => stream.resume());
  });
}
