import type { ServerName } from '../model.ts';
import { excerpt } from './failure.ts';
import type { UpstreamLogLine } from './types.ts';

const LINE_LENGTH = 2_000;

/** Lines an upstream can cause at once, and how many a second after that. */
const LIMITS: Readonly<Record<UpstreamLogLine['source'], { readonly burst: number; readonly perSecond: number }>> = {
  stderr: { burst: 200, perSecond: 20 },
  'stdout-noise': { burst: 50, perSecond: 5 },
  protocol: { burst: 50, perSecond: 5 },
  lifecycle: { burst: 50, perSecond: 5 },
};

/** Writes one line to the log of an upstream. */
export type WriteLog = (source: UpstreamLogLine['source'], text: string) => void;

/**
 * The log of one upstream, bounded in length and rate by source: a flood costs a count, not a disk. What was
 * left out is said before the next line that passes.
 * @param now milliseconds, for tests
 */
export function throttledLog(server: ServerName, write: (line: UpstreamLogLine) => void, now: () => number = Date.now): WriteLog {
  const buckets = new Map<UpstreamLogLine['source'], { tokens: number; at: number; dropped: number }>();
  return (source, text) => {
    const limit = LIMITS[source];
    const at = now();
    const bucket = buckets.get(source) ?? { tokens: limit.burst, at, dropped: 0 };
    buckets.set(source, bucket);
    bucket.tokens = Math.min(limit.burst, bucket.tokens + ((at - bucket.at) / 1000) * limit.perSecond);
    bucket.at = at;
    if (bucket.tokens < 1) {
      bucket.dropped++;
      return;
    }
    bucket.tokens--;
    if (bucket.dropped > 0) {
      write({ at, server, source, text: `(${bucket.dropped} lines left out)` });
      bucket.dropped = 0;
    }
    write({ at, server, source, text: excerpt(text, LINE_LENGTH) });
  };
}
