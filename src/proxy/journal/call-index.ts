import { listSegments, sizeOf } from './segments.ts';
import { readyFilter, SegmentIndex } from './segment-index.ts';
import { boundedLimit } from './query.ts';
import type { CallFilter, CallRecord } from './types.ts';

/**
 * Answers queries over a journal folder without reading it through each time: about 13 MB of memory for 100,000
 * calls. The first query takes the folder in, sharing its turns with calls; later ones what was added meanwhile.
 */
export class CallIndex {
  readonly #dir: string;
  readonly #segments = new Map<string, SegmentIndex>();
  /** Queries take the folder in one after another. */
  #line: Promise<unknown> = Promise.resolve();

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Calls that a filter wants, newest first; the same as `queryJournal`. */
  query(filter: CallFilter): Promise<readonly CallRecord[]> {
    const answer = this.#line.then(() => this.#answer(filter));
    this.#line = answer.catch(() => undefined);
    return answer;
  }

  async #answer(filter: CallFilter): Promise<readonly CallRecord[]> {
    const limit = boundedLimit(filter);
    const found: CallRecord[] = [];
    if (limit === 0) return found;
    const ready = readyFilter(filter);
    for (const segment of (await this.#current()).reverse()) {
      await segment.collect(ready, limit, found);
      if (found.length >= limit) break;
    }
    return found;
  }

  /** Indexes of the segments there are, oldest first, each up to date. */
  async #current(): Promise<SegmentIndex[]> {
    const segments = await listSegments(this.#dir);
    const names = new Set(segments.map(({ name }) => name));
    for (const name of this.#segments.keys()) if (!names.has(name)) this.#segments.delete(name);
    const current: SegmentIndex[] = [];
    for (const { name, path } of segments) {
      const bytes = (await sizeOf(path))?.bytes ?? 0;
      const known = this.#segments.get(name);
      // A shorter file was cut back after a failed write: what was known of its end is not true any more.
      const index = known !== undefined && known.bytes <= bytes ? known : new SegmentIndex(path);
      this.#segments.set(name, index);
      if (index.bytes < bytes) await index.update();
      current.push(index);
    }
    return current;
  }
}
