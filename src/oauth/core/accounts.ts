import { join } from 'node:path';
import type { VestibuleError } from '../../proxy/errors.ts';
import type { Disposable, Event } from '../../proxy/events.ts';
import { BadShapeError, recordAt, type JsonPath } from '../../proxy/storage/parse-state.ts';
import { StateFile } from '../../proxy/storage/state-file.ts';
import { isSignInStep, type SignInProblem, type SignInStep } from './sign-in-error.ts';

/** One sign-in at one server. Holds no secret; its tokens are in the SecretStore. */
export interface Account {
  /** Random; never used twice. */
  readonly id: string;
  /** The MCP server's URL without query and fragment. */
  readonly endpoint: string;
  readonly issuer: string;
  readonly resource: string;
  /** What to call it, as the authorization server does; untrusted text. */
  readonly label: string;
  readonly since: number;
  /** Why it has to be signed in anew; undefined while its grant stands. */
  readonly ended: string | undefined;
  /** What was asked for, and what the server asked for since: the next sign-in asks for both. */
  readonly scopes: readonly string[];
  /** Scopes a call was refused for since then (`insufficient_scope`). */
  readonly missing: readonly string[];
}

/** A sign-in that did not come to its end, until the next one does. Holds no secret. */
export interface FailedSignIn {
  readonly endpoint: string;
  readonly step: SignInStep;
  readonly problem: SignInProblem;
  readonly message: string;
  readonly action: string;
  readonly at: number;
}

/** Which account a workspace uses at a server. */
interface Choice {
  readonly workspace: string;
  readonly endpoint: string;
  readonly account: string;
}

interface State {
  /** Oldest first. */
  readonly accounts: readonly Account[];
  readonly choices: readonly Choice[];
  /** One per server at most. */
  readonly failed: readonly FailedSignIn[];
}

const EMPTY: State = { accounts: [], choices: [], failed: [] };
const MAX_FAILED = 200;
const MAX_ACCOUNTS = 500;
const MAX_CHOICES = 2_000;
/** The workspace of a window without one. */
const NO_WORKSPACE = '';

/** Which accounts there are: a file in the data folder that all windows share and watch. */
export class Accounts implements Disposable {
  readonly #file: StateFile<State>;

  /** @throws VestibuleError `data-folder-unreadable` */
  static async open(dataDir: string, report: (problem: VestibuleError) => void): Promise<Accounts> {
    return new Accounts(await StateFile.open<State>({ path: join(dataDir, 'accounts.json'), version: 1, empty: EMPTY, encode: (state) => state, decode, report }));
  }

  private constructor(file: StateFile<State>) {
    this.#file = file;
  }

  /** Fires after accounts or choices changed, here or in another process. */
  get onDidChange(): Event<unknown> {
    return this.#file.onDidChange;
  }

  /** Every account, oldest first. */
  all(): readonly Account[] {
    return this.#file.state.accounts;
  }

  /** The accounts at a server, oldest first. */
  at(endpoint: string): readonly Account[] {
    return this.all().filter((account) => account.endpoint === endpoint);
  }

  byId(id: string): Account | undefined {
    return this.all().find((account) => account.id === id);
  }

  /** The account a workspace uses at a server: the one chosen there, else the newest. */
  active(endpoint: string, workspace: string = NO_WORKSPACE): Account | undefined {
    const accounts = this.at(endpoint);
    const chosen = this.#file.state.choices.find((choice) => choice.workspace === workspace && choice.endpoint === endpoint);
    return accounts.find(({ id }) => id === chosen?.account) ?? accounts.at(-1);
  }

  /** Where the last sign-in at a server failed, if none succeeded since. */
  failedAt(endpoint: string): FailedSignIn | undefined {
    return this.#file.state.failed.find((failure) => failure.endpoint === endpoint);
  }

  /** Servers at which the last sign-in failed. */
  failedEndpoints(): readonly string[] {
    return this.#file.state.failed.map(({ endpoint }) => endpoint);
  }

