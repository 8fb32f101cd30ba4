import type { UpstreamConfig, ResolvedTransport } from '../../proxy/config/types.ts';
import type { VestibuleError } from '../../proxy/errors.ts';
import { Emitter, type Disposable, type Event } from '../../proxy/events.ts';
import type { ServerName } from '../../proxy/model.ts';
import type { SecretStore } from '../../proxy/storage/secret-store.ts';
import type { Credentials, SignInProblem, UpstreamKeys } from '../../proxy/upstream/keys.ts';
import { Accounts, type Account, type FailedSignIn } from './accounts.ts';
import { AccountCredentials } from './account-credentials.ts';
import { isLoopbackHost } from './address-guard.ts';
import { chooseEditorAccount, EditorCredentials, mayHaveToken, type EditorAccount, type EditorSessions } from './editor-account.ts';
import { createGuardedFetch, type GuardedFetch } from './guarded-fetch.ts';
import { MachineCredentials } from './machine-credentials.ts';
import { Refresher } from './refresher.ts';
import { revoke } from './revocation.ts';
import { SignInError, signInCode } from './sign-in-error.ts';
import { endpointOf, signIn, type SignInDeps, type SignInPerson, type SignInTarget } from './sign-in.ts';
import { Vault } from './vault.ts';

/** What keys are kept with. */
export interface KeysOptions {
  readonly dataDir: string;
  readonly secrets: SecretStore;
  /** The folder of this window, whose choice of accounts counts; undefined without one. */
  readonly workspace: string | undefined;
  /** Told of every secret before it is used, for redaction. */
  readonly known: (secret: string) => void;
  /** Told once each of a file that cannot be used. */
  readonly report: (problem: VestibuleError) => void;
  /** Accounts of the editor; undefined outside of one. */
  readonly editorSessions?: EditorSessions;
  /** Milliseconds for a request; ten seconds unless a test says otherwise. */
  readonly timeoutMs?: number;
}

/** Sign-ins that a person ended themselves. */
const LET_GO: ReadonlySet<SignInError['problem']> = new Set(['cancelled', 'expired', 'busy']);
const SIGN_IN_AGAIN = 'Sign in to this server (“Vestibule: Sign In”, or `vestibule upstream login`).';

type Http = Extract<ResolvedTransport, { readonly url: string }>;

/** Opens the keys of a data folder. @throws VestibuleError `data-folder-unreadable` */
export async function openKeys(options: KeysOptions): Promise<OAuthKeys> {
  return new OAuthKeys(options, await Accounts.open(options.dataDir, options.report));
}

/** Access tokens of every HTTP upstream, and signing in and out. */
export class OAuthKeys implements UpstreamKeys {
  readonly #options: KeysOptions;
  readonly #accounts: Accounts;
  readonly #vault: Vault;
  readonly #refresher: Refresher;
  readonly #changed = new Emitter<{ readonly uses: (config: UpstreamConfig) => boolean }>();
  /** Endpoint each entry was last connected to: it is known once its variables are resolved. */
  readonly #endpoints = new Map<ServerName, string>();
  readonly #settings = new Map<string, { readonly url: URL; readonly privateNetwork: boolean }>();
  /** Kind of account of the editor that an endpoint is used with. */
  readonly #byEditor = new Map<string, string>();
  readonly #following: Disposable | undefined;
  #active = new Map<string, string>();

