import { OUTCOME_TEXT, OUTCOMES, type CallQuery, type CallRow } from '../src/views/inspector/messages.ts';
import { t, tn } from '../src/views/l10n.ts';
import { CallDetailPane } from './call-detail.ts';
import { CallList, MAX_CALLS } from './call-list.ts';
import { CallTable, type Sort } from './call-table.ts';
import { option, valueControl } from './components.ts';
import { byId, settled, throttled } from './dom.ts';
import { messageOf, type Host } from './host.ts';

/** What the tab remembers while it is hidden. */
export interface CallsState {
  readonly query: CallQuery;
  readonly sort: Sort;
  /** Rows it is scrolled by. */
  readonly top: number;
  /** The call whose details are shown. */
  readonly shown: number | undefined;
}

/** The Calls tab: a live table of calls, and the details of one. */
export class CallsTab {
  readonly #host: Host;
  readonly #changed: () => void;
  readonly #text = valueControl('calls-text');
  readonly #outcome = valueControl('calls-outcome');
  readonly #status = byId('calls-status');
  readonly #list = new CallList();
  readonly #table: CallTable;
  readonly #detail: CallDetailPane;
  readonly #drawSoon = throttled(100, () => this.#draw());
  readonly #loadSoon = throttled(1000, () => void this.load());
  #recalled: Partial<CallsState>;
  #loading = 0;
  #complete = false;

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
    const filter = settled(150, () => this.#filter());
    this.#text.addEventListener('input', filter);
    this.#outcome.addEventListener('change', filter);
    byId('calls-export').addEventListener('click', () => void this.#export());
    byId('calls-scroll').addEventListener('scroll', settled(250, changed), { passive: true });
  }

  get query(): CallQuery {
    const outcome = OUTCOMES.find((known) => known === this.#outcome.value);
    return { text: this.#text.value.trim(), outcome };
  }

  get state(): CallsState {
    return { query: this.query, sort: this.#table.sort, top: this.#table.top, shown: this.#detail.shown };
  }

  /** The calls it knows, newest first. */
  get calls(): readonly CallRow[] {
    return this.#list.newest;
  }

  /** Asks for the calls that match: the newest first, then page by page all there are room for. */
  async load(): Promise<void> {
    const turn = ++this.#loading;
    try {
      const { query } = this;
      let fresh = true;
      for (let before: number | undefined; fresh || before !== undefined; ) {
        const page = await this.#host.ask('calls', { ...query, before });
        // An answer to an older filter comes too late.
        if (turn !== this.#loading) return;
        if (fresh) this.#list.clear();
        const more = this.#list.append(page.rows);
        before = more ? page.before : undefined;
        this.#complete = before === undefined;
        if (fresh) this.#restore();
        fresh = false;
        this.#draw();
      }
    } catch (error) {
      if (turn === this.#loading) this.#status.textContent = messageOf(error);
    }
  }

  /** Calls just ended. Only the host knows whether they match a filter. */
  called(rows: readonly CallRow[]): void {
    const { text, outcome } = this.query;
    if (text !== '' || outcome !== undefined) return this.#loadSoon();
    this.#list.add(rows);
    this.#drawSoon();
  }

  /** Draws what is on the screen: it was not drawn while another tab was shown. */
  #draw(): void {
    this.#table.draw();
    const count = this.#list.rows.length;
    this.#status.textContent = count === 0 ? (this.#complete ? this.#nothing() : t('Reading the calls…')) : this.#summary(count);
  }

  #summary(count: number): string {
    const calls = tn(count, '{0} call', '{0} calls');
    if (count >= MAX_CALLS) return t('{0}, the newest', calls);
    return this.#complete ? calls : t('{0}, reading on…', calls);
  }

  #nothing(): string {
    const { text, outcome } = this.query;
    return text === '' && outcome === undefined ? t('No calls yet. They appear here as agents make them.') : t('No call matches.');
  }

  #filter(): void {
    this.#changed();
    void this.load();
  }

  /** Goes back to where the page was before it was hidden. */
  #restore(): void {
    const { top = 0, shown } = this.#recalled;
    this.#recalled = {};
    if (top > 0) this.#table.top = top;
    const row = shown === undefined ? undefined : this.#list.newest.find(({ seq }) => seq === shown);
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
    }
  }
}
