import * as vscode from 'vscode';
import type { UpstreamSnapshot } from '../proxy/api.ts';
import { addAgent, revokeAgent } from './agents.ts';
import { browseRegistry, type RegistryContext } from './browse-registry.ts';
import type { ChosenProfile } from './chosen-profile.ts';
import { connectAgent, type ConnectContext } from './connect-agent.ts';
import { manageConsents, setConsent } from './consents.ts';
import type { Decisions, Reach } from './decisions.ts';
import type { Dialogs } from './dialogs.ts';
import { runDoctor, type DoctorContext } from './doctor/run-doctor.ts';
import type { EditorEndpoint } from './editor-endpoint.ts';
import { exportCalls } from './export-calls.ts';
import type { FullResults } from './full-results.ts';
import type { GatewayHost } from './gateway-host.ts';
import { Command, Scheme, View, type CommandId } from './ids.ts';
import { importServers, type ImportContext } from './import-servers.ts';
import type { Inspector } from './inspector/inspector.ts';
import type { LogChannels } from './log-channels.ts';
import { definitionsOf } from './present/awaiting.ts';
import { reviewProposal } from './proposals.ts';
import type { ReviewDocuments } from './review-documents.ts';
import type { ServersFiles } from './servers-files.ts';
import { pause, pauseTarget, resume } from './pausing.ts';
import { reviewLockFile, type LockReviewContext } from './lock-review.ts';
import type { GatewayApi } from '../proxy/api.ts';
import type { ServerName } from '../proxy/model.ts';
import type { UriAnswers } from '../oauth/vscode/uri-way.ts';
import { signIn, signOut, switchAccount, type SignInContext } from './sign-in.ts';
import { switchProfile } from './switch-profile.ts';
import { setUpWorkspace, type SetUpContext } from './set-up-workspace.ts';
import { undoDecision } from './undo.ts';
import { shareApprovals, type ShareContext } from './share-approvals.ts';
import { findUpstream, readTarget, readTargets, type Target } from './target.ts';
import { arrange, filterUpstreams } from './arrange-upstreams.ts';
import type { UpstreamsView } from './upstreams-view.ts';
import { oneLine } from './text.ts';

/** Everything commands work with. */
export interface CommandContext {
  readonly host: GatewayHost;
  readonly endpoint: EditorEndpoint;
  readonly profile: ChosenProfile;
  readonly dialogs: Dialogs;
  readonly decisions: Decisions;
  readonly documents: ReviewDocuments;
  readonly files: ServersFiles;
  readonly importing: ImportContext;
  readonly connecting: ConnectContext;
  readonly registry: RegistryContext;
  readonly inspector: Inspector;
  readonly sharing: ShareContext;
  readonly lockReview: LockReviewContext;
  readonly setUp: SetUpContext;
  readonly logs: LogChannels;
  readonly doctor: DoctorContext;
  readonly results: FullResults;
  readonly answers: UriAnswers;
  readonly ownLog: vscode.LogOutputChannel;
  readonly upstreams: Pick<UpstreamsView, 'filter' | 'setFilter' | 'step' | 'selected' | 'sortByName'>;
}

type Handler = (context: CommandContext, item: unknown, selection: unknown) => unknown;

