import type { Account } from '../oauth/core/accounts.ts';
import type { KeysOptions, OAuthKeys } from '../oauth/core/keys.ts';
import type { RedirectWay } from '../oauth/core/redirect.ts';
import type { SignInPerson } from '../oauth/core/sign-in.ts';
import type { ResolvedTransport, UpstreamConfig } from './config/types.ts';
import { VestibuleError } from './errors.ts';
import { Emitter, type Disposable, type Event } from './events.ts';
import type { ServerName } from './model.ts';
import type { Credentials, SignInProblem, UpstreamKeys } from './upstream/keys.ts';

/** Opens keys in a data folder that the adapter knows, with the secrets it has. */
export type OpenKeys = (options: Pick<KeysOptions, 'workspace' | 'known' | 'report'>) => Promise<OAuthKeys>;

/** What sign-ins need of the house. */
export interface SignInsDeps extends Pick<KeysOptions, 'workspace' | 'known' | 'report'> {
  /** Undefined where nobody can sign in. */
  readonly open: OpenKeys | undefined;
  readonly resolve: (config: UpstreamConfig) => Promise<ResolvedTransport>;
  readonly entry: (server: ServerName) => UpstreamConfig | undefined;
  readonly launchApproved: (config: UpstreamConfig) => boolean;
}

type Http = Extract<ResolvedTransport, { readonly url: string }>;

/** How a person signs in. */
export interface SignInRequest {
  /** Adds an account instead of renewing the one in use. */
  readonly add: boolean;
  readonly person: SignInPerson;
  readonly ways: readonly RedirectWay[];
  readonly signal: AbortSignal;
}

/** Signing in to HTTP upstreams by name. Everything it takes is loaded with the first server that may need it. */
export class SignIns implements Pick<UpstreamKeys, 'credentialsFor' | 'problemOf'>, Disposable {
  readonly #deps: SignInsDeps;
  readonly #changed = new Emitter<{ readonly uses: (config: UpstreamConfig) => boolean }>();
  #keys: OAuthKeys | undefined;
  #opening: Promise<OAuthKeys | undefined> | undefined;
  #disposed = false;

  constructor(deps: SignInsDeps) {
    this.#deps = deps;
  }

  get onDidChange(): Event<{ readonly uses: (config: UpstreamConfig) => boolean }> {
    return this.#changed.event;
  }

  /** Resolves an entry for its launch, and has the keys at hand where they may be needed. @throws as `resolveTransport` */
  async resolve(config: UpstreamConfig): Promise<ResolvedTransport> {
    const transport = await this.#deps.resolve(config);
    if (transport.type !== 'stdio') await this.#open();
    return transport;
  }

  credentialsFor(config: UpstreamConfig, transport: Http): Credentials | undefined {
    return this.#keys?.credentialsFor(config, transport);
  }

  problemOf(config: UpstreamConfig): SignInProblem | undefined {
    return this.#keys?.problemOf(config);
  }

  /** What the account is called that this server is used with; undefined without one, and while nothing of it was needed. */
  accountOf(config: UpstreamConfig): string | undefined {
    return this.#keys?.accountOf(config);
  }

  /** Signs a person in at a server. @throws SignInError; VestibuleError `not-found`, and as `resolveTransport` */
  async signIn(server: ServerName, { add, person, ways, signal }: SignInRequest): Promise<Account> {
    const { keys, transport } = await this.#at(server);
    return keys.signIn(server, transport, add, person, ways, signal);
  }

  /** The accounts at a server and the one this workspace uses. @throws as `signIn` */
  async accounts(server: ServerName): Promise<{ readonly accounts: readonly Account[]; readonly active: Account | undefined }> {
    const { keys, transport } = await this.#at(server);
    return { accounts: keys.accountsAt(transport.url), active: keys.activeAt(transport.url) };
  }

  /** Has this workspace use another account. @throws VestibuleError */
  async use(account: Account): Promise<void> {
    await (await this.#required()).use(account);
  }

  /** Forgets an account. @returns what kept its server from taking the access back, if anything. @throws VestibuleError */
  async signOut(account: Account): Promise<VestibuleError | undefined> {
    return (await this.#required()).signOut(account);
  }

  dispose(): void {
    this.#disposed = true;
    this.#keys?.dispose();
    this.#changed.dispose();
  }

  async #at(server: ServerName): Promise<{ readonly keys: OAuthKeys; readonly transport: Http }> {
    const config = this.#deps.entry(server);
    if (config === undefined) throw new VestibuleError('not-found', `There is no server named "${server}".`, { action: 'Choose one of the servers in the Vestibule view.' });
    // A sign-in dials what the entry names, and so needs the same approval.
    if (!this.#deps.launchApproved(config)) throw notApproved(config);
    const transport = await this.#deps.resolve(config);
    if (transport.type === 'stdio') {
      throw new VestibuleError('usage', `The server "${server}" runs on this machine and has no sign-in.`, { action: 'Give it its key in "env".' });
    }
    return { keys: await this.#required(), transport };
  }

  async #required(): Promise<OAuthKeys> {
    const keys = await this.#open();
    if (keys !== undefined) return keys;
    throw new VestibuleError('not-found', 'Nothing here can keep the keys of a sign-in.', { action: 'Sign in from the editor, or with `vestibule upstream login`.' });
  }

  #open(): Promise<OAuthKeys | undefined> {
    const { open, workspace, known, report } = this.#deps;
    this.#opening ??= (async () => {
      const keys = await open?.({ workspace, known, report });
      if (this.#disposed) keys?.dispose();
      this.#keys = keys;
      keys?.onDidChange((change) => this.#changed.fire(change));
      return keys;
    })();
    // A folder that cannot be read now may be readable at the next try.
    this.#opening.catch(() => (this.#opening = undefined));
    return this.#opening;
  }
}

function notApproved({ name }: UpstreamConfig): VestibuleError {
  return new VestibuleError('launch-not-approved', `The server "${name}" awaits approval before it is dialled.`, { action: 'Run “Vestibule: Review Quarantine” and approve its launch.' });
}
