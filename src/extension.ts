import './views/editor-language.ts';
import * as vscode from 'vscode';
import { openSecretStore } from './oauth/vscode/secret-store.ts';
import { InputAsker } from './views/ask-input.ts';
import { bridgeHome, isBridgeInstalled } from './views/bridge-home.ts';
import { createEditorGateway, dataFolder } from './views/create-gateway.ts';
import { ChosenProfile } from './views/chosen-profile.ts';
import { ReplaceableDialogs } from './views/dialogs.ts';
import { EditorEndpoint } from './views/editor-endpoint.ts';
import type { VestibuleExports } from './views/exports.ts';
import { GatewayHost } from './views/gateway-host.ts';
import { Command } from './views/ids.ts';
import { loadInteraction } from './views/lazy-bundles.ts';
import { noticeProposals } from './views/proposal-notice.ts';
import { logError } from './views/log-error.ts';
import { problemOf } from './views/problem.ts';
import { registerProvider } from './views/provider.ts';
import { registerInteraction } from './views/register-interaction.ts';
import { onDidChangeSettings } from './views/settings.ts';
import { Surface } from './views/surface.ts';
import { noticeWorkspace } from './views/workspace-notice.ts';

/** Where this workspace's port is remembered. */
const PORT_KEY = 'port';
/** Where the profile of this workspace's agents is remembered. */
const PROFILE_KEY = 'profile';

let running: GatewayHost | undefined;

/** Registers everything the editor shows and asks; the core is loaded afterwards, off the activation path. */
export function activate(context: vscode.ExtensionContext): VestibuleExports {
  const own = <D extends vscode.Disposable>(item: D): D => {
    context.subscriptions.push(item);
    return item;
  };
  const log = own(vscode.window.createOutputChannel('Vestibule', { log: true }));
  const dialogs = new ReplaceableDialogs();
  const inputs = new InputAsker(dialogs);
  const secrets = openSecretStore(context.secrets, context.globalState);
  const host: GatewayHost = new GatewayHost(() => createEditorGateway({ context, endpoint, secrets, inputs, askConsent: (question) => interaction.askConsent(question), log }));
  const endpoint = new EditorEndpoint(() => host.start(), {
    get: () => context.workspaceState.get<number>(PORT_KEY),
    set: (port) => void context.workspaceState.update(PORT_KEY, port),
  });
  const profile = new ChosenProfile({
    get: () => context.workspaceState.get<string>(PROFILE_KEY),
    set: (name) => void context.workspaceState.update(PROFILE_KEY, name),
  });
  running = host;

  const { upstreams } = own(new Surface({ host, profile, secrets, dialogs, memento: context.workspaceState }));
  const interaction = own(registerInteraction({ context, host, endpoint, profile, dialogs, log, secrets, upstreams }));
  own(noticeProposals(host, dialogs, () => vscode.commands.executeCommand(Command.reviewProposal)));
  own(noticeWorkspace({ host, dialogs, say: (news) => loadInteraction().workspaceNotice(news), memento: context.workspaceState, setUp: () => vscode.commands.executeCommand(Command.setUpWorkspace) }));
  own(
    registerProvider(host, endpoint, profile, (error) => {
      logError(log, error);
      // A gateway that could not be made shows that itself; one that cannot listen does not.
      if (host.state.kind === 'running') dialogs.fail(problemOf(error), { label: 'Show Log', run: () => log.show() });
    }),
  );
  own(vscode.workspace.onDidGrantWorkspaceTrust(() => void host.restart()));
  own(onDidChangeSettings(() => void host.restart()));

  // A failure is the host's state, which the status item and the views show.
  setImmediate(() => {
    void host.start().catch((error: unknown) => logError(log, error));
    const home = bridgeHome(dataFolder(context));
    if (isBridgeInstalled(home.dataDir)) void loadInteraction().refreshBridge(home).catch((error: unknown) => logError(log, error));
  });

  return {
    apiVersion: 1,
    endpoint: async () => ({ url: profile.urlAt(await endpoint.listen()), headers: { Authorization: `Bearer ${endpoint.token}` } }),
    state: () => host.snapshot(),
    onDidChange: (listener) => host.onDidChange(listener),
    ...(context.extensionMode === vscode.ExtensionMode.Test && { answerDialogs: (answers) => dialogs.replace(answers) }),
  };
}

/** Ends the gateway: in-flight calls finish, children end, the journal is flushed. */
export async function deactivate(): Promise<void> {
  await running?.dispose();
}
