import type { Credentials, TurnedAway } from '../../proxy/upstream/keys.ts';
import type { Account, Accounts } from './accounts.ts';
import { parseChallenge } from './challenge.ts';
import type { Refresher } from './refresher.ts';
import { scopesOf, unionOf } from './scopes.ts';

/** What these credentials work with. */
export interface AccountCredentialsDeps {
  readonly accounts: Accounts;
  readonly refresher: Refresher;
  /** The account in use now. */
  readonly account: () => Account | undefined;
}

const SCHEME = 'Bearer ';

/** The token of the account that this workspace uses, whichever that is at the moment. */
export class AccountCredentials implements Credentials {
  readonly #deps: AccountCredentialsDeps;

  constructor(deps: AccountCredentialsDeps) {
    this.#deps = deps;
  }

  async authorization(): Promise<string | undefined> {
    const account = this.#usable();
    const tokens = account && (await this.#deps.refresher.current(account));
    return tokens && `${SCHEME}${tokens.accessToken}`;
  }

  async turnedAway({ status, challenge, used }: TurnedAway): Promise<string | undefined> {
    const account = this.#usable();
    if (account === undefined) return undefined;
    const asked = parseChallenge(challenge);
    if (status === 403) {
      if (asked.error === 'insufficient_scope') await this.#note(account, scopesOf(asked.scope));
      return undefined;
    }
    // Somebody signed in after the request was sent.
    if (used === undefined) return this.authorization();
    const tokens = await this.#deps.refresher.replace(account, used.slice(SCHEME.length));
    return tokens && `${SCHEME}${tokens.accessToken}`;
  }

  #usable(): Account | undefined {
    const account = this.#deps.account();
    return account?.ended === undefined ? account : undefined;
  }

  /** A refresh cannot widen a grant (RFC 6749 §6): the next sign-in asks for these as well. */
  async #note(account: Account, scopes: readonly string[]): Promise<void> {
    const missing = unionOf(account.missing, scopes);
    if (missing.length > account.missing.length) await this.#deps.accounts.change(account.id, { missing });
  }
}
