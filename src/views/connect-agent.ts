import type { AgentSnapshot } from '../proxy/agents/types.ts';
import type { GatewayApi } from '../proxy/api.ts';
import type { Machine } from '../proxy/clients/client-files.ts';
import { freeName } from '../proxy/config/suggest-name.ts';
import { Connector } from '../proxy/connect/connector.ts';
import { ENTRY_NAME, genericEntry, speaksHttp } from '../proxy/connect/entries.ts';
import type { Candidate, ConnectableId, ConnectPlan, Launcher, Undone, Way } from '../proxy/connect/types.ts';
import { visible } from '../proxy/json/visible.ts';
import { askGrant } from './agents.ts';
import type { Choice, Dialogs } from './dialogs.ts';
import type { EditorEndpoint } from './editor-endpoint.ts';
import { lastSeen } from './present/agents.ts';
import { problemOf } from './problem.ts';

/** Stands for an agent that is not listed. */
const GENERIC = 'generic';

/** What connecting works with. */
export interface ConnectContext {
  readonly gateway: () => Promise<GatewayApi>;
  readonly endpoint: Pick<EditorEndpoint, 'listen'>;
  readonly dialogs: Dialogs;
  readonly machine: Machine;
  readonly dataDir: string;
  /** Puts the stdio bridge in place and says how it is started. */
  readonly bridge: () => Promise<Launcher>;
  /** Puts a text on the clipboard. */
  readonly copy: (text: string) => PromiseLike<void>;
  /** Shows two texts side by side. */
  readonly compare: (title: string, before: string, after: string) => Promise<void>;
}

/**
 * Writes this gateway into the settings of another agent, with a token of that agent's own, after showing the change;
 * or takes a connection back. Resolves with true when something was written.
 */
export async function connectAgent(context: ConnectContext): Promise<boolean> {
  const { dialogs } = context;
  const gateway = await context.gateway();
  const connector = new Connector({
    dataDir: context.dataDir,
    machine: context.machine,
    agents: { add: (agent) => gateway.addAgent(agent), revoke: (name) => gateway.revokeAgent(name) },
    onProblem: (problem) => dialogs.fail(problem),
  });
  const { agents } = gateway.snapshot();
  const rows: readonly Choice<Candidate | typeof GENERIC>[] = [
    ...(await connector.candidates()).map((one) => ({ label: one.label, description: stateOf(one, agents), detail: one.path, value: one })),
    { label: 'Another agent…', detail: 'Copies an entry for its configuration, with a token of its own.', value: GENERIC },
  ];
  const candidate = await dialogs.pick<Candidate | typeof GENERIC>('Connect which agent?', rows);
  if (candidate === undefined) return false;
  if (candidate === GENERIC) return connectGeneric(context, gateway);
  if (candidate.connection !== undefined) {
    const again = await dialogs.pick(`${candidate.label} is connected`, [
      { label: 'Connect anew', detail: 'With another token; the one it has ends.', value: true },
      { label: 'Disconnect', detail: 'Takes our entry out of its file and revokes its token.', value: false },
    ]);
    if (again === undefined) return false;
    if (!again) {
      report(await connector.undo(candidate.client), dialogs);
      return true;
    }
  }
  return connect(context, gateway, connector, candidate);
}

async function connect(context: ConnectContext, gateway: GatewayApi, connector: Connector, candidate: Candidate): Promise<boolean> {
  const { dialogs, compare } = context;
  const { client, connection, label } = candidate;
  const { agents, upstreams } = gateway.snapshot();
  const grant = await askGrant(dialogs, upstreams);
  if (grant === undefined) return false;
  const kind = await wayFor(candidate, dialogs);
  if (kind === undefined) return false;
  const name = connection?.agent ?? freeName(client, (taken) => agents.some((agent) => agent.name.toLowerCase() === taken));
  const plan = await connector.plan({ client, agent: { name, grant }, way: await wayIn(context, kind) });
  await compare(`${label}: ${plan.path}`, plan.before ?? '', plan.preview);
  if (!(await dialogs.confirm(question(plan)))) return false;
  await connector.apply(plan);
  dialogs.inform(`Connected ${label}. Restart it, or let it reload its servers.`, { label: 'Undo', run: () => takeBack(connector, client, dialogs) });
  return true;
}

