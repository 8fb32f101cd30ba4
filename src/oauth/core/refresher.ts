import { join } from 'node:path';
import type { Account, Accounts } from './accounts.ts';
import { Attempts } from './attempts.ts';
import type { GuardedFetch } from './guarded-fetch.ts';
import { withLongLock } from './long-lock.ts';
import { SignInError } from './sign-in-error.ts';
import { requestTokens } from './token-request.ts';
import { isDue, isLive, type TokenSet } from './tokens.ts';
import type { Grant, Vault } from './vault.ts';

/** Longer than a refresh of another process takes in all. */
const LOCK_WAIT_MS = 30_000;
/** A server that refuses a token it was just given is not given yet another one before this time. */
const REFUSED_AGAIN_MS = 30_000;

/** What a refresher works with. */
export interface RefresherDeps {
  readonly dataDir: string;
  readonly accounts: Accounts;
  readonly vault: Vault;
  /** The fetch for a grant's authorization server. */
  readonly fetchFor: (account: Account) => GuardedFetch;
}

/** What this process knows of one account. */
interface Known {
  grant: Grant | undefined;
  renewing: Promise<TokenSet | undefined> | undefined;
  readonly attempts: Attempts;
  /** When a refused token was last replaced. */
  replacedAt: number;
}

/**
 * Keeps the tokens of accounts fresh: at most one refresh per account at any time, in this process and in all others
 * of the data folder. What was granted is replaced in the SecretStore in one write before anybody uses it, so that a
 * process that ends at any moment leaves the old grant or the new one.
 */
export class Refresher {
  readonly #deps: RefresherDeps;
  readonly #known = new Map<string, Known>();

  constructor(deps: RefresherDeps) {
    this.#deps = deps;
  }

  /**
   * The tokens of an account, renewed first when that is due; undefined when there are none any more. When they cannot
   * be renewed for now, the old ones serve as long as they live.
   * @throws SignInError of step `refresh`
   */
  async current(account: Account): Promise<TokenSet | undefined> {
    const known = this.#of(account);
    known.grant ??= await this.#deps.vault.grant(account);
    const { grant } = known;
    if (grant === undefined) return undefined;
    const { tokens } = grant;
    if (!isDue(tokens, Date.now())) return tokens;
    // Without a refresh token there is nothing to renew with: it serves until it is refused.
    if (tokens.refreshToken === undefined) return tokens;
    try {
      return await this.#renew(account, known, tokens);
    } catch (error) {
      if (error instanceof SignInError && error.passing && isLive(tokens, Date.now())) return tokens;
      throw error;
    }
  }

  /**
   * Tokens to use instead of one that the server refused; undefined when there is nothing left but a new sign-in.
   * @param refused the access token it refused
   * @throws SignInError of step `refresh`
   */
  async replace(account: Account, refused: string): Promise<TokenSet | undefined> {
    const known = this.#of(account);
    const tokens = known.grant?.tokens;
    // Another call, or another window, was there first.
    if (tokens !== undefined && tokens.accessToken !== refused && known.renewing === undefined) return tokens;
    const forced = known.renewing === undefined;
    if (forced && performance.now() - known.replacedAt < REFUSED_AGAIN_MS) {
      await this.#end(account, known, 'The server refuses tokens that it was just granted.');
      return undefined;
    }
    const stale = tokens?.accessToken === refused ? tokens : { accessToken: refused };
    const renewed = await this.#renew(account, known, stale);
    if (forced && renewed !== undefined) known.replacedAt = performance.now();
    return renewed;
  }

  /** Drops what is known in memory: accounts changed in another window, or were signed out. */
  forget(id?: string): void {
    for (const [key, known] of this.#known) if (id === undefined || id === key) known.grant = undefined;
  }

  #of({ id }: Account): Known {
    let known = this.#known.get(id);
    if (known === undefined) {
      known = { grant: undefined, renewing: undefined, attempts: new Attempts(), replacedAt: -Infinity };
      this.#known.set(id, known);
    }
    return known;
  }

  #renew(account: Account, known: Known, stale: Pick<TokenSet, 'accessToken'>): Promise<TokenSet | undefined> {
    known.renewing ??= this.#renewLocked(account, known, stale).finally(() => (known.renewing = undefined));
    return known.renewing;
  }

  async #renewLocked(account: Account, known: Known, stale: Pick<TokenSet, 'accessToken'>): Promise<TokenSet | undefined> {
    const soon = known.attempts.tooSoon(performance.now());
    if (soon !== undefined) throw soon;
    const { dataDir, vault } = this.#deps;
    return withLongLock(join(dataDir, 'locks', `oauth-${account.id}`), LOCK_WAIT_MS, async () => {
      const grant = await vault.grant(account);
      known.grant = grant;
      if (grant === undefined) return undefined;
      // Whoever held the lock before did it already.
      if (grant.tokens.accessToken !== stale.accessToken) return grant.tokens;
      const { refreshToken } = grant.tokens;
      if (refreshToken === undefined) {
        await this.#end(account, known, 'The access that was granted has ended, and the server gave no way to renew it.');
        return undefined;
      }
      return this.#refresh(account, known, grant, refreshToken);
    });
  }

  async #refresh(account: Account, known: Known, grant: Grant, refreshToken: string): Promise<TokenSet | undefined> {
    const { vault, fetchFor } = this.#deps;
    const { server, client } = grant;
    try {
      const fields = { grant_type: 'refresh_token', refresh_token: refreshToken };
      const { tokens } = await requestTokens('refresh', fields, { server, client, resource: account.resource, fetch: fetchFor(account) });
      // A server that does not rotate says nothing of the token, and of scopes only where they changed (RFC 6749 §6).
      const renewed = { ...tokens, refreshToken: tokens.refreshToken ?? refreshToken, scopes: tokens.scopes ?? grant.tokens.scopes };
      await vault.keepGrant(account, { ...grant, tokens: renewed });
      known.grant = { ...grant, tokens: renewed };
      known.attempts.succeeded();
      return renewed;
    } catch (error) {
      if (!(error instanceof SignInError)) throw error;
      known.attempts.failed(error, performance.now());
      if (error.passing) throw error;
      if (error.problem === 'client-refused') await vault.forgetRegistrations(account.issuer);
      await this.#end(account, known, error.message);
      return undefined;
    }
  }

  /** The grant is over: every window is told, and nobody tries it again. */
  async #end(account: Account, known: Known, why: string): Promise<void> {
    known.grant = undefined;
    await this.#deps.accounts.change(account.id, { ended: why });
    await this.#deps.vault.forgetGrant(account);
  }
}
