import { visible } from '../../proxy/json/visible.ts';
import type { GatewaySnapshot, ToolSnapshot, UpstreamSnapshot } from '../../proxy/api.ts';
import type { HeldDefinition } from '../../proxy/catalog/types.ts';
import type { ConfigProblem } from '../../proxy/config/types.ts';
import type { PauseSnapshot } from '../../proxy/pause/types.ts';
import { Command, ItemWord } from '../ids.ts';
import { oneLine } from '../text.ts';
import { awaitingOf, compare } from './awaiting.ts';
import { diagnosisRows } from './diagnoses.ts';
import { launchFacts, launchLine } from './launch.ts';
import { statusLook, tierText, upstreamLook } from './labels.ts';
import { PAUSED_ICON, pauseOf } from './pause.ts';
import { bounded, LEAF, type Click, type TreeNode } from './tree-node.ts';
import type { ViewState } from './view-state.ts';

/** Rows of the Upstreams view: problems of the files first, then servers by name. */
export function upstreamRows({ snapshot, trusted }: ViewState): readonly TreeNode[] {
  const { problems, upstreams } = snapshot;
  const known = new Set(upstreams.map(({ name }) => name));
  const loose = problems.filter(({ server }) => server === undefined || !known.has(server));
  const servers = [...upstreams].sort((a, b) => compare(a.name, b.name));
  return [
    ...loose.map((problem, index) => problemRow('files', problem, index)),
    ...bounded(
      'upstreams',
      servers.map((upstream) => serverRow(upstream, problems.filter(({ server }) => server === upstream.name), trusted, snapshot)),
      'open the servers file to see them all',
    ),
  ];
}

function serverRow(upstream: UpstreamSnapshot, problems: readonly ConfigProblem[], trusted: boolean, { diagnoses, pause }: Pick<GatewaySnapshot, 'diagnoses' | 'pause'>): TreeNode {
  const { name, config, state, tools, held } = upstream;
  const id = `upstream/${name}`;
  const label = oneLine(name, 60);
  const { paused, itself } = pauseOf(pause, name);
  const usual = upstreamLook(upstream, trusted);
  const look = paused && config.enabled ? { text: `paused · ${usual.text}`, icon: PAUSED_ICON } : usual;
  const parts = problems.length + tools.length + held.length + diagnosisRows(id, name, diagnoses).length + (state.kind === 'sign-in-needed' ? 1 : 0);
  const reviewable = awaitingOf(upstream, trusted) !== undefined;
  return {
    id,
    label,
    description: config.origin === 'workspace' ? `${look.text} · workspace` : look.text,
    icon: look.icon,
    words: [ItemWord.upstream, ...(config.transport.type === 'stdio' ? [] : [ItemWord.remote]), config.enabled ? ItemWord.enabled : ItemWord.disabled, ...(reviewable ? [ItemWord.reviewable] : []), ...(itself ? [ItemWord.paused] : [])],
    spoken: `Server ${label}, ${look.text}${config.origin === 'workspace' ? ', from the workspace' : ''}`,
    fold: parts === 0 ? 'leaf' : 'collapsed',
    children: () => serverChildren(id, upstream, problems, { diagnoses, pause }),
    tooltip: () => serverTooltip(upstream, look.text),
    target: { server: name },
    ...serverClick(upstream, trusted, parts),
  };
}

/** A click leads to the next step where there is one; otherwise it just selects and unfolds. */
function serverClick(upstream: UpstreamSnapshot, trusted: boolean, parts: number): { click?: Click } {
  const { config, launch, state } = upstream;
  if (!config.enabled) return {};
  if (!trusted && config.origin === 'workspace') {
    return { click: { command: 'workbench.trust.manage', title: 'Manage Workspace Trust' } };
  }
  if (!launch.approved) return { click: { command: Command.reviewQuarantine, title: 'Review' } };
  if (state.kind === 'sign-in-needed') return { click: { command: Command.signIn, title: 'Sign In' } };
  if (state.kind === 'needs-input') return { click: { command: Command.restartUpstream, title: 'Enter the Value' } };
  if (state.kind === 'failed' && parts === 0) return { click: { command: Command.showLogs, title: 'Show Log' } };
  return {};
}

