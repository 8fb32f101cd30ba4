import type { Disposable } from '../../proxy/events.ts';
import type { Credentials, TurnedAway } from '../../proxy/upstream/keys.ts';
import { isLoopbackHost } from './address-guard.ts';
import { SignInError } from './sign-in-error.ts';

/** An account of the editor's own that the person lets this extension use. Holds a secret. */
export interface EditorSession {
  readonly token: string;
  /** What the account is called; untrusted text. */
  readonly label: string;
}

/** The accounts of an editor, e.g. those of GitHub and Microsoft in VS Code. It renews them by itself. */
export interface EditorSessions {
  /**
   * A session with these scopes; undefined while there is none.
   * @param ask whether the person may be asked to sign in, or which account to use
   * @throws Error when there is no such kind of account, or the person refuses
   */
  session(provider: string, scopes: readonly string[], ask: boolean): Promise<EditorSession | undefined>;
  /** Calls back with the kind of account whose sessions changed. */
  follow(changed: (provider: string) => void): Disposable;
}

/** The account an entry asks for. */
export interface EditorAccount {
  readonly provider: string;
  readonly scopes: readonly string[];
}

const SCHEME = 'Bearer ';

/** Tokens of an account of the editor, as they are at each request: none is kept here. */
export class EditorCredentials implements Credentials {
  readonly #sessions: EditorSessions;
  readonly #account: EditorAccount;
  readonly #known: (secret: string) => void;

  constructor(sessions: EditorSessions, account: EditorAccount, known: (secret: string) => void) {
    this.#sessions = sessions;
    this.#account = account;
    this.#known = known;
  }

  async authorization(): Promise<string | undefined> {
    const { provider, scopes } = this.#account;
    // An account that cannot be had now is none: the server says whether it needs one.
    const session = await this.#sessions.session(provider, scopes, false).catch(() => undefined);
    if (session === undefined) return undefined;
    this.#known(session.token);
    return `${SCHEME}${session.token}`;
  }

  async turnedAway({ status, used }: TurnedAway): Promise<string | undefined> {
    const field = status === 401 ? await this.authorization() : undefined;
    return field === used ? undefined : field;
  }
}

/**
 * Has the person choose an account of the editor.
 * @param sessions undefined outside of an editor
 * @throws SignInError of step `authorization`
 */
export async function chooseEditorAccount(sessions: EditorSessions | undefined, { provider, scopes }: EditorAccount, server: URL): Promise<EditorSession> {
  if (sessions === undefined) throw new SignInError('authorization', 'no-editor', 'This server is used with an account of the editor, and there is none here.', { action: 'Sign in from the editor, or remove "editorAccount".' });
  if (!mayHaveToken(server)) throw new SignInError('authorization', 'bad-url', 'An account of the editor is never used over plain http.', { action: 'Use the https address of this server.' });
  const session = await sessions.session(provider, scopes, true).catch((cause: unknown) => {
    throw new SignInError('authorization', 'declined', `The editor gave no account of the kind "${provider}".`, { action: 'Sign in again and allow it, or correct "editorAccount".', cause });
  });
  if (session !== undefined) return session;
  throw new SignInError('authorization', 'declined', `The editor gave no account of the kind "${provider}".`, { action: 'Sign in again and allow it.' });
}

/** Whether a token of an account that opens more than this server may go to it. */
export function mayHaveToken(server: URL): boolean {
  return server.protocol === 'https:' || isLoopbackHost(server.hostname);
}
