import type { CallQuery } from '../src/views/inspector/messages.ts';
import type { CallList } from './call-list.ts';
import { messageOf, type Host } from './host.ts';

/** What the host finds for a filter that rows do not tell: page by page, given up when another filter is wanted. */
export class CallSearch {
  readonly #host: Host;
  readonly #list: CallList;
  readonly #changed: (problem: string | undefined) => void;
  /** The filter that is looked for. */
  #query: CallQuery | undefined;
  #turn = 0;
  #unwanted = new AbortController();
  #running = false;
  #wanted = false;
  /** Rows tell all that is known here: only older calls are looked through. */
  #olderOnly = false;
  /** The newest call that was looked at. */
  #newest = -1;
  #percent = 0;

  /** @param changed called after every page, and with what went wrong */
  constructor(host: Host, list: CallList, changed: (problem: string | undefined) => void) {
    this.#host = host;
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

  /** A filter was typed; `run` follows once typing rests. What was looked for before is given up. */
  expect(olderOnly: boolean): void {
    this.stop();
    this.#wanted = true;
    this.#running = true;
    this.#olderOnly = olderOnly;
    this.#percent = 0;
  }

  /** Gives up what is looked for. */
  stop(): void {
    this.#unwanted.abort();
    this.#turn++;
    this.#wanted = false;
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
        const page = await this.#host.ask('calls', { ...query, before }, signal);
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
      this.#changed(messageOf(error));
    }
  }

  #shareBefore(seq: number): number {
    const { newest, oldest } = this.#list.span ?? { newest: 0, oldest: 0 };
    const share = newest === oldest ? 0 : (newest - seq) / (newest - oldest);
    return Math.floor(Math.min(0.9, Math.max(0, share)) * 10) * 10;
  }
}