const HANDLERS: Readonly<Record<CommandId, Handler>> = {
  [Command.addUpstream]: async ({ files }) => {
    if (await files.add()) await vscode.commands.executeCommand(`${View.upstreams}.focus`);
  },
  [Command.browseRegistry]: async ({ registry }) => {
    if (await browseRegistry(registry)) await vscode.commands.executeCommand(`${View.upstreams}.focus`);
  },
  [Command.importUpstreams]: async ({ importing }) => {
    if ((await importServers(importing)) > 0) await vscode.commands.executeCommand(`${View.upstreams}.focus`);
  },
  [Command.editServers]: ({ files }) => files.edit(),
  [Command.enableUpstream]: (context, item) => setEnabled(context, item, true),
  [Command.disableUpstream]: (context, item) => setEnabled(context, item, false),
  [Command.restartUpstream]: async (context, item) => {
    const upstream = await chooseUpstream(context, item, 'Restart which server?', ({ config }) => config.enabled);
    if (upstream === undefined) return;
    const gateway = await context.host.start();
    await vscode.window.withProgress({ location: { viewId: View.upstreams } }, () => gateway.restart(upstream.name));
  },
  [Command.signIn]: (context, item) => atRemote(context, item, 'Sign in to which server?', signIn),
  [Command.signOut]: (context, item) => atRemote(context, item, 'Sign out of which server?', signOut),
  [Command.switchAccount]: (context, item) => atRemote(context, item, 'Switch the account of which server?', switchAccount),
  [Command.showLogs]: showLogs,
  [Command.reviewQuarantine]: async ({ decisions, documents }, item) => {
    const server = readTarget(item) === undefined ? await decisions.pickAwaiting() : undefined;
    const target = readTarget(item) ?? (server === undefined ? undefined : { server });
    if (target !== undefined) await documents.open(target);
  },
  [Command.approve]: ({ decisions, documents }, item, selection) => {
    const { targets, reach } = subjects(documents, item, selection);
    return decisions.approve(targets, reach);
  },
  [Command.approveAll]: ({ decisions, documents }, item, selection) => decisions.approve(subjects(documents, item, selection).targets, 'all'),
  [Command.block]: ({ decisions, documents }, item, selection) => {
    const { targets, reach } = subjects(documents, item, selection);
    return decisions.block(targets, reach);
  },
  [Command.showChanges]: showChanges,
  [Command.openInspector]: ({ inspector }) => inspector.show('calls'),
  [Command.searchTools]: ({ inspector }) => inspector.show('search'),
  [Command.exportCalls]: (context) => exportCalls(context),
  [Command.setUpWorkspace]: ({ setUp }) => setUpWorkspace(setUp),
  [Command.reviewLockFile]: ({ lockReview }) => reviewLockFile(lockReview),
  [Command.undoDecision]: ({ lockReview }) => undoDecision(lockReview),
  [Command.acceptDescriptions]: acceptDescriptions,
  [Command.agentInspection]: agentInspection,
  [Command.shareApprovals]: ({ sharing }) => shareApprovals(sharing),
  [Command.pauseAll]: (context) => pause(context, {}),
  [Command.resumeAll]: (context) => resume(context, {}),
  [Command.pause]: async (context, item) => {
    const target = await pauseTarget(context, item, 'Pause which server?', false);
    if (target !== undefined) await pause(context, target);
  },
  [Command.resume]: async (context, item) => {
    const target = await pauseTarget(context, item, 'Resume which server?', true);
    if (target !== undefined) await resume(context, target);
  },
  [Command.setConsent]: (context, item) => setConsent(context, item),
  [Command.manageConsents]: (context) => manageConsents(context),
  [Command.connectAgent]: async ({ connecting }) => {
    if (await connectAgent(connecting)) await vscode.commands.executeCommand(`${View.agents}.focus`);
  },
  [Command.addAgent]: (context) => addAgent({ ...context, copy: (text) => vscode.env.clipboard.writeText(text) }),
  [Command.reviewProposal]: (context) => reviewProposal(context),
  [Command.revokeAgent]: (context, item) => revokeAgent(context, item),
  [Command.openFullResult]: ({ results }) => results.pick(),
  [Command.showTokens]: ({ inspector }) => inspector.show('tokens'),
  [Command.runDoctor]: ({ doctor }) => runDoctor(doctor),
  [Command.forgetLearned]: async ({ host, dialogs }) => {
    await (await host.start()).forgetLearned();
    dialogs.inform('Forgot what agents called before. From now on searches are ordered by their words and the workspace alone; gateway.learn in a servers file switches learning off.');
  },
  [Command.copyEndpoint]: async ({ endpoint, dialogs }) => {
    const { url } = await endpoint.listen();
    await vscode.env.clipboard.writeText(url);
    dialogs.inform(`Copied ${url}. Its access token is secret, new at each start of the window, and was not copied.`);
  },
  [Command.switchProfile]: (context) => switchProfile(context, (command) => vscode.commands.executeCommand(command)),
  [Command.restartGateway]: ({ host }) => host.restart(),
  [Command.filterUpstreams]: async (context) => {
    await vscode.commands.executeCommand(`${View.upstreams}.focus`);
    await filterUpstreams(context);
  },
  [Command.clearUpstreamFilter]: ({ upstreams }) => upstreams.setFilter(''),
  [Command.moveUpstreamUp]: (context, item) => arrange(context, item, -1),
  [Command.moveUpstreamDown]: (context, item) => arrange(context, item, 1),
  [Command.sortUpstreams]: ({ upstreams }) => upstreams.sortByName(),
};

/**
 * Runs a command on what VS Code passed: the item it was run on, and everything selected beside it.
 * @throws whatever kept it from being done
 */
export async function runCommand(context: CommandContext, id: CommandId, item: unknown, selection: unknown): Promise<void> {
  await HANDLERS[id](context, item, selection);
}

/**
 * What approve, approve all and block are about: what was passed; else the review document in front, of which the
 * person picks; else nothing, and they are asked.
 */
function subjects(documents: ReviewDocuments, item: unknown, selection: unknown): { targets: readonly Target[]; reach: Reach } {
  const uri = item instanceof vscode.Uri ? item : item === undefined ? vscode.window.activeTextEditor?.document.uri : undefined;
  return uri?.scheme === Scheme.review
    ? { targets: documents.targets(uri), reach: 'picked' }
    : { targets: readTargets(item, selection), reach: 'selected' };
}

async function atRemote(context: CommandContext, item: unknown, title: string, act: (gateway: GatewayApi, server: ServerName, asking: SignInContext) => Promise<void>): Promise<void> {
  const upstream = await chooseUpstream(context, item, title, ({ config }) => config.enabled && config.transport.type !== 'stdio');
  if (upstream !== undefined) await act(await context.host.start(), upstream.name, context);
}

