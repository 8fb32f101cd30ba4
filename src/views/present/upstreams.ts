import { visible } from '../../proxy/json/visible.ts';
import type { ToolSnapshot, UpstreamSnapshot } from '../../proxy/api.ts';
import type { HeldDefinition } from '../../proxy/catalog/types.ts';
import type { ConfigProblem } from '../../proxy/config/types.ts';
import type { Diagnosis } from '../../proxy/diagnosis/types.ts';
import type { PauseSnapshot } from '../../proxy/pause/types.ts';
import { permitted } from '../../proxy/quarantine/gate.ts';
import { Command, ItemWord } from '../ids.ts';
import { t } from '../l10n.ts';
import type { LastError } from '../last-errors.ts';
import { oneLine } from '../text.ts';
import { awaitingOf, compare } from './awaiting.ts';
import { diagnosisRows } from './diagnoses.ts';
import { launchFacts, launchLine } from './launch.ts';
import { statusLook, tierText, upstreamLook } from './labels.ts';
import { flowLines } from './flow.ts';
import { offeredRows } from './offered.ts';
import { PAUSED_ICON, pauseOf } from './pause.ts';
import { ordered } from './server-order.ts';
import type { TreeFilter } from './tree-filter.ts';
import { bounded, LEAF, type Click, type TreeNode } from './tree-node.ts';
import type { ViewState } from './view-state.ts';

/** Rows of the Upstreams view: problems of the files first, then servers as a person ordered and filtered them. */
export function upstreamRows({ snapshot, trusted, order = [], filter, lastErrors }: ViewState): readonly TreeNode[] {
  const { problems, upstreams } = snapshot;
  const known = new Set(upstreams.map(({ name }) => name));
  const loose = problems.filter(({ server }) => server === undefined || !known.has(server));
  const about = { problems: byServer(problems), diagnoses: byServer(snapshot.diagnoses), pause: snapshot.pause, trusted, lastErrors };
  const rows = ordered(upstreams, order).flatMap((upstream) => {
    const tools = narrowed(upstream, filter);
    return tools === undefined ? [] : [serverRow(upstream, tools, about, filter !== undefined && tools.length > 0 && !filter.server(upstream))];
  });
  return [...(filter === undefined ? loose : []).map((problem, index) => problemRow('files', problem, index)), ...bounded('upstreams', rows, t('filter servers and tools to see them'))];
}

/** What rows of servers are made from besides the server. */
interface About {
  readonly problems: ReadonlyMap<string, readonly ConfigProblem[]>;
  readonly diagnoses: ReadonlyMap<string, readonly Diagnosis[]>;
  readonly pause: PauseSnapshot;
  readonly trusted: boolean;
  readonly lastErrors: ViewState['lastErrors'];
}

function byServer<T extends { readonly server?: string | undefined }>(items: readonly T[]): ReadonlyMap<string, readonly T[]> {
  const found = new Map<string, T[]>();
  for (const item of items) {
    if (item.server === undefined) continue;
    const list = found.get(item.server);
    if (list === undefined) found.set(item.server, [item]);
    else list.push(item);
  }
  return found;
}

/** The tools of a server that are shown; undefined when all of the server is filtered out. */
function narrowed(upstream: UpstreamSnapshot, filter: TreeFilter | undefined): readonly ToolSnapshot[] | undefined {
  if (filter === undefined || filter.server(upstream)) return upstream.tools;
  const tools = upstream.tools.filter((tool) => filter.tool(upstream, tool));
  return tools.length === 0 ? undefined : tools;
}

