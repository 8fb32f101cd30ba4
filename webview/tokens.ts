import type { CallRow, TokenRow } from '../src/views/inspector/messages.ts';
import { t, tn } from '../src/views/l10n.ts';
import { duration } from './call-text.ts';
import { byId, cell, make } from './dom.ts';
import { messageOf, type Host } from './host.ts';
import { callsOverTime, latencies, type Latency } from './latency.ts';
import { barLine, columns } from './svg.ts';

/** Columns of the chart of calls over time. */
const PARTS = 48;

/** The Tokens & latency tab: what tool lists, searches and results cost, when the menu pays, and how long tools take. */
export class TokensTab {
  readonly #host: Host;
  readonly #calls: () => readonly CallRow[];
  readonly #notes = byId('tokens-notes');
  readonly #table = byId('tokens');
  readonly #body = byId('tokens-body');
  #turn = 0;

  /** @param calls those that are known, newest first */
  constructor(host: Host, calls: () => readonly CallRow[]) {
    this.#host = host;
    this.#calls = calls;
  }

  /** Asks for the figures as they are now. */
  async load(): Promise<void> {
    const turn = ++this.#turn;
    this.#showLatency();
    try {
      const { notes, sessions } = await this.#host.ask('tokens', {});
      if (turn !== this.#turn) return;
      this.#notes.replaceChildren(...[...notes, ...(sessions.length === 0 ? [t('No agent is connected.')] : [])].map((note) => make('p', note)));
      const most = Math.max(1, ...sessions.map(({ directTokens, listTokens }) => Math.max(directTokens, listTokens)));
      this.#body.replaceChildren(...sessions.flatMap((session) => rows(session, most)));
      this.#table.hidden = sessions.length === 0;
      byId('tokens-key').hidden = sessions.length === 0;
    } catch (error) {
      if (turn === this.#turn) this.#notes.replaceChildren(make('p', messageOf(error)));
    }
  }

  #showLatency(): void {
    const calls = this.#calls();
    const found = latencies(calls);
    byId('latency').hidden = found.length === 0;
    if (found.length === 0) return;
    const slowest = Math.max(0.01, ...found.map(({ slow }) => slow));
    byId('latency-body').replaceChildren(...found.map((latency) => latencyRow(latency, slowest)));
    const { counts, from, to } = callsOverTime(calls, PARTS);
    const most = Math.max(1, ...counts);
    const span = t('{0} from {1} to {2}, at most {3} in one column', tn(calls.length, '{0} call', '{0} calls'), time(from), time(to), most);
    byId('latency-time').replaceChildren(columns(counts.map((count) => count / most), span), make('p', span, 'faint'));
  }
}

/** The figures of one agent, a picture of them, and under them what they come to. */
function rows({ balance, directTokens, exact, listTokens, menuTokens, savedTokens, toolTokens, who }: TokenRow, most: number): HTMLTableRowElement[] {
  const element = make('tr');
  const name = make('th', who);
  name.scope = 'row';
  const figures = [listTokens, directTokens, menuTokens, toolTokens].map((tokens) => cell(`${exact ? '' : '≈ '}${figure(tokens)}`, 'numeric'));
  element.append(name, ...figures, cell(`≈ ${figure(savedTokens)}`, 'numeric'));
  const sum = make('td', balance, 'faint');
  sum.prepend(barLine([{ from: 0, to: listTokens / most, kind: 'value' }]), barLine([{ from: 0, to: directTokens / most, kind: 'other' }]));
  sum.colSpan = element.cells.length;
  const below = make('tr');
  below.append(sum);
  return [element, below];
}

/** Median as a full bar, the slow end as a faint one behind it. */
function latencyRow({ tool, calls, median, slow, failed }: Latency, slowest: number): HTMLTableRowElement {
  const element = make('tr');
  const name = make('th', tool);
  name.scope = 'row';
  const bar = make('td', '', 'bar');
  bar.append(barLine([{ from: 0, to: slow / slowest, kind: 'other' }, { from: 0, to: median / slowest, kind: 'value' }]));
  element.append(name, cell(figure(calls), 'numeric'), cell(figure(failed), 'numeric'), cell(duration(median), 'numeric'), cell(duration(slow), 'numeric'), bar);
  return element;
}

function figure(tokens: number): string {
  return Math.round(tokens).toLocaleString(document.documentElement.lang);
}

function time(ms: number): string {
  return new Date(ms).toLocaleString(document.documentElement.lang);
}
