import { MAX_QUERY, type FoundTool, type HiddenTool, type SearchAnswer } from '../src/views/inspector/messages.ts';
import { t, tn } from '../src/views/l10n.ts';
import { valueControl } from './components.ts';
import { byId, cell, make } from './dom.ts';
import { messageOf, type Host } from './host.ts';
import { barLine } from './svg.ts';

/** The Tool search tab: what an agent would be offered for a query, what it costs, why, and what it does not get. */
export class SearchTab {
  readonly #host: Host;
  readonly #changed: () => void;
  readonly #text = valueControl('search-text');
  readonly #status = byId('search-status');
  readonly #table = byId('results');
  readonly #body = byId('results-body');
  readonly #hidden = byId('hidden');
  #turn = 0;

  /** @param changed called when the query changes, so that it can be remembered */
  constructor(host: Host, query: string, changed: () => void) {
    this.#host = host;
    this.#changed = changed;
    this.#text.value = query;
    byId('search-run').addEventListener('click', () => void this.load());
    this.#text.addEventListener('input', changed);
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
    this.#changed();
    if (query === '') {
      this.#table.hidden = true;
      this.#hidden.hidden = true;
      this.#status.textContent = t('Type what an agent would look for: you see the tools it gets, and why.');
      return;
    }
    try {
      const answer = await this.#host.ask('search', { query });
      if (turn === this.#turn) this.#show(answer);
    } catch (error) {
      if (turn === this.#turn) this.#status.textContent = messageOf(error);
    }
  }

  #show({ tools, searched, hidden, hiddenTools }: SearchAnswer): void {
    const best = tools[0]?.score ?? 1;
    this.#body.replaceChildren(...tools.map((tool) => row(tool, best)));
    this.#table.hidden = tools.length === 0;
    const tokens = tools.reduce((sum, tool) => sum + tool.tokens, 0);
    const found = tools.length === 0 ? t('Nothing found') : t('{0}, about {1} tokens of definitions', tn(tools.length, '{0} tool found', '{0} tools found'), tokens);
    const among = tn(searched, 'among {0} approved tool', 'among {0} approved tools');
    const waiting = hidden === 0 ? '' : `; ${tn(hidden, '{0} tool hidden until approved', '{0} tools hidden until approved')}`;
    this.#status.textContent = `${found} ${among}${waiting}.`;
    this.#hidden.hidden = hiddenTools.length === 0;
    byId('hidden-body').replaceChildren(...hiddenTools.map(hiddenRow));
  }
}

function row({ id, score, tier, summary, reasons, tokens }: FoundTool, best: number): HTMLTableRowElement {
  const element = make('tr');
  const name = make('th', id);
  name.scope = 'row';
  const what = make('td', tier);
  what.append(make('p', summary, 'faint'));
  element.append(cell(score.toFixed(2), 'numeric'), name, what, cell(String(tokens), 'numeric'), reasonsCell(reasons, best));
  return element;
}

/** Each term's part of the score, as a figure and as a bar beside those of the best tool. */
function reasonsCell(reasons: FoundTool['reasons'], best: number): HTMLTableCellElement {
  const list = make('dl', '', 'reasons');
  for (const { term, field, score } of reasons) {
    const part = make('dd', score.toFixed(2), 'numeric');
    const bar = make('dd', '', 'bar');
    bar.append(barLine([{ from: 0, to: score / best, kind: 'value' }]));
    list.append(make('dt', t('{0} in {1}', term, field)), part, bar);
  }
  return cell(list);
}

function hiddenRow({ id, why }: HiddenTool): HTMLTableRowElement {
  const element = make('tr');
  const name = make('th', id);
  name.scope = 'row';
  element.append(name, cell(why));
  return element;
}
