import { narrows, readCallQuery, type ReadyQuery } from '../src/views/inspector/call-query.ts';
import { MAX_QUERY, OUTCOME_TEXT, OUTCOMES, type CallQuery, type CallRow } from '../src/views/inspector/messages.ts';
import { t, tn } from '../src/views/l10n.ts';
import { CallDetailPane } from './call-detail.ts';
import { CallList, MAX_CALLS } from './call-list.ts';
import { CallSearch } from './call-search.ts';
import { CallTable, type Place, type Sort } from './call-table.ts';
import { option, valueControl } from './components.ts';
import { byId, settled, throttled } from './dom.ts';
import { messageOf, type Host } from './host.ts';
import { rowFilter } from './row-filter.ts';

/** What the tab remembers while it is hidden. */
export interface CallsState {
  readonly query: CallQuery;
  readonly sort: Sort;
  readonly place: Place | undefined;
  /** The call whose details are shown. */
  readonly shown: number | undefined;
}

/** How often a screen reader hears of calls that come in, in milliseconds. */
const SAY_MS = 5_000;
const NOTHING: CallQuery = { text: '', outcome: undefined };

/**
 * The Calls tab: a live table of calls, and the details of one. All calls are read once, whatever the filter; what rows
 * tell is filtered here, at once. What stands in arguments only the host can find: what it finds joins page by page.
 */
export class CallsTab {
  readonly #host: Host;
  readonly #changed: () => void;
  readonly #text = valueControl('calls-text');
  readonly #outcome = valueControl('calls-outcome');
  readonly #status = byId('calls-status');
  readonly #said = byId('calls-said');
  readonly #list = new CallList();
  readonly #search: CallSearch;
  readonly #table: CallTable;
  readonly #detail: CallDetailPane;
  readonly #drawSoon = throttled(100, () => this.#draw());
  readonly #searchNewSoon = throttled(1000, () => void this.#search.more());
  readonly #searchSoon = settled(100, () => void this.#search.run(this.query));
  readonly #saySoon = throttled(SAY_MS, () => this.#say());
  #ready: ReadyQuery = readCallQuery(NOTHING);
  #recalled: Partial<CallsState>;
  #loading = 0;
  #complete = false;
  /** What went wrong while calls were read. */
  #problem: string | undefined;
  /** The filter that a screen reader heard the outcome of. */
  #saidOf = '';

