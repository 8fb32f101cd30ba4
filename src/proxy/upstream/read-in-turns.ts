import type { Readable } from 'node:stream';

/** Bytes read of one stream before all others have their turn: some milliseconds of work at most. */
const TURN_BYTES = 32 * 1024;

/**
 * Reads a stream as `on('data')` does, but never for longer than a turn at once: where more is always there to be read,
 * as of a server that floods, Node would take up to two megabytes before it looks at anything else.
 */
export function readInTurns(stream: Readable, onData: (chunk: Buffer) => void): void {
  let taken = 0;
  stream.on('data', (chunk: Buffer) => {
    onData(chunk);
    taken += chunk.length;
    if (taken < TURN_BYTES) return;
    taken = 0;
    stream.pause();
    setImmediate(() => stream.resume());
  });
}