/** An agent that is not listed: its entry in the form most know, to be put where it belongs by hand. */
async function connectGeneric({ dialogs, endpoint, copy }: ConnectContext, gateway: GatewayApi): Promise<boolean> {
  const { agents, upstreams } = gateway.snapshot();
  const grant = await askGrant(dialogs, upstreams);
  if (grant === undefined) return false;
  const name = freeName('agent', (taken) => agents.some((agent) => agent.name.toLowerCase() === taken));
  const { url } = await endpoint.listen();
  const { token } = await gateway.addAgent({ name, grant });
  await copy(JSON.stringify({ [ENTRY_NAME]: genericEntry(url, token) }, undefined, 2));
  dialogs.inform(`Copied an entry with a token for “${name}”. Put it where that agent keeps its servers; the token is not shown again.`);
  return true;
}

/** By which way the agent comes in; undefined when the person changes their mind. */
function wayFor({ client, label, linked }: Candidate, dialogs: Dialogs): Promise<Way['kind'] | undefined> {
  // A linked file is often in a repository, no place for a token; the bridge's entry holds none.
  if (!speaksHttp(client) || linked) return Promise.resolve('bridge');
  return dialogs.pick<Way['kind']>(`How should ${label} come in?`, [
    { label: 'Over HTTP', detail: 'By the address of this workspace, which keeps its port.', value: 'http' },
    { label: 'Through the bridge', detail: 'A small program that finds the window of the folder the agent works in, whatever its port. Its entry holds no token.', value: 'bridge' },
  ]);
}

async function wayIn({ bridge, endpoint }: ConnectContext, kind: Way['kind']): Promise<Way> {
  // Listening first: the address is part of what is shown, and a bridge finds nobody who does not listen.
  const { url } = await endpoint.listen();
  return kind === 'http' ? { kind, url } : { kind, launcher: await bridge() };
}

async function takeBack(connector: Connector, client: ConnectableId, dialogs: Dialogs): Promise<void> {
  try {
    report(await connector.undo(client), dialogs);
  } catch (error) {
    dialogs.fail(problemOf(error));
  }
}

const OUTCOMES: Readonly<Record<Undone['outcome'], string>> = {
  restored: 'The file is exactly what it was before.',
  removed: 'Only our entry was taken out, for the file has changed since.',
  gone: 'There was nothing of ours in the file any more.',
};

function report({ connection, outcome }: Undone, dialogs: Dialogs): void {
  dialogs.inform(`Revoked the token of ${visible(connection.agent)}. ${OUTCOMES[outcome]}`);
}

function stateOf({ connection, found }: Candidate, agents: readonly AgentSnapshot[]): string {
  if (connection === undefined) return found ? 'found on this machine' : '';
  const agent = agents.find(({ name }) => name === connection.agent);
  return `connected as ${visible(connection.agent)} · ${agent === undefined ? 'its token was revoked' : lastSeen(agent)}`;
}

function question({ label, path, before, request }: ConnectPlan): { message: string; detail: string; yes: string; needsDocument: boolean } {
  return {
    message: `Connect ${label} to Vestibule?`,
    detail: `${before === undefined ? 'Makes' : 'Changes'} ${visible(path)} as shown side by side behind this, ${request.way.kind === 'http' ? 'with a token of its own in the place of the words. Whoever can read that file can use the token; you can revoke it any time.' : 'so that the agent starts a small program which brings it here. Its token stays out of that file; you can revoke it any time.'}`,
    yes: 'Connect',
    needsDocument: true,
  };
}