  /** @param changed called when what is remembered changes */
  constructor(host: Host, state: Partial<CallsState>, changed: () => void) {
    this.#host = host;
    this.#changed = changed;
    this.#recalled = state;
    this.#outcome.append(option('', t('any')), ...OUTCOMES.map((outcome) => option(outcome, OUTCOME_TEXT[outcome]())));
    this.#text.value = state.query?.text ?? '';
    this.#outcome.value = state.query?.outcome ?? '';
    this.#table = new CallTable(this.#list, state.sort ?? { column: 0, ascending: false }, (row) => void this.#show(row, true), changed);
    this.#detail = new CallDetailPane(host, (seq) => {
      this.#table.mark(undefined);
      this.#table.focus(seq);
      changed();
    });
    this.#search = new CallSearch((page, unwanted) => host.ask('calls', page, unwanted), this.#list, (problem) => {
      this.#problem = problem === undefined ? undefined : messageOf(problem);
      if (this.#search.running) this.#drawSoon();
      else this.#draw();
      if (this.#search.behind) this.#searchNewSoon();
    });
    this.#filter();
    const filter = (): void => {
      this.#filter();
      this.#draw();
      changed();
    };
    this.#text.addEventListener('input', filter);
    this.#outcome.addEventListener('change', filter);
    byId('calls-export').addEventListener('click', () => void this.#export());
    byId('calls-scroll').addEventListener('scroll', settled(250, changed), { passive: true });
    // Whoever moves about does not want to be taken back to where they were.
    for (const moves of ['wheel', 'pointerdown', 'keydown']) byId('calls-scroll').addEventListener(moves, () => (this.#recalled = {}), { passive: true });
  }

  get query(): CallQuery {
    const outcome = OUTCOMES.find((known) => known === this.#outcome.value);
    return { text: this.#text.value.trim().slice(0, MAX_QUERY), outcome };
  }

  get state(): CallsState {
    // Until it is back where it was, that is what is remembered.
    const { place = this.#table.place, shown = this.#detail.shown } = this.#recalled;
    return { query: this.query, sort: this.#table.sort, place, shown };
  }

  /** The calls that are shown, newest first. */
  get calls(): readonly CallRow[] {
    return this.#list.newest;
  }

  /** Reads all calls there is room for: the newest first, then page by page. */
  async load(): Promise<void> {
    const turn = ++this.#loading;
    this.#problem = undefined;
    try {
      let fresh = true;
      for (let before: number | undefined; fresh || before !== undefined; ) {
        const page = await this.#host.ask('calls', { ...NOTHING, before });
        if (turn !== this.#loading) return;
        const first = fresh;
        if (first) this.#list.clear();
        fresh = false;
        const more = this.#list.append(page.rows);
        before = more ? page.before : undefined;
        this.#complete = before === undefined;
        if (this.#complete) void this.#search.loaded(this.query);
        this.#restore();
        if (first || this.#complete) this.#draw();
        else this.#drawSoon();
      }
    } catch (error) {
      if (turn !== this.#loading) return;
      this.#problem = messageOf(error);
      this.#draw();
    }
  }

  /** The gateway changed: what could not be read may be there now. */
  changed(): void {
    if (this.#problem === undefined) return;
    void this.load();
    void this.#search.run(this.query);
  }

  /** Calls just ended. */
  called(rows: readonly CallRow[]): void {
    this.#table.holding(() => this.#list.add(rows));
    this.#drawSoon();
    this.#saySoon();
    // Only the host knows whether what is not shown of them matches.
    if (this.#search.wanted) this.#searchNewSoon();
  }

  /** Draws what is on the screen: it was not drawn while another tab was shown. */
  #draw(): void {
    this.#table.draw();
    const busy = this.#problem === undefined && (!this.#complete || this.#search.running);
    const text = this.#problem ?? this.#statusText();
    if (this.#status.textContent !== text) this.#status.textContent = text;
    byId('calls-scroll').setAttribute('aria-busy', String(busy));
    // A screen reader hears what came of it, not every step on the way.
    if (!busy && this.#said.textContent !== text && this.#loudly()) this.#say();
  }

  #statusText(): string {
    const { rows, known } = this.#list;
    const filtered = !isNothing(this.query);
    const calls = tn(known, '{0} call', '{0} calls');
    const sum = filtered ? t('{0} of {1}', rows.length, calls) : calls;
    if (!this.#complete) return known === 0 ? t('Reading the calls…') : t('{0}, reading on…', sum);
    if (this.#search.running) return t('{0}, searching… {1} %', sum, this.#search.percent);
    if (rows.length === 0) return filtered && known > 0 ? t('No call matches.') : t('No calls yet. They appear here as agents make them.');
    return known >= MAX_CALLS && !filtered ? t('{0}, the newest', calls) : sum;
  }

  /** Whether what is shown changed by what the person did, and not by calls that came in. */
  #loudly(): boolean {
    const query = JSON.stringify([this.query, this.#problem]);
    const loud = query !== this.#saidOf;
    this.#saidOf = query;
    return loud;
  }

  #say(): void {
    this.#said.textContent = this.#status.textContent;
  }

  /** Applies what is typed: at once to what rows tell, soon by the host to the rest. */
  #filter(): void {
    const { query } = this;
    const earlier = this.#ready;
    this.#ready = readCallQuery(query);
    this.#problem = undefined;
    this.#list.filter(isNothing(query) ? undefined : rowFilter(this.#ready), narrows(this.#ready, earlier));
    if (isNothing(query)) return this.#search.stop();
    this.#search.expect(this.#ready.byRows);
    this.#searchSoon();
  }

  /** Goes back to where the page was before it was hidden, as soon as that is read. */
  #restore(): void {
    const { place, shown } = this.#recalled;
    const row = shown === undefined ? undefined : this.#list.call(shown);
    if (place !== undefined && this.#table.goTo(place, this.#complete)) this.#recalled = { ...this.#recalled, place: undefined };
    if (row !== undefined || this.#complete) this.#recalled = { ...this.#recalled, shown: undefined };
    if (row !== undefined) void this.#show(row, false);
  }

  async #show(row: CallRow, move: boolean): Promise<void> {
    this.#table.mark(row.seq);
    const shown = this.#detail.show(row, move);
    this.#changed();
    await shown;
  }

  async #export(): Promise<void> {
    try {
      await this.#host.ask('export', this.query);
    } catch (error) {
      this.#status.textContent = messageOf(error);
      this.#say();
    }
  }
}

function isNothing({ text, outcome }: CallQuery): boolean {
  return text === '' && outcome === undefined;
}