  /** Keeps where a sign-in failed, for every window to see. @throws VestibuleError when it cannot be kept */
  async noteFailed(failure: FailedSignIn): Promise<void> {
    await this.#file.update((state) => ({ ...state, failed: [...state.failed.filter(({ endpoint }) => endpoint !== failure.endpoint), failure].slice(-MAX_FAILED) }));
  }

  /** Adds or replaces an account, and has the workspace use it. @throws VestibuleError when it cannot be kept */
  async put(account: Account, workspace: string = NO_WORKSPACE): Promise<void> {
    await this.#file.update(({ accounts, choices, failed }) => ({
      failed: failed.filter(({ endpoint }) => endpoint !== account.endpoint),
      accounts: [...accounts.filter(({ id }) => id !== account.id), account].slice(-MAX_ACCOUNTS),
      choices: chosen(choices, { workspace, endpoint: account.endpoint, account: account.id }),
    }));
  }

  /** Changes what is known of an account, if it is still there. @throws VestibuleError when it cannot be kept */
  async change(id: string, change: Partial<Pick<Account, 'ended' | 'missing'>>): Promise<void> {
    await this.#file.update((state) =>
      state.accounts.some((account) => account.id === id) ? { ...state, accounts: state.accounts.map((account) => (account.id === id ? { ...account, ...change } : account)) } : state,
    );
  }

  /** Has a workspace use this account. @throws VestibuleError when it cannot be kept */
  async choose({ id, endpoint }: Account, workspace: string = NO_WORKSPACE): Promise<void> {
    await this.#file.update((state) => ({ ...state, choices: chosen(state.choices, { workspace, endpoint, account: id }) }));
  }

  /** Forgets an account and whoever chose it. @throws VestibuleError when it cannot be kept */
  async remove(id: string): Promise<void> {
    await this.#file.update(({ accounts, choices, failed }) => ({
      failed,
      accounts: accounts.filter((account) => account.id !== id),
      choices: choices.filter(({ account }) => account !== id),
    }));
  }

  dispose(): void {
    this.#file.dispose();
  }
}

function chosen(choices: readonly Choice[], choice: Choice): readonly Choice[] {
  return [...choices.filter(({ workspace, endpoint }) => workspace !== choice.workspace || endpoint !== choice.endpoint), choice].slice(-MAX_CHOICES);
}

function decode(state: unknown): State {
  // The first files had no failures.
  const { accounts, choices, failed = [] } = recordAt(state, []);
  if (!Array.isArray(accounts) || !Array.isArray(choices) || !Array.isArray(failed)) throw new BadShapeError([], '"accounts", "choices" and "failed"');
  return {
    accounts: accounts.map((account: unknown, i) => accountAt(account, ['accounts', i])),
    choices: choices.map((choice: unknown, i) => {
      const { workspace, endpoint, account } = recordAt(choice, ['choices', i]);
      if (typeof workspace !== 'string' || typeof endpoint !== 'string' || typeof account !== 'string') throw new BadShapeError(['choices', i], 'a choice');
      return { workspace, endpoint, account };
    }),
    failed: failed.map((failure: unknown, i) => failedAt(failure, ['failed', i])),
  };
}

function failedAt(value: unknown, path: JsonPath): FailedSignIn {
  const { endpoint, step, problem, message, action, at } = recordAt(value, path);
  if (![endpoint, problem, message, action].every((text) => typeof text === 'string') || !isSignInStep(step) || typeof at !== 'number') throw new BadShapeError(path, 'a failed sign-in');
  return value as FailedSignIn;
}

function accountAt(value: unknown, path: JsonPath): Account {
  const { id, endpoint, issuer, resource, label, since, ended, scopes, missing } = recordAt(value, path);
  const texts = [id, endpoint, issuer, resource, label].every((text) => typeof text === 'string');
  const lists = [scopes, missing].every((list) => Array.isArray(list) && list.every((item) => typeof item === 'string'));
  if (!texts || !lists || typeof since !== 'number' || (ended !== undefined && typeof ended !== 'string')) throw new BadShapeError(path, 'an account');
  return value as Account;
}
