import './editor-language.ts';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { ClientFile, ClientId, Machine } from '../proxy/clients/client-files.ts';
import { DisposableStore, type Disposable } from '../proxy/events.ts';
import { readTextIfExists } from '../proxy/storage/atomic-file.ts';
import { InputAsker } from './ask-input.ts';
import { bridgeHome } from './bridge-home.ts';
import { installBridge } from './bridge-program.ts';
import { fromLink, type RegistryContext } from './browse-registry.ts';
import type { ChosenProfile } from './chosen-profile.ts';
import { runCommand, type CommandContext } from './commands.ts';
import { ConsentAsker } from './consent-asker.ts';
import { dataFolder, workspaceFolder } from './create-gateway.ts';
import { Decisions } from './decisions.ts';
import type { Dialogs } from './dialogs.ts';
import { remedies } from './doctor/remedies.ts';
import type { EditorEndpoint } from './editor-endpoint.ts';
import { FullResults } from './full-results.ts';
import type { GatewayHost } from './gateway-host.ts';
import { Command, type CommandId } from './ids.ts';
import { Inspector } from './inspector/inspector.ts';
import { reviewLockFile, type LockReviewContext } from './lock-review.ts';
import { LogChannels } from './log-channels.ts';
import { UriAnswers } from '../oauth/vscode/uri-way.ts';
import type { SecretStore } from '../proxy/storage/secret-store.ts';
import { ReviewDocuments } from './review-documents.ts';
import { registryBase } from './settings.ts';
import type { UpstreamsView } from './upstreams-view.ts';
import { ServersFiles, type ServersFileChoice } from './servers-files.ts';

// What activation needs of this bundle before any command ran.
export { refreshBridge } from './bridge-program.ts';
export { policyMessage } from './editor-policy.ts';
export { workspaceNotice } from './present/workspace-notice.ts';
export { applyTicks } from './ticks.ts';
export { shownRows } from './present/shown-rows.ts';

/** What activation made and interaction works with. */
export interface InteractionParts {
  readonly context: vscode.ExtensionContext;
  readonly host: GatewayHost;
  readonly endpoint: EditorEndpoint;
  readonly profile: ChosenProfile;
  readonly dialogs: Dialogs;
  readonly log: vscode.LogOutputChannel;
  readonly secrets: Promise<SecretStore>;
  readonly upstreams: UpstreamsView;
  /** Tells VS Code that the text of an open review document is another. */
  readonly reviewChanged: vscode.EventEmitter<vscode.Uri>;
}

/** Everything that happens because a person asked for it. A bundle of its own, loaded with the first command. */
export class Interaction implements Disposable {
  readonly documents: ReviewDocuments;
  readonly consent: ConsentAsker;
  readonly remedies = remedies;
  readonly results: FullResults;
  /** Answers of sign-ins that come back through the editor. */
  readonly answers: UriAnswers;
  readonly #commands: CommandContext;
  readonly #store = new DisposableStore();
  #trusting: Disposable | undefined;

