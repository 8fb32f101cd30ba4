import type { GatewayApi } from '../proxy/api.ts';
import { clientOf, type ClientFile, type ClientId, type Machine } from '../proxy/clients/client-files.ts';
import { applyImport } from '../proxy/import/apply.ts';
import { commandOrAddress, isOwnEntry } from '../proxy/import/describe.ts';
import { findServers } from '../proxy/import/find.ts';
import { removeOriginals, type RemovedOriginals } from '../proxy/import/originals.ts';
import { planImport } from '../proxy/import/plan.ts';
import type { FoundServer, Importable, ImportPlan } from '../proxy/import/types.ts';
import { visible } from '../proxy/json/visible.ts';
import type { SecretStore } from '../proxy/storage/secret-store.ts';
import type { Dialogs } from './dialogs.ts';
import { t } from './l10n.ts';
import { describeNew } from './present/confirmation.ts';
import type { ServersFileChoice } from './servers-files.ts';
import { oneLine, plural } from './text.ts';

/** What importing works with. */
export interface ImportContext {
  readonly gateway: () => Promise<GatewayApi>;
  readonly dialogs: Dialogs;
  readonly machine: Machine;
  readonly workspaceFolder: () => string | undefined;
  /** Files of this very editor: its own `mcp.json`, wherever its user folder is. */
  readonly editorFiles: () => readonly (ClientFile & { readonly client: ClientId })[];
  readonly secrets: Promise<Pick<SecretStore, 'set'>>;
  readonly files: () => readonly ServersFileChoice[];
  readonly preview: (title: string, text: string) => Promise<void>;
  /** Offers what comes next: the review of what waits, or adding by hand. */
  readonly review: () => unknown;
  readonly add: () => unknown;
}

/**
 * Takes over servers of other clients, after showing every one of them whole. Secrets go to the editor's secret
 * storage. Nothing starts: launches and tools wait for approval. Resolves with how many were imported.
 */
export async function importServers(context: ImportContext): Promise<number> {
  const { dialogs } = context;
  const gateway = await context.gateway();
  const found = await findServers({ machine: context.machine, workspaceFolder: context.workspaceFolder(), more: context.editorFiles() });
  for (const problem of found.problems) dialogs.fail(problem);
  const plan = planImport(found.servers, { there: gateway.snapshot().upstreams.map(({ config }) => config), isOwn: isOwnEntry, platform: context.machine.platform });
  if (plan.servers.length === 0) {
    dialogs.inform(nothingToImport(plan, found.files.length), { label: 'Add a Server…', run: context.add });
    return 0;
  }
  const chosen = await dialogs.pickMany('Which servers should be imported?', plan.servers.map(choiceOf));
  if (chosen === undefined || chosen.length === 0) return 0;
  const file = await targetFile(context);
  if (file === undefined) return 0;
  await context.preview('Servers to import', [...chosen.map(describeImported), ...describeSkipped(plan)].join('\n\n\n'));
  if (!(await dialogs.confirm(question(chosen, file)))) return 0;
  await applyImport(chosen, file.path, await context.secrets);
  const originals = chosen.flatMap(({ found: own, twins }) => [own, ...twins]);
  dialogs.inform(
    `Imported ${plural(chosen.length, 'server')}. Each waits until you approve its launch. Clients that still have the originals offer their tools twice.`,
    { label: 'Review', run: context.review },
    { label: 'Remove Originals', run: () => remove(originals, dialogs) },
  );
  return chosen.length;
}

async function remove(originals: readonly FoundServer[], dialogs: Dialogs): Promise<void> {
  const change = await removeOriginals(originals);
  const { removed, problems } = change;
  for (const problem of problems) dialogs.fail(problem);
  if (removed.length === 0) return;
  const files = [...new Set(removed.map(({ file }) => visible(file)))].join(', ');
  dialogs.inform(`Removed ${plural(removed.length, 'server')} from ${files}.`, { label: 'Undo', run: () => takeBack(change, dialogs) });
}

async function takeBack(change: RemovedOriginals, dialogs: Dialogs): Promise<void> {
  await change.undo();
  dialogs.inform('The files are as they were.');
}

function targetFile({ dialogs, files }: ImportContext): Promise<ServersFileChoice | undefined> {
  const choices = files();
  const [only] = choices;
  if (choices.length === 1) return Promise.resolve(only);
  return dialogs.pick('Where should they be kept?', choices.map((file) => ({ label: file.label, description: file.description, detail: file.path, value: file })));
}

function choiceOf(server: Importable): { label: string; description: string; detail: string; value: Importable; picked: boolean } {
  const { name, found, entry, twins, secrets } = server;
  const from = [found, ...twins].map(({ client }) => clientOf(client).label);
  return {
    label: oneLine(name, 60),
    description: `${[...new Set(from)].join(', ')}${secrets.length > 0 ? ` · ${plural(secrets.length, 'secret')}` : ''}`,
    detail: oneLine(commandOrAddress(entry), 300),
    value: server,
    picked: true,
  };
}

function describeImported(server: Importable): string {
  const { found, twins, secrets } = server;
  return [
    `# ${visible(server.name)}`,
    ...(server.name === found.name ? [] : [t('Its name there is “{0}”, which is taken here.', visible(found.name))]),
    `From ${[found, ...twins].map(({ client, file }) => `${clientOf(client).label}: ${visible(file)}`).join('\nand  ')}`,
    ...secrets.map(({ name, place }) => `The value of ${visible(place)} goes to the editor's secret storage, as \${secret:${visible(name)}}.`),
    describeNew(server),
  ].join('\n\n');
}

/** What is there and not imported, with the reason; nothing without any. */
function describeSkipped({ skipped }: ImportPlan): readonly string[] {
  if (skipped.length === 0) return [];
  return [[`# ${t('Left out')}`, ...skipped.map(({ found, why }) => `${clientOf(found.client).label}, ${visible(found.name)}: ${visible(why)}`)].join('\n\n')];
}

function question(servers: readonly Importable[], file: ServersFileChoice): { message: string; detail: string; yes: string; needsDocument: boolean } {
  const secrets = servers.reduce((sum, server) => sum + server.secrets.length, 0);
  return {
    message: `Import ${plural(servers.length, 'server')}?`,
    detail: [
      `Into ${visible(file.path)}. The document behind this shows each of them whole.`,
      ...(secrets > 0 ? [`${plural(secrets, 'secret')} will be moved to the editor's secret storage; the file gets references.`] : []),
      'Nothing starts before you approve it.',
    ].join('\n\n'),
    yes: 'Import',
    needsDocument: true,
  };
}

function nothingToImport({ skipped }: ImportPlan, files: number): string {
  if (files === 0) return 'No other client with MCP servers was found on this machine.';
  const there = skipped.filter(({ reason }) => reason === 'there').length;
  const bad = skipped.find(({ reason }) => reason === 'bad');
  const parts = [
    there > 0 ? `${plural(there, 'server')} of other clients ${there === 1 ? 'is' : 'are'} here already` : '',
    bad === undefined ? '' : `“${oneLine(bad.found.name, 60)}” cannot be read: ${oneLine(bad.why, 200)}`,
  ].filter((part) => part !== '');
  return `There is nothing to import${parts.length > 0 ? `: ${parts.join('; ')}` : ''}.`;
}