async function setEnabled(context: CommandContext, item: unknown, enabled: boolean): Promise<void> {
  const title = `Switch which server ${enabled ? 'on' : 'off'}?`;
  const upstream = await chooseUpstream(context, item, title, ({ config }) => config.enabled !== enabled);
  if (upstream !== undefined) await context.files.setEnabled(upstream, enabled);
}

/** Writes or takes back the rule that accepts clean description-only changes of a server. */
async function acceptDescriptions(context: CommandContext, item: unknown): Promise<void> {
  const upstream = await chooseUpstream(context, item, 'Changes of descriptions of which server?', ({ launch }) => launch.approved);
  if (upstream === undefined) return;
  const gateway = await context.host.start();
  const label = oneLine(upstream.name, 60);
  const accepts = !upstream.acceptsDescriptions;
  const confirmed = await context.dialogs.confirm({
    message: accepts ? `Accept changed descriptions of “${label}” without asking?` : `Review every change of “${label}” again?`,
    detail: accepts
      ? 'Only changes of a description and nothing else, and only where the scanner finds nothing in them. Schemas, annotations and everything else wait for you as before. The rule ends when the launch of the server changes.'
      : 'Changes of descriptions alone then wait for you as every other change does.',
    yes: accepts ? 'Accept Without Asking' : 'Review Every Change',
    needsDocument: false,
  });
  if (confirmed) await gateway.setAcceptsDescriptions(upstream.name, accepts);
}

/** Opens what of a server waits for approval to a look by agents, or closes it. */
async function agentInspection(context: CommandContext, item: unknown): Promise<void> {
  const upstream = await chooseUpstream(context, item, 'Agent inspection of which server?', () => true);
  if (upstream === undefined) return;
  const gateway = await context.host.start();
  const label = oneLine(upstream.name, 60);
  const opens = !upstream.inspectable;
  const confirmed = await context.dialogs.confirm({
    message: opens ? `Let agents read what of “${label}” waits for approval?` : `Hide what of “${label}” waits for approval from agents again?`,
    detail: opens
      ? 'Agents get the tool quarantine_security and read these definitions escaped and marked as untrusted data. Text in them may still mislead a model: switch it off when you have your answer. Agents can decide nothing. It ends when the launch of the server changes.'
      : 'Agents then see nothing of it until you decide.',
    yes: opens ? 'Let Agents Inspect' : 'Hide It Again',
    needsDocument: false,
  });
  if (confirmed) await gateway.setInspectable(upstream.name, opens);
}

async function showLogs(context: CommandContext, item: unknown): Promise<void> {
  const target = readTarget(item);
  const { host, dialogs, logs, ownLog } = context;
  const { upstreams } = host.snapshot();
  const server =
    target?.server ??
    (upstreams.length === 0
      ? ''
      : await dialogs.pick('Show which log?', [
          { label: 'Vestibule itself', value: '' },
          ...upstreams.map(({ name }) => ({ label: oneLine(name, 60), value: name })),
        ]));
  if (server === '') ownLog.show();
  else if (server !== undefined && findUpstream(upstreams, server) !== undefined) logs.show(server);
}

async function showChanges({ host, dialogs, documents }: CommandContext, item: unknown): Promise<void> {
  const target = readTarget(item);
  const changed = (await host.start())
    .snapshot()
    .upstreams.flatMap((upstream) => definitionsOf(upstream))
    .filter(({ status, approvedRaw }) => status === 'changed' && approvedRaw !== undefined)
    .map(({ ref }) => ref)
    .filter(({ server, kind, name }) => target === undefined || (server === target.server && name === (target.definition?.name ?? name) && kind === (target.definition?.kind ?? kind)));
  const chosen =
    changed.length <= 1
      ? changed[0]
      : await dialogs.pick(
          'Show the changes of which definition?',
          changed.map((value) => ({ label: value.name === '' ? value.kind : oneLine(value.name, 80), description: oneLine(value.server, 60), value })),
        );
  if (changed.length === 0) dialogs.inform('No approved definition has changed here.');
  if (chosen !== undefined) await documents.showChanges(chosen);
}

/** The server a command was run on, or one that a person picks of those it makes sense for. */
async function chooseUpstream(
  { host, dialogs }: CommandContext,
  item: unknown,
  title: string,
  fits: (upstream: UpstreamSnapshot) => boolean,
): Promise<UpstreamSnapshot | undefined> {
  const { upstreams } = (await host.start()).snapshot();
  const target = readTarget(item);
  if (target === undefined) {
    const choices = upstreams.filter(fits);
    if (choices.length === 0) dialogs.inform('There is no server for this.');
    return choices.length === 0 ? undefined : dialogs.pick(title, choices.map((value) => ({ label: oneLine(value.name, 60), value })));
  }
  const upstream = findUpstream(upstreams, target.server);
  if (upstream === undefined) {
    dialogs.fail({ message: `There is no server named “${oneLine(target.server, 60)}”.`, action: 'Choose one in the Upstreams view.' });
  }
  return upstream;
}
