import type { CallQuery, Requests } from '../src/views/inspector/messages.ts';
import { MAX_CALLS, type CallList } from './call-list.ts';

/** Has the host read a page of calls. */
type ReadPage = (page: Requests['calls']['params'], unwanted: AbortSignal) => Promise<Requests['calls']['answer']>;

/**
 * What the host finds for a filter that rows do not tell, or of calls that there is no room for: page by page, given up
 * when another filter is wanted.
 */
export class CallSearch {
  readonly #readPage: ReadPage;
  readonly #list: CallList;
  readonly #changed: (problem: unknown) => void;
  /** The filter that is looked for. */
  #query: CallQuery | undefined;
  #turn = 0;
  #unwanted = new AbortController();
  #running = false;
  #wanted = false;
  /** Rows tell all of the filter that is known here: only older calls are looked through. */
  #olderOnly = false;
  /** The newest call that was looked at. */
  #newest = -1;
  #percent = 0;

  /** @param changed called after every page, and with what went wrong */
  constructor(readPage: ReadPage, list: CallList, changed: (problem: unknown) => void) {
    this.#readPage = readPage;
    this.#list = list;
    this.#changed = changed;
  }

  /** Whether a filter is set that needs the host. */
  get wanted(): boolean {
    return this.#wanted;
  }

  get running(): boolean {
    return this.#running;
  }

  /** Whether calls came in since that it did not look at. */
  get behind(): boolean {
    return this.#wanted && !this.#running && !this.#olderOnly && (this.#list.span?.newest ?? -1) > this.#newest;
  }

  /** How far it is, in whole tens. */
  get percent(): number {
    return this.#percent;
  }

  /**
   * A filter was typed; `run` follows once typing rests. What was looked for before is given up.
   * @param byRows all that rows tell is here, unless there are more calls than there is room for
   */
  expect(byRows: boolean): void {
    this.stop();
    this.#olderOnly = byRows;
    if (!byRows || this.#full) this.#want();
  }

  /** All calls are read that there is room for: only now it may be known that there are more to look through. */
  async loaded(query: CallQuery): Promise<void> {
    if (this.#wanted || !this.#olderOnly || !this.#full) return;
    this.#want();
    await this.run(query);
  }

  /** Gives up what is looked for. */
  stop(): void {
    this.#unwanted.abort();
    this.#turn++;
    this.#wanted = false;
    this.#olderOnly = false;
    this.#running = false;
  }

  /** Looks for a filter through all calls. */
  async run(query: CallQuery): Promise<void> {
    if (!this.#wanted) return;
    this.#query = query;
    const { newest = -1, oldest = 0 } = this.#list.span ?? {};
    this.#newest = newest;
    await this.#read(this.#olderOnly ? oldest : undefined, -1);
  }

  /** Looks through the calls that came in since. */
  async more(): Promise<void> {
    if (!this.behind) return;
    const until = this.#newest;
    this.#newest = this.#list.span?.newest ?? -1;
    await this.#read(undefined, until);
  }

  /** Reads pages of what matches, from before a call on until there are none, or they are as old as `until`. */
  async #read(from: number | undefined, until: number): Promise<void> {
    const query = this.#query;
    if (query === undefined) return;
    const turn = ++this.#turn;
    this.#unwanted.abort();
    this.#unwanted = new AbortController();
    const { signal } = this.#unwanted;
    this.#running = true;
    try {
      for (let before = from, first = true; first || before !== undefined; first = false) {
        const page = await this.#readPage({ ...query, before }, signal);
        if (turn !== this.#turn) return;
        before = page.before !== undefined && page.before > until ? page.before : undefined;
        this.#running = before !== undefined;
        this.#percent = before === undefined ? 100 : this.#shareBefore(before);
        if (page.rows.length > 0) this.#list.find(page.rows);
        this.#changed(undefined);
      }
    } catch (error) {
      if (turn !== this.#turn) return;
      this.#running = false;
      this.#changed(error);
    }
  }

  get #full(): boolean {
    return this.#list.known >= MAX_CALLS;
  }

  #want(): void {
    this.#wanted = true;
    this.#running = true;
    this.#percent = 0;
  }

  #shareBefore(seq: number): number {
    const { newest, oldest } = this.#list.span ?? { newest: 0, oldest: 0 };
    const share = newest === oldest ? 0 : (newest - seq) / (newest - oldest);
    return Math.floor(Math.min(0.9, Math.max(0, share)) * 10) * 10;
  }
}