/** @param found whether it is shown only for the tools that a filter found: then it is nothing but them, unfolded */
function serverRow(upstream: UpstreamSnapshot, tools: readonly ToolSnapshot[], about: About, found: boolean): TreeNode {
  const { name, config, state, held } = upstream;
  const { pause, trusted } = about;
  // Rows that a filter unfolds are others than those a person folded.
  const id = found ? `found/${name}` : `upstream/${name}`;
  const label = oneLine(name, 60);
  const { paused, itself } = pauseOf(pause, name);
  const usual = upstreamLook(upstream, trusted);
  const look = paused && config.enabled ? { text: t('paused · {0}', usual.text), icon: PAUSED_ICON } : usual;
  const problems = about.problems.get(name) ?? [];
  const diagnoses = diagnosisRows(id, name, about.diagnoses.get(name) ?? []);
  const parts = problems.length + tools.length + held.length + diagnoses.length + (upstream.definitions?.length ?? 0) + (upstream.instructions === undefined ? 0 : 1) + (state.kind === 'sign-in-needed' ? 1 : 0);
  const reviewable = awaitingOf(upstream, trusted) !== undefined;
  const account = upstream.account === undefined ? [] : [oneLine(upstream.account, 40)];
  return {
    id,
    label,
    description: [look.text, ...account, ...(config.origin === 'workspace' ? [t('workspace')] : [])].join(' · '),
    icon: look.icon,
    words: [ItemWord.upstream, ...(config.transport.type === 'stdio' ? [] : [ItemWord.remote]), config.enabled ? ItemWord.enabled : ItemWord.disabled, ...(reviewable ? [ItemWord.reviewable] : []), ...(itself ? [ItemWord.paused] : [])],
    spoken: [t('Server {0}, {1}', label, look.text), ...account, ...(config.origin === 'workspace' ? [t('from the workspace')] : [])].join(', '),
    fold: found ? 'expanded' : parts === 0 ? 'leaf' : 'collapsed',
    children: () => (found ? toolRows(id, upstream, tools, pause) : serverChildren(id, upstream, problems, diagnoses, pause)),
    tooltip: () => serverTooltip(upstream, look.text, about.lastErrors?.get(name)),
    target: { server: name },
    check: { on: config.enabled, hint: config.enabled ? t('Enabled: clear to switch {0} off', label) : t('Off: tick to switch {0} on', label) },
    ...serverClick(upstream, trusted, parts),
  };
}

/** A click leads to the next step where there is one; otherwise it just selects and unfolds. */
function serverClick(upstream: UpstreamSnapshot, trusted: boolean, parts: number): { click?: Click } {
  const { config, launch, state } = upstream;
  if (!config.enabled) return {};
  if (!trusted && config.origin === 'workspace') {
    return { click: { command: 'workbench.trust.manage', title: t('Manage Workspace Trust') } };
  }
  if (!launch.approved) return { click: { command: Command.reviewQuarantine, title: t('Review') } };
  if (state.kind === 'sign-in-needed') return { click: { command: Command.signIn, title: t('Sign In') } };
  if (state.kind === 'needs-input') return { click: { command: Command.restartUpstream, title: t('Enter the Value') } };
  if (state.kind === 'failed' && parts === 0) return { click: { command: Command.showLogs, title: t('Show Log') } };
  return {};
}

function serverChildren(id: string, upstream: UpstreamSnapshot, problems: readonly ConfigProblem[], diagnoses: readonly TreeNode[], pause: PauseSnapshot): readonly TreeNode[] {
  return [
    ...diagnoses,
    ...(upstream.state.kind === 'sign-in-needed' ? [credentialsRow(id, upstream)] : []),
    ...problems.map((problem, index) => problemRow(id, problem, index)),
    ...toolRows(id, upstream, upstream.tools, pause),
    ...bounded(`${id}/held`, upstream.held.map((held) => heldRow(id, held)), t('see the log')),
    ...offeredRows(id, upstream),
  ];
}

function toolRows(id: string, { name, config }: UpstreamSnapshot, tools: readonly ToolSnapshot[], pause: PauseSnapshot): readonly TreeNode[] {
  const sorted = [...tools].sort((a, b) => compare(a.name, b.name));
  return bounded(id, sorted.map((tool) => toolRow(id, name, tool, permitted(config.tools, tool.name), pause)), t('filter servers and tools to see them'));
}

function credentialsRow(id: string, { config }: UpstreamSnapshot): TreeNode {
  const label = t('Give it an Authorization header');
  return {
    ...LEAF,
    id: `${id}/credentials`,
    label,
    icon: { id: 'lightbulb' },
    words: [],
    spoken: t('What to do: {0}', label),
    tooltip: () => t('The server refused to answer without credentials. Sign in, or add {0} to its entry.', '"headers": { "Authorization": "Bearer ${input:token}" }'),
    click: { open: config.at, title: t('Open the Servers File') },
  };
}

