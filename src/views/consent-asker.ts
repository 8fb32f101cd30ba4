import type { ConsentAnswer, ConsentQuestion } from '../proxy/consent/types.ts';
import type { Dialogs } from './dialogs.ts';
import { consentChoices, consentPage } from './present/consent-question.ts';
import { oneLine } from './text.ts';

/** What asking needs from the rest of the editor side. */
export interface ConsentContext {
  readonly dialogs: Dialogs;
  /** Shows a text of our own in a read-only document. */
  readonly preview: (title: string, text: string) => Promise<void>;
}

const ALLOW = 'Allow';
// The default button decides nothing: a dialog that comes up while somebody types must not be a yes (security U5).
const SHOW = 'Show Whole Call';
const MORE = 'More Choices…';

/**
 * Asks the person in front of the editor whether a call is allowed, one dialog at a time. VS Code cannot close a dialog
 * that was answered by events: the answer to a call that is over allows nothing, and the person is told.
 */
export class ConsentAsker {
  readonly #context: ConsentContext;
  #last: Promise<unknown> = Promise.resolve();

  constructor(context: ConsentContext) {
    this.#context = context;
  }

  /** What the person answers; closing the dialog declines. */
  ask(question: ConsentQuestion): Promise<ConsentAnswer> {
    const answer = this.#last.then(() => this.#ask(question));
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  async #ask(question: ConsentQuestion): Promise<ConsentAnswer> {
    const { dialogs } = this.#context;
    if (isOver(question)) return 'decline';
    const answer = await this.#choose(question);
    if (!isOver(question)) return answer;
    if (answer !== 'decline') dialogs.inform(`The call of “${oneLine(question.tool.name, 80)}” was over before you answered. Nothing was allowed.`);
    return 'decline';
  }

  async #choose(question: ConsentQuestion): Promise<ConsentAnswer> {
    const { dialogs, preview } = this.#context;
    const page = consentPage(question);
    const show = (): Promise<void> => preview(`Call of ${question.tool.name}`, page.document);
    if (page.needsDocument) await show();
    for (;;) {
      const button = await dialogs.modal(page.message, page.detail, [SHOW, ALLOW, MORE]);
      if (button === ALLOW) return page.allows;
      if (button === MORE) return (await dialogs.pick('What do you allow?', consentChoices(question))) ?? 'decline';
      if (button !== SHOW || isOver(question)) return 'decline';
      await show();
    }
  }
}

function isOver({ signal }: ConsentQuestion): boolean {
  return signal.aborted;
}
