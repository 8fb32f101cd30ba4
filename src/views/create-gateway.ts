import { basename, join } from 'node:path';
import * as vscode from 'vscode';
import { visible } from '../proxy/json/visible.ts';
import type { GatewayApi } from '../proxy/api.ts';
import type { AskPerson } from '../proxy/consent/types.ts';
import type { SecretStore } from '../proxy/storage/secret-store.ts';
import type { InputAsker } from './ask-input.ts';
import type { EditorEndpoint } from './editor-endpoint.ts';
import { loadCore, loadOAuth } from './lazy-bundles.ts';
import { readSettings } from './settings.ts';

/** What a gateway of the editor is made from. */
export interface GatewayParts {
  readonly context: vscode.ExtensionContext;
  readonly endpoint: EditorEndpoint;
  readonly secrets: Promise<SecretStore>;
  readonly inputs: InputAsker;
  readonly askConsent: AskPerson;
  readonly log: vscode.LogOutputChannel;
}

/**
 * The folder whose `.vscode/vestibule.json` belongs to this window: the first one on a real file system.
 * In a virtual workspace there is none, and only the person's own servers run.
 */
export function workspaceFolder(): string | undefined {
  return vscode.workspace.workspaceFolders?.find(({ uri }) => uri.scheme === 'file')?.uri.fsPath;
}

/** Folder of everything that is the person's and not this workspace's. */
export function dataFolder(context: vscode.ExtensionContext): string {
  return context.globalStorageUri.fsPath;
}

/** Makes a gateway from the settings, trust and folder as they are now; it listens if the one before it did. */
export async function createEditorGateway({ context, endpoint, secrets, inputs, askConsent, log }: GatewayParts): Promise<GatewayApi> {
  const { consent, mode, port, lockfile } = readSettings();
  const folder = workspaceFolder();
  const kept = await secrets;
  const gateway = await loadCore().createGateway({
    dataDir: dataFolder(context),
    // Calls are kept per workspace; a window without one keeps them with the person's own data.
    logDir: join((context.storageUri ?? context.globalStorageUri).fsPath, 'log'),
    ...(folder !== undefined && { workspaceFolder: folder }),
    workspaceTrusted: vscode.workspace.isTrusted,
    openFiles,
    smallCatalogsDirect: true,
    secrets: kept,
    openKeys: (options) => loadOAuth().openKeys({ ...options, dataDir: dataFolder(context), secrets: kept }),
    askInput: (input, server) => inputs.ask(input, server),
    port: port === 0 ? (endpoint.port ?? 0) : port,
    token: endpoint.token,
    owner: 'editor',
    consent: { mode: consent, ask: askConsent },
    lockfile,
    ...(mode !== undefined && { mode }),
    version: versionOf(context),
    log: (level, message, data) => log[level](data === undefined ? visible(message) : `${visible(message)} ${visible(JSON.stringify(data))}`),
  });
  await endpoint.resume(gateway);
  return gateway;
}

/** Names of the files in open tabs. */
function openFiles(): readonly string[] {
  return vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs.flatMap(({ input }) => (input instanceof vscode.TabInputText ? [basename(input.uri.path)] : [])));
}

function versionOf({ extension }: vscode.ExtensionContext): string {
  const { version } = extension.packageJSON as { readonly version: string };
  return version;
}