  constructor(options: KeysOptions, accounts: Accounts) {
    this.#options = options;
    this.#accounts = accounts;
    this.#vault = new Vault(options.secrets, options.known);
    this.#refresher = new Refresher({ dataDir: options.dataDir, accounts, vault: this.#vault, fetchFor: (account) => this.#fetchOf(account) });
    this.#active = this.#activeNow();
    accounts.onDidChange(() => this.#follow());
    this.#following = options.editorSessions?.follow((provider) => this.#announce(new Set([...this.#byEditor].flatMap(([endpoint, kind]) => (kind === provider ? [endpoint] : [])))));
  }

  get onDidChange(): Event<{ readonly uses: (config: UpstreamConfig) => boolean }> {
    return this.#changed.event;
  }

  /** Whether what is kept outlives this process. */
  get persistent(): boolean {
    return this.#options.secrets.persistent;
  }

  credentialsFor(config: UpstreamConfig, transport: Http): Credentials | undefined {
    if (Object.keys(transport.headers).some((name) => name.toLowerCase() === 'authorization')) return undefined;
    const url = new URL(transport.url);
    const endpoint = this.#remember(config.name, url, transport);
    const byEditor = editorAccountOf(transport);
    if (byEditor !== undefined) {
      const { editorSessions, known } = this.#options;
      return editorSessions === undefined || !mayHaveToken(url) ? undefined : new EditorCredentials(editorSessions, byEditor, known);
    }
    const grant = transport.oauth?.grant ?? 'authorization_code';
    if (grant !== 'authorization_code') return new MachineCredentials(url, transport.oauth ?? {}, this.#fetchFor(url, transport), this.#options.known);
    return new AccountCredentials({ accounts: this.#accounts, refresher: this.#refresher, account: () => this.#accounts.active(endpoint, this.#options.workspace) });
  }

  problemOf({ name, transport }: UpstreamConfig): SignInProblem | undefined {
    const endpoint = this.#endpoints.get(name) ?? endpointOfEntry(transport);
    if (endpoint === undefined) return undefined;
    const account = this.#accounts.active(endpoint, this.#options.workspace);
    const failed = this.#accounts.failedAt(endpoint);
    if (account !== undefined && account.ended === undefined) return missingOf(account);
    if (failed !== undefined) return { code: signInCode(failed.step), message: `The last sign-in failed at the step “${failed.step}”: ${failed.message}`, action: failed.action };
    return account?.ended === undefined ? undefined : { code: 'sign-in-ended', message: account.ended, action: SIGN_IN_AGAIN };
  }

  /** What the account is called that calls to this server are made with, once it was connected to; untrusted text. */
  accountOf({ name }: UpstreamConfig): string | undefined {
    const endpoint = this.#endpoints.get(name);
    return endpoint === undefined ? undefined : this.#accounts.active(endpoint, this.#options.workspace)?.label;
  }

  /** Every account there is, oldest first. */
  accounts(): readonly Account[] {
    return this.#accounts.all();
  }

  /** The accounts at a server, oldest first. */
  accountsAt(url: string): readonly Account[] {
    return URL.canParse(url) ? this.#accounts.at(endpointOf(new URL(url))) : [];
  }

  /** The account this workspace uses at a server. */
  activeAt(url: string): Account | undefined {
    return URL.canParse(url) ? this.#accounts.active(endpointOf(new URL(url)), this.#options.workspace) : undefined;
  }

  /**
   * Signs a person in.
   * @param add another account, instead of renewing the one in use
   * @throws SignInError, at the step that failed
   */
  signIn(server: ServerName, transport: Http, add: boolean, person: SignInPerson, ways: SignInDeps['ways'], signal: AbortSignal, personMs?: number): Promise<Account> {
    const url = new URL(transport.url);
    const endpoint = this.#remember(server, url, transport);
    const byEditor = editorAccountOf(transport);
    if (byEditor !== undefined) return this.#signInByEditor(endpoint, url, byEditor);
    const target: SignInTarget = {
      server,
      url,
      settings: transport.oauth ?? {},
      workspace: this.#options.workspace,
      account: add ? undefined : this.#accounts.active(endpoint, this.#options.workspace),
    };
    const deps = { dataDir: this.#options.dataDir, accounts: this.#accounts, vault: this.#vault, fetch: this.#fetchFor(url, transport), ways, ...(personMs !== undefined && { personMs }) };
    return signIn(target, person, deps, signal).catch(async (error: unknown) => {
      // Whoever cancels, or lets it go by, knows; a second one says nothing of the server.
      if (error instanceof SignInError && !LET_GO.has(error.problem)) {
        const { step, problem, message, action } = error;
        // What was to be told is told either way.
        await this.#accounts.noteFailed({ endpoint, step, problem, message, action, at: Date.now() }).catch(() => undefined);
      }
      throw error;
    });
  }

  /** Has this workspace use another account. @throws VestibuleError when it cannot be kept */
  async use(account: Account): Promise<void> {
    await this.#accounts.choose(account, this.#options.workspace);
  }

  /**
   * Forgets an account and takes its access back where its server offers that. It is forgotten here whatever the server says.
   * @returns what kept the server from taking it back, if anything
   */
  async signOut(account: Account): Promise<VestibuleError | undefined> {
    const grant = await this.#vault.grant(account);
    await this.#accounts.remove(account.id);
    await this.#vault.forgetGrant(account);
    this.#refresher.forget(account.id);
    try {
      if (grant !== undefined) await revoke(grant, this.#fetchOf(account));
      return undefined;
    } catch (error) {
      return error as VestibuleError;
    }
  }

  dispose(): void {
    this.#following?.dispose();
    this.#accounts.dispose();
    this.#changed.dispose();
  }

  /** The account is the editor's: nothing of it is kept here. */
  async #signInByEditor(endpoint: string, url: URL, account: EditorAccount): Promise<Account> {
    const { token, label } = await chooseEditorAccount(this.#options.editorSessions, account, url);
    this.#options.known(token);
    this.#announce(new Set([endpoint]));
    return { id: account.provider, endpoint, issuer: account.provider, resource: endpoint, label, since: Date.now(), ended: undefined, scopes: account.scopes, missing: [] };
  }

  #remember(server: ServerName, url: URL, transport: Http): string {
    const endpoint = endpointOf(url);
    this.#endpoints.set(server, endpoint);
    const byEditor = editorAccountOf(transport);
    if (byEditor === undefined) this.#byEditor.delete(endpoint);
    else this.#byEditor.set(endpoint, byEditor.provider);
    this.#settings.set(endpoint, { url, privateNetwork: transport.oauth?.privateNetwork === true });
    return endpoint;
  }

  #fetchOf({ endpoint }: Account): GuardedFetch {
    const known = this.#settings.get(endpoint);
    return this.#guarded(known?.url ?? new URL(endpoint), known?.privateNetwork === true);
  }

  #fetchFor(url: URL, transport: Http): GuardedFetch {
    return this.#guarded(url, transport.oauth?.privateNetwork === true);
  }

  #guarded(url: URL, privateNetworks: boolean): GuardedFetch {
    return createGuardedFetch({ loopback: isLoopbackHost(url.hostname), privateNetworks }, url, this.#options.timeoutMs);
  }

  #activeNow(): Map<string, string> {
    const { workspace } = this.#options;
    const endpoints = new Set([...this.#accounts.all().map(({ endpoint }) => endpoint), ...this.#accounts.failedEndpoints()]);
    return new Map([...endpoints].map((endpoint) => [endpoint, stampOf(this.#accounts.active(endpoint, workspace), this.#accounts.failedAt(endpoint))]));
  }

  /** Accounts changed, perhaps in another process: what concerns this workspace is announced. */
  #follow(): void {
    const before = this.#active;
    const after = this.#activeNow();
    this.#active = after;
    const changed = new Set([...before.keys(), ...after.keys()].filter((endpoint) => before.get(endpoint) !== after.get(endpoint)));
    if (changed.size === 0) return;
    this.#refresher.forget();
    this.#announce(changed);
  }

  #announce(endpoints: ReadonlySet<string>): void {
    this.#changed.fire({
      uses: ({ name, transport }) => {
        return endpoints.has(this.#endpoints.get(name) ?? endpointOfEntry(transport) ?? '');
      },
    });
  }
}

/** Which sign-in an account stands for; a new one of the same account counts as a change, its end does not. What failed counts where nobody is signed in. */
function stampOf(account: Account | undefined, failed: FailedSignIn | undefined): string {
  const unusable = account === undefined || account.ended !== undefined;
  return `${account === undefined ? '' : `${account.id} ${account.since}`}${unusable && failed !== undefined ? ` ${failed.at}` : ''}`;
}

function missingOf({ missing }: Account): SignInProblem | undefined {
  return missing.length === 0 ? undefined : { code: 'access-denied', message: `A call needs more access than was granted: ${missing.join(' ')}.`, action: 'Sign in again; Vestibule then asks for that as well.' };
}

function editorAccountOf({ oauth }: Http): EditorAccount | undefined {
  return oauth?.editorAccount === undefined ? undefined : { provider: oauth.editorAccount, scopes: oauth.scopes ?? [] };
}

function endpointOfEntry(transport: UpstreamConfig['transport']): string | undefined {
  return transport.type !== 'stdio' && URL.canParse(transport.url) ? endpointOf(new URL(transport.url)) : undefined;
}
