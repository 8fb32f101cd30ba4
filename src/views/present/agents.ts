import type { SessionSnapshot } from '../../proxy/api.ts';
import { oneLine } from '../text.ts';
import { bounded, LEAF, type TreeNode } from './tree-node.ts';
import type { ViewState } from './view-state.ts';

/** Rows of the Agents view: this editor's own agents, always there, and the sessions that are open now. */
export function agentRows({ snapshot }: ViewState): readonly TreeNode[] {
  const { sessions } = snapshot;
  return [editorRow(sessions.some(({ kind }) => kind === 'editor'), snapshot.endpoint !== undefined), ...bounded('agents', sessions.map(sessionRow), 'close some agents to see them')];
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