function problemRow(id: string, problem: ConfigProblem, index: number): TreeNode {
  const { at, severity } = problem;
  const label = oneLine(problem.message);
  return {
    ...LEAF,
    id: `${id}/problem/${index}`,
    label,
    description: oneLine(problem.fix),
    icon:
      severity === 'error'
        ? { id: 'error', color: 'list.errorForeground' }
        : { id: 'warning', color: 'list.warningForeground' },
    words: [],
    spoken: severity === 'error' ? t('Error: {0}. {1}', label, oneLine(problem.fix)) : t('Warning: {0}. {1}', label, oneLine(problem.fix)),
    tooltip: () => `${visible(problem.message)}\n${visible(problem.fix)}`,
    ...(at === undefined ? {} : { click: { open: at, title: t('Open the File') } }),
  };
}

function toolRow(id: string, server: string, tool: ToolSnapshot, allowed: boolean, pause: PauseSnapshot): TreeNode {
  const { paused, itself } = pauseOf(pause, server, tool.name);
  const usual = statusLook(tool.status);
  const look = paused ? { text: t('paused · {0}', usual.text), icon: PAUSED_ICON } : allowed ? usual : { text: t('off · {0}', usual.text), icon: { id: 'circle-slash' } };
  const label = oneLine(tool.name, 80);
  const description = `${look.text} · ${tierText(tool.tier)}`;
  return {
    ...LEAF,
    id: `${id}/tool/${tool.name}`,
    label,
    description,
    icon: look.icon,
    words: [...toolWords(tool.status), ...(itself ? [ItemWord.paused] : [])],
    spoken: t('Tool {0}, {1}, {2}', label, look.text, tierText(tool.tier)),
    tooltip: () => toolTooltip(tool, description),
    target: { server, definition: { kind: 'tool', name: tool.name, digest: tool.digest } },
    click: { command: Command.reviewQuarantine, title: t('Show the Definition') },
    // What waits for a decision is not served, whatever the servers file says: nothing to tick yet.
    ...(tool.status === 'approved' && { check: { on: allowed, hint: allowed ? t('Offered to agents: clear to keep {0} from them', label) : t('Kept from agents: tick to offer {0} to them', label) } }),
  };
}

/** The context words of a tool at this status. */
export function toolWords(status: ToolSnapshot['status']): readonly string[] {
  if (status === 'approved') return [ItemWord.tool, ItemWord.approved];
  if (status === 'blocked') return [ItemWord.tool, ItemWord.blocked];
  return status === 'changed' ? [ItemWord.tool, ItemWord.awaiting, ItemWord.changed] : [ItemWord.tool, ItemWord.awaiting];
}

/** A definition that cannot be served, and what its author can do. */
export function heldRow(id: string, held: HeldDefinition): TreeNode {
  const label = held.name === undefined ? t('definition {0}', held.index + 1) : oneLine(held.name, 80);
  const problem = oneLine(held.problem);
  return {
    ...LEAF,
    id: `${id}/held/${held.index}`,
    label,
    description: problem,
    icon: { id: 'warning', color: 'list.warningForeground' },
    words: [],
    spoken: t('Unusable tool {0}: {1}', label, problem),
    tooltip: () => `${visible(held.problem)}\n${visible(held.fix)}`,
  };
}

/** What a tool's row says on hover; the first part of the description only, the review document has all of it. */
export function toolTooltip(tool: Pick<ToolSnapshot, 'name' | 'description' | 'digest'>, summary: string): string {
  return [visible(tool.name), summary, oneLine(tool.description, 600), tool.digest].join('\n');
}

function serverTooltip(upstream: UpstreamSnapshot, state: string, lastError: LastError | undefined): string {
  const { name, launch, config, account } = upstream;
  const file = visible(config.file);
  return [
    `${visible(name)}: ${state}`,
    launchLine(launch),
    ...launchFacts(launch).map(([label, value]) => `${label}: ${value}`),
    ...(account === undefined ? [] : [t('Account: {0}', visible(account))]),
    ...flowLines(upstream),
    ...(lastError === undefined ? [] : [t('Last error, at {0}: {1}', new Date(lastError.at).toLocaleTimeString(), oneLine(lastError.message, 300))]),
    config.origin === 'workspace' ? t('From the workspace file {0}', file) : t('From your own file {0}', file),
  ].join('\n');
}
