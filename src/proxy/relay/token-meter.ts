import type { AgentSession } from '../downstream/types.ts';
import type { Disposable } from '../events.ts';
import type { CallRecord, Journal } from '../journal/types.ts';
import type { AnswerTokens, SessionTokens, TokenSnapshot } from './types.ts';
import type { ToolLists } from './tool-lists.ts';

const NOTHING: AnswerTokens = { menuCalls: 0, menuTokens: 0, toolCalls: 0, toolTokens: 0 };

/** Keeps the token accounts: what sessions were answered, from the journal's records; what their lists cost, on request. */
export class TokenMeter implements Disposable {
  readonly #lists: ToolLists;
  readonly #sessions = new Map<string, { readonly session: AgentSession; answers: AnswerTokens }>();
  readonly #subscription: Disposable;
  #total = NOTHING;

  constructor(journal: Pick<Journal, 'onDidAppend'>, lists: ToolLists) {
    this.#lists = lists;
    this.#subscription = journal.onDidAppend((record) => this.#count(record));
  }

  opened(session: AgentSession): void {
    this.#sessions.set(session.id, { session, answers: NOTHING });
  }

  closed(session: AgentSession): void {
    this.#sessions.delete(session.id);
  }

  snapshot(): TokenSnapshot {
    const sessions = [...this.#sessions.values()].map(
      ({ session, answers }): SessionTokens => ({
        session: session.id,
        listTokens: this.#lists.tokens(session),
        directTokens: this.#lists.state(session.principal).directTokens,
        ...answers,
      }),
    );
    return { sessions, total: this.#total };
  }

  dispose(): void {
    this.#subscription.dispose();
  }

  #count(record: CallRecord): void {
    // What a person calls costs no model anything.
    if (record.route === 'person') return;
    this.#total = plus(this.#total, record);
    const entry = this.#sessions.get(record.session);
    if (entry !== undefined) entry.answers = plus(entry.answers, record);
  }
}

function plus(sum: AnswerTokens, { route, tokensOut }: CallRecord): AnswerTokens {
  return route === 'menu'
    ? { ...sum, menuCalls: sum.menuCalls + 1, menuTokens: sum.menuTokens + tokensOut }
    : { ...sum, toolCalls: sum.toolCalls + 1, toolTokens: sum.toolTokens + tokensOut };
}
