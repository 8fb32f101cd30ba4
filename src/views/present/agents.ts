import type { AgentSnapshot } from '../../proxy/agents/types.ts';
import type { SessionSnapshot } from '../../proxy/api.ts';
import { ItemWord } from '../ids.ts';
import { oneLine, plural } from '../text.ts';
import { tierText } from './labels.ts';
import { bounded, LEAF, type TreeNode } from './tree-node.ts';
import type { ViewState } from './view-state.ts';

/**
 * Rows of the Agents view: this editor's own agents, always there; agents with a token of their own, each with its
 * open sessions; and every other open session.
 */
export function agentRows({ snapshot }: ViewState): readonly TreeNode[] {
  const { sessions, agents } = snapshot;
  const owned = new Map(agents.map(({ name }) => [name, [] as SessionSnapshot[]]));
  const others = sessions.filter((session) => (session.kind === 'agent' ? owned.get(session.agent) : undefined)?.push(session) === undefined);
  return [
    editorRow(sessions.some(({ kind }) => kind === 'editor'), snapshot.endpoint !== undefined),
    ...agents.map((agent) => agentRow(agent, owned.get(agent.name) ?? [])),
    ...bounded('agents', others.map(sessionRow), 'close some agents to see them'),
  ];
}

/** What stands above the rows while no other agent can use the endpoint; undefined once one can. */
export function agentsMessage({ snapshot }: ViewState): string | undefined {
  return snapshot.agents.length > 0 ? undefined : 'Only agents of this editor can connect. “Vestibule: Connect Agent…” writes Vestibule into the settings of another agent, with a token of its own; “Vestibule: Add Agent…” gives a token for an agent that is not listed there.';
}

/** What an agent may use, and how it was used, in a few words. */
export function agentSummary(agent: AgentSnapshot): string {
  const { grant, profile, expired, callsToday } = agent;
  const reach = grant.tier === 'destructive' ? 'every approved tool' : tierText(grant.tier);
  const narrowed = grant.servers !== 'all' || grant.tools !== 'all' || profile !== undefined;
  return [
    ...(expired ? ['expired'] : []),
    narrowed ? `${reach}, narrowed` : reach,
    `${plural(callsToday, 'call')} today`,
    lastSeen(agent),
  ].join(' · ');
}

/** When an agent was last here. */
export function lastSeen({ lastSeenAt }: Pick<AgentSnapshot, 'lastSeenAt'>): string {
  return lastSeenAt === undefined ? 'never seen' : `seen ${new Date(lastSeenAt).toLocaleString()}`;
}

/** All there is to say of what an agent may use, line by line. */
export function grantLines({ grant, profile, perMinute, createdAt, expiresAt }: AgentSnapshot): readonly string[] {
  const listed = (globs: readonly string[] | 'all'): string => (globs === 'all' ? 'all' : globs.map((glob) => oneLine(glob, 60)).join(', '));
  return [
    `Servers: ${listed(grant.servers)}`,
    `Tools: ${listed(grant.tools)}`,
    `Up to: ${tierText(grant.tier)}`,
    ...(profile === undefined ? [] : [`Profile: ${profile}`]),
    ...(perMinute === undefined ? [] : [`At most ${plural(perMinute, 'call')} a minute`]),
    `Since ${new Date(createdAt).toLocaleString()}`,
    expiresAt === undefined ? 'Does not expire' : `Expires ${new Date(expiresAt).toLocaleString()}`,
  ];
}

function agentRow(agent: AgentSnapshot, sessions: readonly SessionSnapshot[]): TreeNode {
  const summary = agentSummary(agent);
  const id = `agent/own/${agent.name}`;
  return {
    id,
    label: agent.name,
    description: summary,
    icon: agent.expired ? { id: 'key', color: 'list.warningForeground' } : { id: 'key' },
    words: [ItemWord.agent],
    spoken: `Agent ${agent.name}, ${summary}`,
    fold: sessions.length === 0 ? 'leaf' : 'expanded',
    children: () => bounded(id, sessions.map(sessionRow), 'close some sessions to see them'),
    tooltip: () => [agent.name, ...grantLines(agent), summary].join('\n'),
    agent: agent.name,
  };
}

function editorRow(active: boolean, listening: boolean): TreeNode {
  const summary = active ? 'connected' : listening ? 'ready, not connected' : 'connects on first use';
  return {
    ...LEAF,
    id: 'agent/editor',
    label: 'Agents of this editor',
    description: summary,
    icon: { id: 'copilot' },
    words: [],
    spoken: `Agents of this editor, ${summary}`,
    tooltip: () => 'Chat in this editor finds Vestibule by itself: ask in agent mode and it starts.',
  };
}

function sessionRow(session: SessionSnapshot): TreeNode {
  const client = oneLine(session.client, 60);
  const agent = oneLine(session.agent, 60);
  const since = new Date(session.since).toLocaleTimeString();
  return {
    ...LEAF,
    id: `session/${session.id}`,
    label: client,
    description: `${agent} · since ${since}`,
    icon: { id: 'broadcast' },
    words: [],
    spoken: `Session of ${client} as ${agent}, since ${since}`,
    tooltip: () => `${client} as ${agent}\nMCP ${session.era === 'modern' ? '2026-07-28 or later' : 'with sessions'}\nsince ${new Date(session.since).toLocaleString()}`,
  };
}
