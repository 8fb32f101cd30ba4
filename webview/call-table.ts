import { OUTCOME_TEXT, type CallRow } from '../src/views/inspector/messages.ts';
import { t } from '../src/views/l10n.ts';
import { bytes } from '../src/views/text.ts';
import type { CallList, SortKey } from './call-list.ts';
import { byId, cell, make } from './dom.ts';
import { duration, toolName } from './call-text.ts';

/** A glyph beside the word, so that outcomes differ by more than colour. */
const OUTCOME_GLYPH: Readonly<Record<CallRow['outcome'], string>> = { ok: '✓', tool_error: '✗', protocol_error: '✗', ambiguous: '?', refused: '⊘' };

interface Column {
  readonly label: () => string;
  readonly text: (row: CallRow) => string;
  /** Undefined orders by time. */
  readonly key: SortKey | undefined;
  readonly numeric?: true;
}

const COLUMNS: readonly Column[] = [
  { label: () => t('Time'), text: ({ time }) => new Date(time).toLocaleTimeString(document.documentElement.lang), key: undefined },
  { label: () => t('Tool'), text: toolName, key: toolName },
  { label: () => t('Agent'), text: ({ agent }) => agent, key: ({ agent }) => agent },
  { label: () => t('Outcome'), text: ({ outcome }) => `${OUTCOME_GLYPH[outcome]} ${OUTCOME_TEXT[outcome]()}`, key: ({ outcome }) => outcome },
  { label: () => t('Duration'), text: ({ durationMs }) => duration(durationMs), key: ({ durationMs }) => durationMs, numeric: true },
  { label: () => t('Result'), text: ({ bytesOut }) => bytes(bytesOut), key: ({ bytesOut }) => bytesOut, numeric: true },
  { label: () => t('Tokens'), text: ({ tokensOut }) => tokensOut.toLocaleString(document.documentElement.lang), key: ({ tokensOut }) => tokensOut, numeric: true },
];
/** The column whose cells are buttons. */
const TOOL = 1;

/** Rows drawn above and below what is on the screen. */
const SPARE_ROWS = 12;

/** A place in the table: a call, and where it stood, for when the call is gone. */
export interface Place {
  readonly seq: number;
  readonly index: number;
}

/** How the table is ordered. */
export interface Sort {
  readonly column: number;
  readonly ascending: boolean;
}

/**
 * A table of calls that draws only the rows on the screen: a real table with real rows, which say by `aria-rowindex`
 * where they stand, between two empty ones as high as all that is not drawn.
 */
export class CallTable {
  readonly #list: CallList;
  readonly #open: (row: CallRow) => void;
  readonly #sorted: () => void;
  readonly #scroller = byId('calls-scroll');
  readonly #table = byId('calls');
  readonly #body = byId('calls-body');
  readonly #above = spacer();
  readonly #below = spacer();
  readonly #headers: readonly HTMLTableCellElement[];
  #sort: Sort;
  /** Of a row, in pixels; measured when one is there, and anew when the page is zoomed. */
  #rowHeight = 0;
  #drawn = { from: 0, to: 0 };
  /** Whether the next frame draws already. */
  #waiting = false;
  /** The call whose row has the focus, or had it when it was scrolled away. */
  #current: number | undefined;
  #shown: number | undefined;
  #place: Place | undefined;

  /**
   * @param open called with the call whose row was chosen
   * @param sorted called when a person ordered the table
   */
  constructor(list: CallList, sort: Sort, open: (row: CallRow) => void, sorted: () => void) {
    this.#list = list;
    this.#sort = sort;
    this.#open = open;
    this.#sorted = sorted;
    this.#headers = COLUMNS.map((column, index) => this.#header(column, index));
    byId('calls-head').replaceChildren(...this.#headers);
    this.#scroller.addEventListener('scroll', () => this.#drawSoon(), { passive: true });
    new ResizeObserver(() => {
      this.#rowHeight = 0;
      this.draw();
    }).observe(this.#scroller);
    this.#body.addEventListener('keydown', (event) => this.#move(event));
    this.#body.addEventListener('focusin', ({ target }) => {
      const seq = target instanceof HTMLElement ? target.dataset['seq'] : undefined;
      if (seq !== undefined) this.#current = Number(seq);
    });
    this.#apply();
  }

