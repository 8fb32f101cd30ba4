import type { GatewayApi } from '../proxy/api.ts';
import type { Machine } from '../proxy/clients/client-files.ts';
import { freeName } from '../proxy/config/suggest-name.ts';
import { Connector } from '../proxy/connect/connector.ts';
import { speaksHttp } from '../proxy/connect/entries.ts';
import type { Candidate, ConnectableId, ConnectPlan, Undone } from '../proxy/connect/types.ts';
import { visible } from '../proxy/json/visible.ts';
import { askGrant } from './agents.ts';
import type { Dialogs } from './dialogs.ts';
import type { EditorEndpoint } from './editor-endpoint.ts';
import { problemOf } from './problem.ts';

/** What connecting works with. */
export interface ConnectContext {
  readonly gateway: () => Promise<GatewayApi>;
  readonly endpoint: Pick<EditorEndpoint, 'listen'>;
  readonly dialogs: Dialogs;
  readonly machine: Machine;
  readonly dataDir: string;
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
  const candidate = await dialogs.pick('Connect which agent?', (await connector.candidates()).map((one) => ({ label: one.label, description: stateOf(one), detail: one.path, value: one })));
  if (candidate === undefined) return false;
  const obstacle = obstacleOf(candidate);
  if (obstacle !== undefined) {
    dialogs.fail({ message: obstacle, action: 'Connect it from a terminal, through the bridge: vestibule agent connect.' });
    return false;
  }
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

async function connect({ dialogs, endpoint, compare }: ConnectContext, gateway: GatewayApi, connector: Connector, { client, connection, label }: Candidate): Promise<boolean> {
  const { agents, upstreams } = gateway.snapshot();
  const grant = await askGrant(dialogs, upstreams);
  if (grant === undefined) return false;
  const name = connection?.agent ?? freeName(client, (taken) => agents.some((agent) => agent.name.toLowerCase() === taken));
  // Listening first: the address is part of what is shown.
  const { url } = await endpoint.listen();
  const plan = await connector.plan({ client, agent: { name, grant }, way: { kind: 'http', url } });
  await compare(`${label}: ${plan.path}`, plan.before ?? '', plan.preview);
  if (!(await dialogs.confirm(question(plan)))) return false;
  await connector.apply(plan);
  dialogs.inform(`Connected ${label}. Restart it, or let it reload its servers.`, { label: 'Undo', run: () => takeBack(connector, client, dialogs) });
  return true;
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

function stateOf({ connection, found }: Candidate): string {
  if (connection !== undefined) return `connected as ${visible(connection.agent)}`;
  return found ? 'found on this machine' : '';
}

/** Why a client cannot be connected from here. */
function obstacleOf({ client, label, linked }: Candidate): string | undefined {
  if (!speaksHttp(client)) return `${label} takes no HTTP servers in its file.`;
  return linked ? `The file of ${label} is a link, often into a repository: no place for a token.` : undefined;
}

function question({ label, path, before }: ConnectPlan): { message: string; detail: string; yes: string; needsDocument: boolean } {
  return {
    message: `Connect ${label} to Vestibule?`,
    detail: `${before === undefined ? 'Makes' : 'Changes'} ${visible(path)} as shown side by side behind this, with a token of its own in the place of the words. Whoever can read that file can use the token; you can revoke it any time.`,
    yes: 'Connect',
    needsDocument: true,
  };
}
