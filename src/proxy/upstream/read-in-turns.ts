import type { Readable } from 'node:stream';

/** Bytes read of one stream before all others have their turn. */
const TURN_BYTES = 16 * 1024;
/** Milliseconds a turn may take, as far as a portion can tell: small messages cost more than their bytes. */
const TURN_MS = 1;
const PORTION_BYTES = 4 * 1024;

/** A stream that is being read. */
export interface Flow {
  /** Reads nothing more until this resolves, so that in the end the other side cannot write any more. */
  hold(until: Promise<void>): void;
  /** What it is held for; undefined while it is being read. */
  readonly held: Promise<void> | undefined;
}

/**
 * Reads a stream as `on('data')` does, but never for longer than a turn at once: where more is always there to be read,
 * as of a server that floods, Node would take up to two megabytes before it looks at anything else.
 * @param onData gets every byte, in order, in chunks of any size; it may have the flow held
 */
export function readInTurns(stream: Readable, onData: (chunk: Buffer) => void): Flow {
  let taken = 0;
  let held: Promise<void> | undefined;
  const resume = (): void => {
    if (held === undefined) stream.resume();
  };
  stream.on('data', (chunk: Buffer) => {
    const until = performance.now() + TURN_MS;
    let at = 0;
    do onData(chunk.subarray(at, (at += PORTION_BYTES)));
    while (at < chunk.length && held === undefined && performance.now() < until);
    taken += Math.min(at, chunk.length);
    if ((at >= chunk.length && taken < TURN_BYTES && held === undefined) || stream.destroyed) return;
    taken = 0;
    stream.pause();
    if (at < chunk.length) stream.unshift(chunk.subarray(at));
    setImmediate(resume);
  });
  return {
    hold(until) {
      if (held === until) return;
      held = until;
      stream.pause();
      void until.then(() => {
        if (held !== until) return;
        held = undefined;
        resume();
      });
    },
    get held() {
      return held;
    },
  };
}