function serverChildren(id: string, upstream: UpstreamSnapshot, problems: readonly ConfigProblem[], { diagnoses, pause }: Pick<GatewaySnapshot, 'diagnoses' | 'pause'>): readonly TreeNode[] {
  const { state, name } = upstream;
  const tools = [...upstream.tools].sort((a, b) => compare(a.name, b.name));
  return [
    ...diagnosisRows(id, name, diagnoses),
    ...(state.kind === 'sign-in-needed' ? [credentialsRow(id, upstream)] : []),
    ...problems.map((problem, index) => problemRow(id, problem, index)),
    ...bounded(id, tools.map((tool) => toolRow(id, name, tool, pause)), 'search tools to find them'),
    ...bounded(`${id}/held`, upstream.held.map((held) => heldRow(id, held)), 'see the log'),
  ];
}

function credentialsRow(id: string, { config }: UpstreamSnapshot): TreeNode {
  const label = 'Give it an Authorization header';
  return {
    ...LEAF,
    id: `${id}/credentials`,
    label,
    icon: { id: 'lightbulb' },
    words: [],
    spoken: `What to do: ${label}`,
    tooltip: () => 'The server refused to answer without credentials. Add "headers": { "Authorization": "Bearer ${input:token}" } to its entry.',
    click: { open: config.at, title: 'Open the Servers File' },
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
    spoken: `${severity}: ${label}. ${oneLine(problem.fix)}`,
    tooltip: () => `${visible(problem.message)}\n${visible(problem.fix)}`,
    ...(at === undefined ? {} : { click: { open: at, title: 'Open the File' } }),
  };
}

function toolRow(id: string, server: string, tool: ToolSnapshot, pause: PauseSnapshot): TreeNode {
  const { paused, itself } = pauseOf(pause, server, tool.name);
  const usual = statusLook(tool.status);
  const look = paused ? { text: `paused · ${usual.text}`, icon: PAUSED_ICON } : usual;
  const label = oneLine(tool.name, 80);
  const description = `${look.text} · ${tierText(tool.tier)}`;
  return {
    ...LEAF,
    id: `${id}/tool/${tool.name}`,
    label,
    description,
    icon: look.icon,
    words: [...toolWords(tool.status), ...(itself ? [ItemWord.paused] : [])],
    spoken: `Tool ${label}, ${look.text}, ${tierText(tool.tier)}`,
    tooltip: () => toolTooltip(tool, description),
    target: { server, definition: { kind: 'tool', name: tool.name, digest: tool.digest } },
    click: { command: Command.reviewQuarantine, title: 'Show the Definition' },
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
  const label = held.name === undefined ? `definition ${held.index + 1}` : oneLine(held.name, 80);
  const problem = oneLine(held.problem);
  return {
    ...LEAF,
    id: `${id}/held/${held.index}`,
    label,
    description: problem,
    icon: { id: 'warning', color: 'list.warningForeground' },
    words: [],
    spoken: `Unusable tool ${label}: ${problem}`,
    tooltip: () => `${visible(held.problem)}\n${visible(held.fix)}`,
  };
}

/** What a tool's row says on hover; the first part of the description only, the review document has all of it. */
export function toolTooltip(tool: Pick<ToolSnapshot, 'name' | 'description' | 'digest'>, summary: string): string {
  return [visible(tool.name), summary, oneLine(tool.description, 600), tool.digest].join('\n');
}

function serverTooltip({ name, launch, config }: UpstreamSnapshot, state: string): string {
  return [
    `${visible(name)}: ${state}`,
    launchLine(launch),
    ...launchFacts(launch).map(([label, value]) => `${label}: ${value}`),
    `From ${config.origin === 'workspace' ? 'the workspace file' : 'your own file'} ${visible(config.file)}`,
  ].join('\n');
}
