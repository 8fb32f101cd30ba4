import { OUTCOME_TEXT, type CallDetail, type CallRow, type StageRow } from '../src/views/inspector/messages.ts';
import { t, tn } from '../src/views/l10n.ts';
import { whyOf } from '../src/views/present/codes.ts';
import { STAGE_TEXT } from '../src/views/present/stages.ts';
import { bytes } from '../src/views/text.ts';
import { AgainForm } from './again.ts';
import { duration, toolName } from './call-text.ts';
import { byId, cell, make } from './dom.ts';
import { messageOf, type Host } from './host.ts';
import { barLine } from './svg.ts';

/** The details of one call. */
export class CallDetailPane {
  readonly #host: Host;
  readonly #closed: (seq: number) => void;
  readonly #pane = byId('detail');
  readonly #status = byId('detail-status');
  readonly #again: AgainForm;
  #row: CallRow | undefined;

  /** @param closed called with the call that was shown */
  constructor(host: Host, closed: (seq: number) => void) {
    this.#host = host;
    this.#closed = closed;
    this.#again = new AgainForm(host);
    byId('detail-close').addEventListener('click', () => this.close());
    byId('detail-open').addEventListener('click', () => void this.#ask('open'));
    byId('detail-compare').addEventListener('click', () => void this.#ask('compare'));
    this.#pane.addEventListener('keydown', ({ key }) => {
      if (key === 'Escape') this.close();
    });
  }

  /** The call that is shown. */
  get shown(): number | undefined {
    return this.#row?.seq;
  }

  /** Shows a call, and moves there unless it was shown before. */
  async show(row: CallRow, move: boolean): Promise<void> {
    this.#row = row;
    byId('detail-title').textContent = toolName(row);
    this.#facts(row);
    for (const id of ['detail-arguments', 'detail-result']) byId(id).textContent = '';
    this.#stages([]);
    this.#changes(undefined);
    this.#again.show(row);
    this.#status.textContent = t('Reading the record…');
    this.#pane.hidden = false;
    if (move) this.#pane.focus();
    try {
      const detail = await this.#host.ask('detail', { seq: row.seq });
      if (this.#row === row) this.#fill(row, detail);
    } catch (error) {
      if (this.#row === row) this.#status.textContent = messageOf(error);
    }
  }

  close(): void {
    const seq = this.shown;
    this.#row = undefined;
    this.#pane.hidden = true;
    if (seq !== undefined) this.#closed(seq);
  }

  #fill(row: CallRow, detail: CallDetail): void {
    this.#status.textContent = '';
    this.#facts(row, detail);
    byId('detail-arguments').textContent = detail.arguments ?? t('none');
    byId('detail-result').textContent = detail.result ?? t('Not remembered: results are kept in memory only, of the latest calls since the window was opened.');
    this.#stages(detail.stages);
    this.#changes(detail.previous);
  }

  #facts(row: CallRow, { findings, flow }: Pick<CallDetail, 'findings' | 'flow'> = { findings: [], flow: [] }): void {
    const outcome = OUTCOME_TEXT[row.outcome]();
    const shortened = row.bytesWhole === undefined ? t('shortened for the agent') : t('shortened for the agent from {0}', bytes(row.bytesWhole));
    const why = row.code === undefined ? undefined : whyOf(row.code);
    const facts: readonly (readonly [string, string])[] = [
      [t('Time'), new Date(row.time).toLocaleString(document.documentElement.lang)],
      [t('Outcome'), row.code === undefined ? outcome : `${outcome}, ${row.code}`],
      ...(why === undefined ? [] : [[t('Why'), why] as const]),
      [t('Duration'), duration(row.durationMs)],
      [t('Arguments'), bytes(row.bytesIn)],
      [t('Result'), [bytes(row.bytesOut), tn(row.tokensOut, 'about {0} token', 'about {0} tokens'), ...(row.truncated ? [shortened] : [])].join(', ')],
      [t('Agent'), `${row.agent} (${row.client})`],
      [t('Route'), row.route],
      [t('Call'), row.id],
      ...findings.map((finding) => [t('Finding'), finding] as const),
      ...flow.map((line) => [t('The server now'), line] as const),
    ];
    byId('detail-facts').replaceChildren(...facts.flatMap(([term, text]) => [make('dt', term), make('dd', text)]));
  }

  /** The waterfall: a row a stage, its bar from when it got the call to when it passed it on. */
  #stages(stages: readonly StageRow[]): void {
    const whole = Math.max(...stages.map(({ startMs, ms }) => startMs + ms), 0.01);
    byId('detail-stages').hidden = stages.length === 0;
    byId('detail-stages-body').replaceChildren(
      ...stages.map(({ stage, startMs, ms }) => {
        const row = make('tr');
        const name = make('th', STAGE_TEXT[stage]?.() ?? stage);
        name.scope = 'row';
        const bar = make('td', '', 'bar');
        bar.append(barLine([{ from: startMs / whole, to: (startMs + ms) / whole, kind: stage === 'dispatch' ? 'value' : 'other' }]));
        row.append(name, cell(duration(startMs), 'numeric'), cell(duration(ms), 'numeric'), bar);
        return row;
      }),
    );
  }

  #changes(previous: CallDetail['previous']): void {
    byId('detail-compare').hidden = previous === undefined;
    byId('detail-changes-title').hidden = previous === undefined;
    byId('detail-changes').replaceChildren(
      ...(previous === undefined ? [] : previous.changes.length === 0 ? [make('li', t('the same arguments'))] : previous.changes.map((change) => make('li', change))),
    );
  }

  async #ask(what: 'open' | 'compare'): Promise<void> {
    const row = this.#row;
    if (row === undefined) return;
    try {
      await this.#host.ask(what, { seq: row.seq });
    } catch (error) {
      if (this.#row === row) this.#status.textContent = messageOf(error);
    }
  }
}
