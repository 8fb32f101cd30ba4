import { OUTCOME_TEXT, OUTCOMES, type CallQuery, type CallRow } from '../src/views/inspector/messages.ts';
import { bytes, plural } from '../src/views/text.ts';
import { AgainForm } from './again.ts';
import { option, valueControl } from './components.ts';
import { byId, cell, make, settled, throttled } from './dom.ts';
import type { Host } from './host.ts';

/** Rows shown at most; older calls leave. */
const MAX_ROWS = 300;

/** A glyph beside the word, so that outcomes differ by more than colour. */
const OUTCOME_GLYPH: Readonly<Record<CallRow['outcome'], string>> = {
  ok: '✓',
  tool_error: '✗',
  protocol_error: '✗',
  ambiguous: '?',
  refused: '⊘',
};

interface Column {
  readonly label: string;
  readonly text: (row: CallRow) => string;
  readonly key: (row: CallRow) => number | string;
  readonly numeric?: true;
}

const TOOL: Column = { label: 'Tool', text: toolName, key: toolName };

const COLUMNS: readonly Column[] = [
  { label: 'Time', text: ({ time }) => new Date(time).toLocaleTimeString(), key: ({ seq }) => seq },
  TOOL,
  { label: 'Agent', text: ({ agent }) => agent, key: ({ agent }) => agent },
  { label: 'Outcome', text: ({ outcome }) => `${OUTCOME_GLYPH[outcome]} ${OUTCOME_TEXT[outcome]}`, key: ({ outcome }) => outcome },
  { label: 'Duration', text: ({ durationMs }) => duration(durationMs), key: ({ durationMs }) => durationMs, numeric: true },
  { label: 'Result', text: ({ bytesOut }) => bytes(bytesOut), key: ({ bytesOut }) => bytesOut, numeric: true },
];

/** The Calls tab: a live table of calls, and the details of one. */
export class CallsTab {
  readonly #host: Host;
  readonly #onQuery: () => void;
  readonly #text = valueControl('calls-text');
  readonly #outcome = valueControl('calls-outcome');
  readonly #status = byId('calls-status');
  readonly #body = byId('calls-body');
  readonly #headers: readonly HTMLTableCellElement[];
  readonly #detail = byId('detail');
  readonly #again: AgainForm;
  readonly #renderSoon = throttled(100, () => this.#render());
  readonly #loadSoon = throttled(500, () => void this.load());
  #rows: readonly CallRow[] = [];
  #sort = { column: 0, ascending: false };
  #shown: number | undefined;
  #loading = 0;

  /** @param onQuery called when the filter changes, so that it can be remembered */
  constructor(host: Host, query: Partial<CallQuery>, onQuery: () => void) {
    this.#host = host;
    this.#again = new AgainForm(host);
    this.#onQuery = onQuery;
    this.#outcome.append(option('', 'any'), ...OUTCOMES.map((outcome) => option(outcome, OUTCOME_TEXT[outcome])));
    this.#text.value = query.text ?? '';
    this.#outcome.value = query.outcome ?? '';
    this.#headers = COLUMNS.map((column, index) => this.#header(column, index));
    byId('calls-head').replaceChildren(...this.#headers);
    const filter = settled(150, () => this.#filter());
    this.#text.addEventListener('input', filter);
    this.#outcome.addEventListener('change', filter);
    byId('detail-close').addEventListener('click', () => this.#closeDetail());
    this.#detail.addEventListener('keydown', ({ key }) => {
      if (key === 'Escape') this.#closeDetail();
    });
    this.#body.addEventListener('keydown', (event) => this.#moveFocus(event));
  }

  get query(): CallQuery {
    const outcome = OUTCOMES.find((known) => known === this.#outcome.value);
    return { text: this.#text.value.trim(), outcome };
  }

  /** Asks for the calls that match. */
  async load(): Promise<void> {
    const turn = ++this.#loading;
    try {
      const rows = await this.#host.ask('calls', this.query);
      // An answer to an older filter comes too late.
      if (turn !== this.#loading) return;
      this.#rows = rows;
      this.#render();
    } catch (error) {
      this.#status.textContent = error instanceof Error ? error.message : String(error);
    }
  }

  /** A call just ended. Only the host knows whether it matches a filter. */
  called(row: CallRow): void {
    const { text, outcome } = this.query;
    if (text !== '' || outcome !== undefined) {
      this.#loadSoon();
      return;
    }
    this.#rows = [row, ...this.#rows.filter(({ seq }) => seq !== row.seq)].slice(0, MAX_ROWS);
    this.#renderSoon();
  }

  #filter(): void {
    this.#onQuery();
    void this.load();
  }

  #header({ label, numeric }: Column, index: number): HTMLTableCellElement {
    const header = make('th', '', numeric === true ? 'numeric' : '');
    header.scope = 'col';
    const button = make('button', label, 'plain');
    button.type = 'button';
    button.addEventListener('click', () => {
      const { column, ascending } = this.#sort;
      this.#sort = { column: index, ascending: column === index ? !ascending : true };
      this.#render();
    });
    header.append(button);
    return header;
  }

  #render(): void {
    const { column, ascending } = this.#sort;
    this.#headers.forEach((header, index) => {
      header.setAttribute('aria-sort', index === column ? (ascending ? 'ascending' : 'descending') : 'none');
    });
    const { key } = COLUMNS[column] ?? TOOL;
    const sorted = [...this.#rows].sort((a, b) => (ascending ? 1 : -1) * order(key(a), key(b)));
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset['seq'] : undefined;
    this.#body.replaceChildren(...sorted.map((row) => this.#row(row)));
    // Rows are drawn anew: whoever stood on one stands on it still.
    if (focused !== undefined) this.#body.querySelector<HTMLElement>(`[data-seq="${focused}"]`)?.focus();
    this.#status.textContent = sorted.length === 0 ? this.#nothing() : `${plural(sorted.length, 'call')}${sorted.length === MAX_ROWS ? ', the newest' : ''}`;
  }

