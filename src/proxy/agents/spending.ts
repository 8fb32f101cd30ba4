import { join } from 'node:path';
import type { VestibuleError } from '../errors.ts';
import type { Disposable } from '../events.ts';
import type { Budget, BudgetSnapshot, Principal } from '../model.ts';
import { entriesAt, numberAt, recordAt, stringAt } from '../storage/parse-state.ts';
import { StateFile } from '../storage/state-file.ts';

/** How long what was spent may wait before it is written, in milliseconds: calls pay for a map entry only. */
const WRITE_AFTER_MS = 5_000;
/** Callers that are remembered; those of the latest periods stay. */
const MAX_CALLERS = 2_000;
/** How much of an ISO time names a period. */
const NAMED_BY: Readonly<Record<Budget['per'], number>> = { hour: 13, day: 10, month: 7 };

/** What a caller spent in one period, named by the beginning of its time in ISO 8601. */
interface Spent {
  readonly period: string;
  readonly calls: number;
  readonly tokens: number;
}

type Book = ReadonlyMap<string, Spent>;

/** Why a call is not paid for. */
export interface Overspent {
  readonly what: 'calls' | 'tokens';
  readonly most: number;
  readonly per: Budget['per'];
  readonly retryAfterSeconds: number;
}

export interface SpendingOptions {
  readonly onProblem: (problem: VestibuleError) => void;
  /** The budget of callers that have none of their own. */
  readonly general: () => Budget | undefined;
  /** Milliseconds since epoch; for tests. */
  readonly now?: () => number;
}

/**
 * What callers spent of their budgets in the present hour, day or month (UTC), kept in `agents-used.json`: over restarts,
 * and over every process of the data folder, each of which is behind the others by a few seconds at most.
 */
export class Spending implements Disposable {
  readonly #file: StateFile<Book>;
  readonly #options: SpendingOptions;
  readonly #now: () => number;
  /** What is not written yet. */
  #fresh = new Map<string, Spent>();
  /** What is being written. */
  #writing: Book = new Map();
  #timer: NodeJS.Timeout | undefined;
  /** Writes, one after another. */
  #line: Promise<void> = Promise.resolve();

  /** @throws VestibuleError `data-folder-unreadable` */
  static async open(dataDir: string, options: SpendingOptions): Promise<Spending> {
    const file = await StateFile.open<Book>({
      path: join(dataDir, 'agents-used.json'),
      version: 1,
      empty: new Map(),
      decode: (state) =>
        new Map(
          [...entriesAt(state, ['state'])].map(([id, value]) => {
            const { period, calls, tokens } = recordAt(value, ['state', id]);
            return [id, { period: stringAt(period, ['state', id, 'period']), calls: numberAt(calls, ['state', id, 'calls']), tokens: numberAt(tokens, ['state', id, 'tokens']) }];
          }),
        ),
      encode: (book) => Object.fromEntries(book),
      report: options.onProblem,
    });
    return new Spending(file, options);
  }

  private constructor(file: StateFile<Book>, options: SpendingOptions) {
    this.#file = file;
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** Pays for a call. @returns undefined when it is paid for or the caller has no budget; else why not, and nothing is paid */
  take(caller: Pick<Principal, 'id' | 'kind' | 'budget'>): Overspent | undefined {
    const budget = this.#budgetOf(caller);
    if (budget === undefined) return undefined;
    const { calls, tokens, per } = budget;
    const used = this.#used(caller.id, this.#period(per));
    const over = calls !== undefined && used.calls >= calls ? 'calls' : tokens !== undefined && used.tokens >= tokens ? 'tokens' : undefined;
    if (over !== undefined) return { what: over, most: budget[over] ?? 0, per, retryAfterSeconds: Math.max(1, Math.ceil((endOf(per, this.#now()) - this.#now()) / 1_000)) };
    this.#add(caller.id, this.#period(per), 1, 0);
    return undefined;
  }

  /** A result of so many tokens went to a caller that paid for a call before. */
  received(id: string, tokens: number): void {
    const period = (this.#fresh.get(id) ?? this.#writing.get(id) ?? this.#file.state.get(id))?.period;
    if (period !== undefined && tokens > 0) this.#add(id, period, 0, tokens);
  }

  /** What is left to a caller; undefined without a budget. */
  snapshot(caller: Pick<Principal, 'id' | 'kind' | 'budget'>): BudgetSnapshot | undefined {
    const budget = this.#budgetOf(caller);
    if (budget === undefined) return undefined;
    const { calls, tokens } = this.#used(caller.id, this.#period(budget.per));
    return { ...budget, usedCalls: calls, usedTokens: tokens, resetsAt: endOf(budget.per, this.#now()) };
  }

  /** Writes what is new. Never rejects: what cannot be written is reported, and still counts in this process. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#line = this.#line.then(() => this.#write());
    return this.#line;
  }

  async #write(): Promise<void> {
    if (this.#fresh.size === 0) return;
    const delta = this.#fresh;
    this.#writing = delta;
    this.#fresh = new Map();
    try {
      await this.#file.update((written) => {
        const merged = new Map(written);
        for (const [id, spent] of delta) {
          merged.delete(id);
          merged.set(id, sum(written.get(id), spent));
        }
        return new Map([...merged].slice(-MAX_CALLERS));
      });
      this.#writing = new Map();
    } catch (error) {
      this.#writing = new Map();
      for (const [id, spent] of delta) this.#fresh.set(id, sum(spent, this.#fresh.get(id)));
      this.#options.onProblem(error as VestibuleError);
    }
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#file.dispose();
  }

  /** A person pays for nothing. */
  #budgetOf({ kind, budget }: Pick<Principal, 'kind' | 'budget'>): Budget | undefined {
    return kind === 'person' ? undefined : (budget ?? this.#options.general());
  }

  #period(per: Budget['per']): string {
    return new Date(this.#now()).toISOString().slice(0, NAMED_BY[per]);
  }

  #used(id: string, period: string): { readonly calls: number; readonly tokens: number } {
    let [calls, tokens] = [0, 0];
    for (const spent of [this.#file.state.get(id), this.#writing.get(id), this.#fresh.get(id)]) {
      if (spent?.period !== period) continue;
      calls += spent.calls;
      tokens += spent.tokens;
    }
    return { calls, tokens };
  }

  #add(id: string, period: string, calls: number, tokens: number): void {
    this.#fresh.set(id, sum(this.#fresh.get(id), { period, calls, tokens }));
    for (const [oldest] of this.#fresh) if (this.#fresh.size > MAX_CALLERS) this.#fresh.delete(oldest);
    this.#timer ??= setTimeout(() => void this.flush(), WRITE_AFTER_MS).unref();
  }
}

/** Both of one period; else the later of the two. */
function sum(before: Spent | undefined, after: Spent | undefined): Spent {
  if (after === undefined) return before ?? { period: '', calls: 0, tokens: 0 };
  return before?.period === after.period ? { period: after.period, calls: before.calls + after.calls, tokens: before.tokens + after.tokens } : after;
}

/** When the period of a moment ends, in milliseconds since epoch. */
function endOf(per: Budget['per'], at: number): number {
  const date = new Date(at);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  if (per === 'month') return Date.UTC(year, month + 1);
  return per === 'day' ? Date.UTC(year, month, day + 1) : Date.UTC(year, month, day, date.getUTCHours() + 1);
}
