import * as vscode from 'vscode';
import type { SignInPerson } from '../oauth/core/sign-in.ts';
import type { ServerName } from '../proxy/model.ts';
import type { Dialogs } from './dialogs.ts';
import { pastedAddress } from './pasted-address.ts';
import { quoted } from './text.ts';

type PersonDialogs = Pick<Dialogs, 'modal' | 'pick' | 'prompt'>;

/** The person at this window, as a sign-in asks them. */
export class EditorPerson implements SignInPerson {
  readonly #server: ServerName;
  readonly #dialogs: PersonDialogs;
  readonly #cancel: AbortController;
  readonly #report: (message: string) => void;

  /**
   * @param cancel aborted when the person does not want the page opened
   * @param report shows a text beside the progress
   */
  constructor(server: ServerName, dialogs: PersonDialogs, cancel: AbortController, report: (message: string) => void) {
    this.#server = server;
    this.#dialogs = dialogs;
    this.#cancel = cancel;
    this.#report = report;
  }

  chooseIssuer(issuers: readonly string[]): Promise<string | undefined> {
    return this.#dialogs.pick('Where do you want to sign in?', issuers.map((issuer) => ({ label: issuer, value: issuer })));
  }

  async askClient(issuer: string, redirectUri: string): Promise<{ readonly clientId: string; readonly clientSecret: string | undefined } | undefined> {
    const clientId = await this.#dialogs.prompt({
      title: 'Client id',
      prompt: `${issuer} registers no clients by itself. Register one there with the redirect ${redirectUri}, and enter its client id.`,
    });
    if (clientId === undefined || clientId === '') return undefined;
    const clientSecret = await this.#dialogs.prompt({ title: 'Client secret', prompt: 'Its secret, if it has one.', password: true });
    return { clientId, clientSecret: clientSecret === '' ? undefined : clientSecret };
  }

  async open(url: URL, signal: AbortSignal): Promise<string | undefined> {
    const open = await this.#dialogs.modal(`Sign in to ${quoted(this.#server)} at\n${url.host}`, `This page is opened in your browser:\n\n${url.href}`, ['Open in Browser']);
    if (open === undefined) {
      this.#cancel.abort();
      return undefined;
    }
    // It may have ended while the question stood: nobody waits for what the page would answer.
    if (signal.aborted) return undefined;
    // A Uri would be decoded and encoded anew on its way, and a redirect with a query of its own would not survive that.
    await vscode.env.openExternal(url.href as unknown as vscode.Uri);
    return pastedAddress(this.#dialogs, this.#report, signal);
  }
}
