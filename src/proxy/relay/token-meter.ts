import type { AgentSession } from '../downstream/types.ts';
import type { Disposable } from '../events.ts';
import { isCopy, type CallEntry, type CallRecord, type Journal, type Route } from '../journal/types.ts';
import { savedBy } from '../journal/tokens.ts';
import type { TokenCounter } from '../tokens/types.ts';
import { AnswerTexts } from './answer-texts.ts';
import type { ToolLists } from './tool-lists.ts';
import type { AnswerTokens, SessionTokens, TokenSnapshot } from './types.ts';

/** Counting begins when agents have been quiet for so long: it is never in the way of calls. */
const QUIET_MS = 3_000;

interface Account {
  menuCalls: number;
  menuTokens: number;
  toolCalls: number;
  toolTokens: number;
  savedTokens: number;
  /** Answers that stand with their estimate for now. */
  estimated: number;
}

/** One answer as it stands in the accounts. */
interface Posted {
  readonly accounts: readonly Account[];
  readonly sum: 'menuTokens' | 'toolTokens';
  readonly estimate: number;
}

/** What the meter works with. */
export interface TokenMeterDeps {
  readonly journal: Pick<Journal, 'onDidAppend'>;
  readonly lists: ToolLists;
  readonly counter: TokenCounter;
  /** Called when estimates have become counts. */
  readonly counted: () => void;
}

/**
 * Keeps the token accounts: what sessions were answered, what their lists cost. Everything is estimated at once, so
 * that no call waits, and counted with the tokenizer when agents are quiet or somebody asks.
 */
export class TokenMeter implements Disposable {
  readonly #deps: TokenMeterDeps;
  readonly #sessions = new Map<string, { readonly session: AgentSession; readonly account: Account }>();
  readonly #answers = new AnswerTexts<Posted>();
  readonly #subscription: Disposable;
  readonly #total = emptyAccount();
  #quiet: NodeJS.Timeout | undefined;
  #settling: Promise<void> | undefined;

  constructor(deps: TokenMeterDeps) {
    this.#deps = deps;
    this.#subscription = deps.journal.onDidAppend((record) => this.#post(record));
  }

  opened(session: AgentSession): void {
    this.#sessions.set(session.id, { session, account: emptyAccount() });
  }

  closed(session: AgentSession): void {
    this.#sessions.delete(session.id);
  }

  /** A call was answered; its record follows from the journal. */
  answered({ id, route, answer }: CallEntry): void {
    if (isRead(route) && answer !== undefined) this.#answers.answered(id, answer);
  }

  snapshot(): TokenSnapshot {
    const { lists } = this.#deps;
    const sessions = [...this.#sessions.values()].map(({ session, account }): SessionTokens => {
      const { directTokens, exact } = lists.state(session.principal);
      return { session: session.id, listTokens: lists.tokens(session), directTokens, ...answersOf(account), exact: exact && account.estimated === 0 && lists.isExact(session) };
    });
    return { sessions, total: answersOf(this.#total) };
  }

  /** Counts everything that is only estimated so far. Resolves when that is done; it never fails. */
  settle(): Promise<void> {
    clearTimeout(this.#quiet);
    this.#quiet = undefined;
    this.#settling ??= this.#settle().finally(() => {
      this.#settling = undefined;
    });
    return this.#settling;
  }

  dispose(): void {
    clearTimeout(this.#quiet);
    this.#subscription.dispose();
  }

  async #settle(): Promise<void> {
    const { lists, counter, counted } = this.#deps;
    const sessions = [...this.#sessions.values()].map(({ session }) => session);
    await lists.settle(sessions, counter);
    await this.#answers.settle(counter, ({ accounts, sum, estimate }, tokens) => {
      for (const account of accounts) {
        if (tokens === undefined) continue;
        account[sum] += tokens - estimate;
        account.estimated--;
      }
    });
    counted();
  }

  #post(record: CallRecord): void {
    const { id, route, session, tokensOut } = record;
    if (!isRead(route)) return;
    // Answers wait for their count longer than sessions last: the account alone waits with them.
    const own = this.#sessions.get(session)?.account;
    const accounts = own === undefined ? [this.#total] : [this.#total, own];
    const sum = route === 'menu' ? 'menuTokens' : 'toolTokens';
    for (const account of accounts) {
      account[sum] += tokensOut;
      account.savedTokens += savedBy(record);
      account[route === 'menu' ? 'menuCalls' : 'toolCalls']++;
      account.estimated++;
    }
    this.#answers.assign(id, { accounts, sum, estimate: tokensOut });
    // Put off, not made anew: it is done for each call.
    if (this.#quiet === undefined) this.#quiet = setTimeout(() => void this.settle(), QUIET_MS).unref();
    else this.#quiet.refresh();
  }
}

/** What a person calls, what code calls and keeps to itself, and what is only a copy costs no model anything. */
function isRead(route: Route): boolean {
  return route !== 'person' && route !== 'code' && !isCopy(route);
}

function emptyAccount(): Account {
  return { menuCalls: 0, menuTokens: 0, toolCalls: 0, toolTokens: 0, savedTokens: 0, estimated: 0 };
}

function answersOf({ menuCalls, menuTokens, savedTokens, toolCalls, toolTokens }: Account): AnswerTokens {
  return { menuCalls, menuTokens, savedTokens, toolCalls, toolTokens };
}
