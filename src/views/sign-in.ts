import * as vscode from 'vscode';
import type { GatewayApi } from '../proxy/api.ts';
import type { ServerName } from '../proxy/model.ts';
import type { Account } from '../oauth/core/accounts.ts';
import type { RedirectWay } from '../oauth/core/redirect.ts';
import { browserIsElsewhere, type UriAnswers } from '../oauth/vscode/uri-way.ts';
import type { Choice, Dialogs } from './dialogs.ts';
import { EditorPerson } from './editor-person.ts';
import { loadOAuth } from './lazy-bundles.ts';
import { oneLine, quoted, withoutLinks } from './text.ts';

const ADD = 'Use another account';

/** What signing in needs of the editor. */
export interface SignInContext {
  readonly dialogs: Dialogs;
  readonly answers: Pick<UriAnswers, 'way'>;
}

/** Signs in to a server: shows the whole address first, opens it, and takes what comes back by itself or is pasted. */
export async function signIn(gateway: GatewayApi, server: ServerName, { dialogs, answers }: SignInContext): Promise<void> {
  const { active } = await gateway.signIns.accounts(server);
  let add = false;
  if (active !== undefined && active.ended === undefined && active.missing.length === 0) {
    const answer = await dialogs.modal(`You are signed in to ${quoted(server)}.`, `As ${oneLine(active.label)}.`, ['Sign in again', ADD]);
    if (answer === undefined) return;
    add = answer === ADD;
  }
  const account = await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title: withoutLinks(`Signing in to ${oneLine(server, 60)}`), cancellable: true }, async (progress, token) => {
    const cancel = new AbortController();
    const subscription = token.onCancellationRequested(() => cancel.abort());
    try {
      return await gateway.signIns.signIn(server, { add, person: new EditorPerson(server, dialogs, cancel, (message) => progress.report({ message })), ways: waysBack(answers), signal: cancel.signal });
    } catch (error) {
      // Whoever cancels knows.
      if (cancel.signal.aborted) return undefined;
      throw error;
    } finally {
      subscription.dispose();
    }
  });
  if (account !== undefined) dialogs.inform(`Signed in to ${quoted(server)} as ${oneLine(account.label)}.`);
}

/** A port of the extension's machine is reached by a browser on the same machine alone; the editor passes it on from anywhere. */
function waysBack({ way }: Pick<UriAnswers, 'way'>): readonly RedirectWay[] {
  const { loopbackWay } = loadOAuth();
  return browserIsElsewhere() ? [way, loopbackWay] : [loopbackWay, way];
}

/** Signs out of the account at a server, or of one that the person picks of several. */
export async function signOut(gateway: GatewayApi, server: ServerName, { dialogs }: Pick<SignInContext, 'dialogs'>): Promise<void> {
  const { accounts, active } = await gateway.signIns.accounts(server);
  if (active === undefined) return dialogs.inform(`Nobody is signed in to ${quoted(server)}.`);
  const leaving = accounts.length < 2 ? active : await dialogs.pick(`Sign out of which account at ${oneLine(server, 60)}?`, choicesOf(accounts, active));
  if (leaving === undefined) return;
  const sure = await dialogs.confirm({ message: `Sign out of ${quoted(server)}?`, detail: `The access of ${oneLine(leaving.label)} is taken back and forgotten, in every window.`, yes: 'Sign Out', needsDocument: false });
  if (!sure) return;
  const problem = await gateway.signIns.signOut(leaving);
  if (problem === undefined) dialogs.inform(`Signed out of ${quoted(server)}.`);
  else dialogs.fail({ message: `Signed out of ${quoted(server)} here, but not at its authorization server: ${problem.message}`, action: problem.action });
}

/** Has this workspace use another of the accounts at a server. */
export async function switchAccount(gateway: GatewayApi, server: ServerName, context: SignInContext): Promise<void> {
  const { dialogs } = context;
  const { accounts, active } = await gateway.signIns.accounts(server);
  if (accounts.length < 2) return signIn(gateway, server, context);
  const chosen = await dialogs.pick(`Which account does this workspace use at ${oneLine(server, 60)}?`, choicesOf(accounts, active));
  if (chosen !== undefined) await gateway.signIns.use(chosen);
}

function choicesOf(accounts: readonly Account[], active: Account | undefined): readonly Choice<Account>[] {
  return accounts.map((account) => ({ label: account.label, description: account.id === active?.id ? 'in use' : (account.ended ?? ''), detail: account.issuer, value: account }));
}
