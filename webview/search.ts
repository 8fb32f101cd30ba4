import { MAX_QUERY, type FoundTool } from '../src/views/inspector/messages.ts';
import { plural } from '../src/views/text.ts';
import { valueControl } from './components.ts';
import { byId, cell, make } from './dom.ts';
import type { Host } from './host.ts';

/** The Tool search tab: what an agent would be offered for a query, and why. */
export class SearchTab {
  readonly #host: Host;
  readonly #onQuery: () => void;
  readonly #text = valueControl('search-text');
  readonly #status = byId('search-status');
  readonly #table = byId('results');
  readonly #body = byId('results-body');
  #turn = 0;

  /** @param onQuery called when the query changes, so that it can be remembered */
  constructor(host: Host, query: string, onQuery: () => void) {
    this.#host = host;
    this.#onQuery = onQuery;
    this.#text.value = query;
    byId('search-run').addEventListener('click', () => void this.load());
    this.#text.addEventListener('input', onQuery);
    this.#text.addEventListener('keydown', ({ key }) => {
      if (key === 'Enter') void this.load();
    });
  }

  get query(): string {
    return this.#text.value.trim().slice(0, MAX_QUERY);
  }

  /** Puts the cursor where a query is typed. */
  focus(): void {
    this.#text.focus();
  }

  /** Searches for the query, if there is one. */
  async load(): Promise<void> {
    const turn = ++this.#turn;
    const { query } = this;
    this.#onQuery();
    if (query === '') {
      this.#table.hidden = true;
      this.#status.textContent = '';
      return;
    }
    try {
      const { tools, searched, hidden } = await this.#host.ask('search', { query });
      if (turn !== this.#turn) return;
      this.#body.replaceChildren(...tools.map(row));
      this.#table.hidden = tools.length === 0;
      const found = tools.length === 0 ? 'Nothing found' : `${plural(tools.length, 'tool')} found`;
      const waiting = hidden === 0 ? '' : `; ${plural(hidden, 'tool')} hidden until approved`;
      this.#status.textContent = `${found} among ${plural(searched, 'approved tool')}${waiting}.`;
    } catch (error) {
      this.#status.textContent = error instanceof Error ? error.message : String(error);
    }
  }
}

function row({ id, score, tier, summary, reasons }: FoundTool): HTMLTableRowElement {
  const element = make('tr');
  const name = make('th', id);
  name.scope = 'row';
  const why = reasons.map(({ term, field, score: part }) => `${term} in ${field} ${part.toFixed(2)}`).join(', ');
  element.append(cell(score.toFixed(2), 'numeric'), name, cell(tier), cell(summary), cell(why, 'faint'));
  return element;
}