  constructor({ context, host, endpoint, profile, dialogs, log, secrets, upstreams, reviewChanged }: InteractionParts) {
    const documents = this.#store.add(new ReviewDocuments(host, reviewChanged));
    const gateway = (): ReturnType<GatewayHost['start']> => host.start();
    this.documents = documents;
    this.results = new FullResults(host, dialogs);
    this.answers = new UriAnswers(context.extension.id, () => dialogs.inform('The answer that came from the browser belongs to no sign-in of this window.'));
    this.consent = new ConsentAsker({ dialogs, preview: (title, text) => documents.preview(title, text) });
    const files = new ServersFiles({
      gateway,
      dialogs,
      files: () => serversFiles(context),
      preview: (title, text) => documents.preview(title, text),
      fromRegistry: (text) => fromLink(text, registry),
      openFile,
    });
    const registry: RegistryContext = {
      dialogs,
      base: registryBase,
      dataDir: dataFolder(context),
      platform: process.platform,
      taken: async () => new Set((await gateway()).snapshot().upstreams.map(({ name }) => name)),
      add: (servers) => files.addParsed(servers),
      progress: cancellable,
    };
    const lockReview: LockReviewContext = { gateway, dialogs, preview: (title, text) => documents.preview(title, text), compare: (title, before, after) => documents.compare(title, before, after) };
    const decisions = new Decisions({ gateway, trusted: () => vscode.workspace.isTrusted, dialogs, openReview: (target) => documents.open(target) });
    const inputs = new InputAsker(dialogs);
    this.#commands = {
      host,
      endpoint,
      profile,
      dialogs,
      documents,
      ownLog: log,
      upstreams,
      decisions,
      files,
      registry,
      connecting: {
        gateway,
        endpoint,
        dialogs,
        machine: machineOf(context),
        dataDir: dataFolder(context),
        bridge: () => installBridge(bridgeHome(dataFolder(context))),
        copy: (text) => vscode.env.clipboard.writeText(text),
        compare: (title, before, after) => documents.compare(title, before, after),
      },
      importing: {
        gateway,
        dialogs,
        machine: machineOf(context),
        workspaceFolder,
        editorFiles: () => editorFiles(context),
        secrets,
        files: () => serversFiles(context),
        preview: (title, text) => documents.preview(title, text),
        review: () => vscode.commands.executeCommand(Command.reviewQuarantine),
        add: () => vscode.commands.executeCommand(Command.addUpstream),
      },
      lockReview,
      setUp: {
        gateway,
        dialogs,
        trusted: () => vscode.workspace.isTrusted,
        folder: workspaceFolder,
        serversFile: workspaceServersFile,
        secrets,
        askInput: (input, server) => inputs.ask(input, server),
        trust: () => vscode.commands.executeCommand('workbench.trust.manage'),
        resume: (run) => this.#whenTrusted(run),
        reviewLockFile: () => reviewLockFile(lockReview),
        approveLaunch: (server, launch) => decisions.approve([{ server, launch }], 'selected'),
        review: (server) => documents.open({ server }),
      },
      sharing: { gateway, dialogs, file: lockFile, openFile },
      inspector: this.#store.add(new Inspector({ host, dialogs, documents, results: this.results, extension: context.extensionUri, log })),
      doctor: { host, dialogs, preview: (title, text) => documents.preview(title, text), secretsPersist: async () => (await secrets).persistent },
      results: this.results,
      answers: this.answers,
      logs: this.#store.add(new LogChannels(host, (name) => vscode.window.createOutputChannel(name, { log: true }))),
    };
  }

  /** Takes over an inspector that the editor brings back. */
  restoreInspector(panel: vscode.WebviewPanel): void {
    this.#commands.inspector.restore(panel);
  }

  /**
   * Runs a command on what VS Code passed: the item it was run on, and everything selected beside it.
   * @throws whatever kept it from being done
   */
  run(id: CommandId, item: unknown, selection: unknown): Promise<void> {
    return runCommand(this.#commands, id, item, selection);
  }

  /** Runs something once, when the folder is trusted; asked again before that, the newer counts. */
  #whenTrusted(run: () => void): void {
    this.#trusting?.dispose();
    this.#trusting = this.#store.add(vscode.workspace.onDidGrantWorkspaceTrust(() => {
      this.#trusting?.dispose();
      run();
    }));
  }

  dispose(): void {
    this.#store.dispose();
  }
}

/** The servers file of the window's folder, as it is saved. */
async function workspaceServersFile(): Promise<string | undefined> {
  const folder = workspaceFolder();
  return folder === undefined ? undefined : readTextIfExists(join(folder, '.vscode', 'vestibule.json'));
}

async function openFile(path: string): Promise<void> {
  await vscode.window.showTextDocument(vscode.Uri.file(path));
}

function lockFile(): string | undefined {
  const folder = workspaceFolder();
  return folder === undefined || !vscode.workspace.isTrusted ? undefined : join(folder, '.vscode', 'vestibule.lock.json');
}

/** Runs something under a notification whose button cancels it. */
async function cancellable<T>(title: string, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  return vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title, cancellable: true }, (_progress, token) => {
    const cancelling = new AbortController();
    token.onCancellationRequested(() => cancelling.abort());
    return run(cancelling.signal);
  });
}

/** This machine, with the storage that extensions of this very editor use. */
function machineOf({ globalStorageUri }: vscode.ExtensionContext): Machine {
  return { platform: process.platform, env: process.env, home: homedir(), extensionStorage: join(globalStorageUri.fsPath, '..') };
}

/** The list of servers of this very VS Code, which may be another than the one installed at the usual place. */
function editorFiles({ globalStorageUri }: vscode.ExtensionContext): readonly (ClientFile & { readonly client: ClientId })[] {
  return [{ client: 'vscode', path: join(globalStorageUri.fsPath, '..', '..', 'mcp.json'), scope: 'user', format: 'json', member: ['servers'] }];
}

function serversFiles(context: vscode.ExtensionContext): readonly ServersFileChoice[] {
  const folder = workspaceFolder();
  return [
    { label: 'Your own servers', description: 'in every workspace on this machine', path: join(dataFolder(context), 'servers.json') },
    ...(folder === undefined || !vscode.workspace.isTrusted
      ? []
      : [{ label: 'This workspace’s servers', description: 'shared with everyone who has the folder', path: join(folder, '.vscode', 'vestibule.json') }]),
  ];
}
