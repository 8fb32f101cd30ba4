import type { GatewaySnapshot } from '../proxy/api.ts';
import { nameProblem } from '../proxy/agents/agent-rules.ts';
import type { Tier } from '../proxy/model.ts';
import type { Choice, Dialogs } from './dialogs.ts';
import type { EditorEndpoint } from './editor-endpoint.ts';
import type { GatewayHost } from './gateway-host.ts';
import { agentSummary, grantLines } from './present/agents.ts';
import { oneLine } from './text.ts';

interface AgentsContext {
  readonly host: GatewayHost;
  readonly endpoint: Pick<EditorEndpoint, 'listen'>;
  readonly dialogs: Dialogs;
  /** Puts a text on the clipboard. */
  readonly copy: (text: string) => PromiseLike<void>;
}

const TIERS: readonly Choice<Tier>[] = [
  { label: 'Tools that only read', detail: 'By their approved definitions; a tool that does not say counts as one that may destroy.', value: 'read' },
  { label: 'Tools that read or write', detail: 'Nothing that may destroy, and nothing that does not say.', value: 'write' },
  { label: 'Every approved tool', detail: 'Also what may destroy.', value: 'destructive' },
];

/** Gives another agent a token of its own, and copies what its configuration needs: the only time the token is seen. */
export async function addAgent({ host, endpoint, dialogs, copy }: AgentsContext): Promise<void> {
  const gateway = await host.start();
  const { agents, upstreams } = gateway.snapshot();
  const taken = new Set(agents.map((agent) => agent.name.toLowerCase()));
  const name = await dialogs.prompt({
    title: 'Give an agent a token',
    prompt: 'A name for the agent: calls are recorded under it.',
    placeholder: 'claude-code',
    check: (text) => (taken.has(text.toLowerCase()) ? 'There is an agent of this name already.' : nameSentence(text)),
  });
  if (name === undefined) return;
  const grant = await askGrant(dialogs, upstreams);
  if (grant === undefined) return;
  // Listening first: a token without an address would be shown for nothing.
  const { url } = await endpoint.listen();
  const { token } = await gateway.addAgent({ name, grant });
  await copy(JSON.stringify({ type: 'http', url, headers: { Authorization: `Bearer ${token}` } }, undefined, 2));
  dialogs.inform(`Copied the address and the token of “${name}” as an entry for its configuration. The token is not shown again.`);
}

/** Asks what an agent may use; undefined when the person changes their mind. */
export async function askGrant(dialogs: Dialogs, upstreams: GatewaySnapshot['upstreams']): Promise<{ readonly tier: Tier; readonly servers: readonly string[] | 'all' } | undefined> {
  const tier = await dialogs.pick('What may it use?', TIERS);
  if (tier === undefined) return undefined;
  const servers = upstreams.length < 2 ? 'all' : await pickServers(upstreams, dialogs);
  return servers && { tier, servers };
}

/** Takes a token back, after asking: the agent of the row, or one that the person picks. */
export async function revokeAgent({ host, dialogs }: Pick<AgentsContext, 'host' | 'dialogs'>, item: unknown): Promise<void> {
  const gateway = await host.start();
  const { agents } = gateway.snapshot();
  if (agents.length === 0) return dialogs.inform('No agent has a token of its own.');
  const asked = agentOf(item);
  const choices = agents.map((agent) => ({ label: agent.name, description: agentSummary(agent), value: agent.name }));
  const name = asked ?? (await dialogs.pick('Revoke the token of which agent?', choices));
  const agent = agents.find((one) => one.name === name);
  if (agent === undefined) return;
  const confirmed = await dialogs.confirm({
    message: `Revoke the token of “${agent.name}”?`,
    detail: [...grantLines(agent), 'Its next request is refused, its sessions end, and what you allowed it is forgotten. This cannot be undone; it can be given a new token.'].join('\n'),
    yes: 'Revoke',
    needsDocument: false,
  });
  if (confirmed) await gateway.revokeAgent(agent.name);
}

async function pickServers(upstreams: GatewaySnapshot['upstreams'], dialogs: Dialogs): Promise<readonly string[] | 'all' | undefined> {
  const chosen = await dialogs.pickMany(
    'Which servers? All of them stands for those added later, too',
    upstreams.map(({ name }) => ({ label: oneLine(name, 60), value: name, picked: true })),
  );
  if (chosen === undefined || chosen.length === 0) return undefined;
  // Names are globs here: characters that mean more, or look as if they did, stand for any one.
  return chosen.length === upstreams.length ? 'all' : chosen.map((name) => name.replace(/[[\]{}!^$|+*]/g, '?'));
}

function nameSentence(text: string): string | undefined {
  const problem = nameProblem(text);
  return problem === undefined ? undefined : `This name will not do: ${problem}.`;
}

/** The agent a command was run on: a tree item, or another extension's `{agent}`. A claim to look up, never an authority. */
function agentOf(item: unknown): string | undefined {
  const agent = typeof item === 'object' && item !== null && 'agent' in item ? item.agent : undefined;
  return typeof agent === 'string' ? agent : undefined;
}
