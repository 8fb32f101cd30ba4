import { OUTCOME_TEXT } from '../src/views/inspector/messages.ts';
import type { CallRow } from '../src/views/inspector/messages.ts';
import { byId } from './dom.ts';
import { t } from '../src/views/l10n.ts';
import { messageOf, type Host } from './host.ts';

/** What can be done with the call whose details are shown: call it again, or open its whole result. */
export class AgainForm {
  readonly #host: Host;
  readonly #open = byId('detail-again');
  readonly #full = byId('detail-full');
  readonly #form = byId('again');
  readonly #arguments = byId('again-arguments') as HTMLTextAreaElement;
  readonly #status = byId('again-status');
  readonly #result = byId('again-result');
  #row: CallRow | undefined;

  constructor(host: Host) {
    this.#host = host;
    this.#open.addEventListener('click', () => void this.#draft());
    this.#full.addEventListener('click', () => void this.#openFull());
    byId('again-run').addEventListener('click', () => void this.#run());
  }

  /** Another call is shown. */
  show(row: CallRow): void {
    this.#row = row;
    this.#form.hidden = true;
    // The proxy's own tools are for agents.
    this.#open.hidden = row.server === '';
    this.#full.hidden = !row.kept;
    this.#say('');
  }

  async #draft(): Promise<void> {
    await this.#asking(async (row) => {
      const { arguments: text, note = '' } = await this.#host.ask('draft', { id: row.id });
      this.#form.hidden = false;
      this.#arguments.value = text;
      this.#say(note);
      this.#arguments.focus();
    });
  }

  async #run(): Promise<void> {
    this.#say(t('Calling…'));
    await this.#asking(async (row) => {
      const answer = await this.#host.ask('again', { id: row.id, arguments: this.#arguments.value });
      if (answer === undefined) this.#say(t('Nothing was called.'));
      else this.#say(`${OUTCOME_TEXT[answer.outcome]()}${answer.code === undefined ? '' : `, ${answer.code}`}`, answer.text);
    });
  }

  async #openFull(): Promise<void> {
    await this.#asking(async (row) => {
      await this.#host.ask('full', { id: row.id });
    });
  }

  /** Does something about the call that is shown; an answer about another one comes too late. */
  async #asking(work: (row: CallRow) => Promise<void>): Promise<void> {
    const row = this.#row;
    if (row === undefined) return;
    try {
      await work(row);
    } catch (error) {
      if (row === this.#row) this.#say(messageOf(error));
    }
  }

  #say(status: string, result?: string): void {
    this.#status.textContent = status;
    this.#result.hidden = result === undefined;
    this.#result.textContent = result ?? '';
  }
}