  #nothing(): string {
    const { text, outcome } = this.query;
    return text === '' && outcome === undefined ? 'No calls yet.' : 'No call matches.';
  }

  #row(row: CallRow): HTMLTableRowElement {
    const element = make('tr', '', row.outcome);
    for (const column of COLUMNS) {
      const text = column.text(row);
      element.append(cell(column === TOOL ? this.#detailButton(row, text) : text, column.numeric === true ? 'numeric' : ''));
    }
    return element;
  }

  #detailButton(row: CallRow, text: string): HTMLButtonElement {
    const button = make('button', text, 'plain');
    button.type = 'button';
    button.dataset['seq'] = String(row.seq);
    button.setAttribute('aria-controls', 'detail');
    button.setAttribute('aria-expanded', String(row.seq === this.#shown));
    button.addEventListener('click', () => this.#showDetail(row));
    return button;
  }

  #showDetail(row: CallRow): void {
    this.#shown = row.seq;
    this.#render();
    byId('detail-title').textContent = toolName(row);
    const facts: readonly (readonly [string, string])[] = [
      ['Time', new Date(row.time).toLocaleString()],
      ['Outcome', row.code === undefined ? OUTCOME_TEXT[row.outcome] : `${OUTCOME_TEXT[row.outcome]}, ${row.code}`],
      ['Duration', duration(row.durationMs)],
      ['Arguments', bytes(row.bytesIn)],
      ['Result', `${bytes(row.bytesOut)}, about ${plural(row.tokensOut, 'token')}${row.truncated ? `, shortened for the agent${row.bytesWhole === undefined ? '' : ` from ${bytes(row.bytesWhole)}`}` : ''}`],
      ['Agent', `${row.agent} (${row.client})`],
      ['Route', row.route],
      ['Call', row.id],
      ...row.findings.map((finding) => ['Finding', finding] as const),
    ];
    byId('detail-facts').replaceChildren(...facts.flatMap(([term, text]) => [make('dt', term), make('dd', text)]));
    byId('detail-arguments').textContent = row.arguments ?? 'none';
    this.#again.show(row);
    this.#detail.hidden = false;
    this.#detail.focus();
  }

  #closeDetail(): void {
    const seq = this.#shown;
    this.#shown = undefined;
    this.#detail.hidden = true;
    this.#render();
    if (seq !== undefined) this.#body.querySelector<HTMLElement>(`[data-seq="${seq}"]`)?.focus();
  }

  #moveFocus(event: KeyboardEvent): void {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step === 0 || !(event.target instanceof HTMLButtonElement)) return;
    const buttons = [...this.#body.querySelectorAll('button')];
    const next = buttons[buttons.indexOf(event.target) + step];
    if (next === undefined) return;
    event.preventDefault();
    next.focus();
  }
}

function toolName({ server, tool }: CallRow): string {
  return server === '' ? tool : `${server}:${tool}`;
}

function duration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

function order(a: number | string, b: number | string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