  get sort(): Sort {
    return this.#sort;
  }

  /** Where it is scrolled to, or was when it was last to be seen. */
  get place(): Place | undefined {
    if (this.#scroller.clientHeight > 0) this.#place = this.#placeNow();
    return this.#place;
  }

  #placeNow(): Place | undefined {
    const index = this.#rowHeight === 0 ? 0 : Math.floor(this.#scroller.scrollTop / this.#rowHeight);
    const row = this.#list.rows[index];
    return index === 0 || row === undefined ? undefined : { seq: row.seq, index };
  }

  /**
   * Scrolls to a place.
   * @param anyway true: to the nearest there is; else only when the call is there
   * @returns whether it did
   */
  goTo({ seq, index }: Place, anyway: boolean): boolean {
    const now = this.#list.indexOf(seq);
    if (now < 0 && !anyway) return false;
    this.draw();
    this.#scroller.scrollTop = (now < 0 ? index : now) * this.#rowHeight;
    this.draw();
    return true;
  }

  /** Has the list changed; whoever has scrolled down goes on seeing the same calls. */
  holding(change: () => void): void {
    const { place } = this;
    const within = place === undefined ? 0 : this.#scroller.scrollTop - place.index * this.#rowHeight;
    change();
    if (place === undefined || this.#scroller.clientHeight === 0) return;
    const now = this.#list.indexOf(place.seq);
    if (now < 0 || now === place.index) return;
    this.draw();
    this.#scroller.scrollTop = now * this.#rowHeight + within;
    this.draw();
  }

  /** Marks the call whose details are shown; none for undefined. */
  mark(seq: number | undefined): void {
    this.#shown = seq;
    for (const button of this.#body.querySelectorAll('button')) button.setAttribute('aria-expanded', String(button.dataset['seq'] === String(seq)));
  }

  /** Puts the focus on a call, scrolled to if need be. */
  focus(seq: number): void {
    const index = this.#list.indexOf(seq);
    if (index >= 0) this.#focusAt(index);
  }

  /** Draws what is on the screen now. */
  draw(): void {
    const { rows } = this.#list;
    this.#table.setAttribute('aria-rowcount', String(rows.length + 1));
    if (this.#rowHeight === 0) this.#measure();
    const first = Math.floor(this.#scroller.scrollTop / (this.#rowHeight || 1));
    const fitting = Math.ceil(this.#scroller.clientHeight / (this.#rowHeight || 1));
    const from = Math.max(0, Math.min(first, rows.length - fitting) - SPARE_ROWS);
    const to = Math.min(rows.length, first + fitting + SPARE_ROWS);
    this.#drawn = { from, to };
    const focused = this.#body.contains(document.activeElement) ? this.#current : undefined;
    setHeight(this.#above, from * this.#rowHeight);
    setHeight(this.#below, (rows.length - to) * this.#rowHeight);
    this.#body.replaceChildren(this.#above, ...rows.slice(from, to).map((row, i) => this.#row(row, from + i)), this.#below);
    // Rows are drawn anew: whoever stood on one stands on it still.
    if (focused !== undefined) this.#buttonOf(focused)?.focus({ preventScroll: true });
  }

  #drawSoon(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    requestAnimationFrame(() => {
      this.#waiting = false;
      const visible = Math.floor(this.#scroller.scrollTop / (this.#rowHeight || 1));
      const last = visible + Math.ceil(this.#scroller.clientHeight / (this.#rowHeight || 1));
      // Within what is drawn already there is nothing to do.
      if (visible - SPARE_ROWS / 2 >= this.#drawn.from && last + SPARE_ROWS / 2 <= this.#drawn.to) return;
      this.draw();
    });
  }

  #measure(): void {
    const [sample] = this.#list.rows;
    if (sample === undefined) return;
    const row = this.#row(sample, 0);
    this.#body.replaceChildren(row);
    this.#rowHeight = row.getBoundingClientRect().height;
  }

  #row(row: CallRow, index: number): HTMLTableRowElement {
    const element = make('tr', '', row.outcome);
    element.setAttribute('aria-rowindex', String(index + 2));
    COLUMNS.forEach((column, i) => {
      const text = column.text(row);
      element.append(cell(i === TOOL ? this.#button(row, text) : text, column.numeric === true ? 'numeric' : ''));
    });
    return element;
  }

  #button(row: CallRow, text: string): HTMLButtonElement {
    const button = make('button', text, 'plain');
    button.type = 'button';
    button.dataset['seq'] = String(row.seq);
    button.setAttribute('aria-controls', 'detail');
    button.setAttribute('aria-expanded', String(row.seq === this.#shown));
    button.addEventListener('click', () => this.#open(row));
    return button;
  }

  #header({ label, numeric }: Column, index: number): HTMLTableCellElement {
    const header = make('th', '', numeric === true ? 'numeric' : '');
    header.scope = 'col';
    const button = make('button', label(), 'plain');
    button.type = 'button';
    button.addEventListener('click', () => {
      const { column, ascending } = this.#sort;
      this.#sort = { column: index, ascending: column === index ? !ascending : index !== 0 };
      this.#apply();
      this.draw();
      this.#sorted();
    });
    header.append(button);
    return header;
  }

  #apply(): void {
    const { column, ascending } = this.#sort;
    this.#headers.forEach((header, index) => header.setAttribute('aria-sort', index === column ? (ascending ? 'ascending' : 'descending') : 'none'));
    this.#list.sort(COLUMNS[column]?.key, ascending);
  }

  #move(event: KeyboardEvent): void {
    if (!(event.target instanceof HTMLButtonElement)) return;
    const page = Math.max(1, Math.floor(this.#scroller.clientHeight / (this.#rowHeight || 1)) - 2);
    const last = this.#list.rows.length - 1;
    const now = this.#list.indexOf(Number(event.target.dataset['seq']));
    const next = { ArrowDown: now + 1, ArrowUp: now - 1, PageDown: now + page, PageUp: now - page, Home: 0, End: last }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    this.#focusAt(Math.max(0, Math.min(next, last)));
  }

  #focusAt(index: number): void {
    const row = this.#list.rows[index];
    if (row === undefined) return;
    const head = byId('calls-head').getBoundingClientRect().height;
    const top = index * this.#rowHeight;
    if (top < this.#scroller.scrollTop) this.#scroller.scrollTop = top;
    else if (top + this.#rowHeight * 2 + head > this.#scroller.scrollTop + this.#scroller.clientHeight) this.#scroller.scrollTop = top + this.#rowHeight * 2 + head - this.#scroller.clientHeight;
    this.#current = row.seq;
    this.draw();
    this.#buttonOf(row.seq)?.focus({ preventScroll: true });
  }

  #buttonOf(seq: number): HTMLElement | null {
    return this.#body.querySelector<HTMLElement>(`[data-seq="${seq}"]`);
  }
}

/** A row that only takes room. */
function spacer(): HTMLTableRowElement {
  const row = make('tr', '', 'spacer');
  row.setAttribute('aria-hidden', 'true');
  const filling = make('td');
  filling.colSpan = COLUMNS.length;
  row.append(filling);
  return row;
}

function setHeight(row: HTMLTableRowElement, pixels: number): void {
  row.hidden = pixels <= 0;
  row.style.height = `${Math.max(0, pixels)}px`;
}
