import type { TokenRow } from '../src/views/inspector/messages.ts';
import { byId, cell, make } from './dom.ts';
import type { Host } from './host.ts';

/** The Tokens tab: what tool lists, searches and results cost, and when the menu pays. */
export class TokensTab {
  readonly #host: Host;
  readonly #notes = byId('tokens-notes');
  readonly #table = byId('tokens');
  readonly #body = byId('tokens-body');
  #turn = 0;

  constructor(host: Host) {
    this.#host = host;
  }

  /** Asks for the figures as they are now. */
  async load(): Promise<void> {
    const turn = ++this.#turn;
    try {
      const { notes, sessions } = await this.#host.ask('tokens', {});
      if (turn !== this.#turn) return;
      this.#notes.replaceChildren(...[...notes, ...(sessions.length === 0 ? ['No agent is connected.'] : [])].map((note) => make('p', note)));
      this.#body.replaceChildren(...sessions.flatMap(rows));
      this.#table.hidden = sessions.length === 0;
    } catch (error) {
      this.#notes.replaceChildren(make('p', error instanceof Error ? error.message : String(error)));
    }
  }
}

/** The figures of one agent, and under them what they come to. */
function rows({ balance, directTokens, exact, listTokens, menuTokens, savedTokens, toolTokens, who }: TokenRow): HTMLTableRowElement[] {
  const element = make('tr');
  const name = make('th', who);
  name.scope = 'row';
  const figures = [listTokens, directTokens, menuTokens, toolTokens].map((tokens) => cell(`${exact ? '' : '≈ '}${figure(tokens)}`, 'numeric'));
  element.append(name, ...figures, cell(`≈ ${figure(savedTokens)}`, 'numeric'));
  const sum = cell(balance, 'faint');
  sum.colSpan = element.cells.length;
  const below = make('tr');
  below.append(sum);
  return [element, below];
}

function figure(tokens: number): string {
  return Math.round(tokens).toLocaleString('en-US');
}
