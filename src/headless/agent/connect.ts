import { realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import type { AgentStore, NewAgent } from '../../proxy/agents/types.ts';
import { CONNECTABLE_IDS } from '../../proxy/connect/connections-format.ts';
import { Connector } from '../../proxy/connect/connector.ts';
import { endpointOf, urlOf } from '../../proxy/connect/endpoints.ts';
import { ENTRY_NAME, genericEntry, speaksHttp } from '../../proxy/connect/entries.ts';
import type { AgentIssuer, Candidate, ConnectableId, Connection, ConnectPlan, Undone, Way } from '../../proxy/connect/types.ts';
import { visible } from '../../proxy/json/visible.ts';
import { usage, type Arguments } from '../args.ts';
import { COMMON_OPTIONS, CONFIG_OPTION, JSON_OPTION, type Command } from '../command.ts';
import { recordDecisions } from '../decisions.ts';
import { diffLines } from '../diff.ts';
import { describeError, EXIT } from '../exit-code.ts';
import { placesOf, type Places } from '../places.ts';
import { printJson, printLine, printNote, printTable } from '../print.ts';
import { readConfig } from '../state.ts';
import { agentOf, GRANT_OPTIONS, refuseUnknownProfile } from './add.ts';
import { forgetConsents } from './revoke.ts';
import { withAgents } from './store.ts';

const GENERIC = 'generic';
/** Lines of a diff around a change. */
const CONTEXT = 3;

export const agentConnect: Command = {
  name: 'agent connect',
  summary: "Writes the gateway into another agent's own settings, with a token of that agent's; or takes it out again.",
  options: {
    ...COMMON_OPTIONS,
    ...CONFIG_OPTION,
    ...JSON_OPTION,
    client: { value: 'CLIENT', help: `Which agent: ${[...CONNECTABLE_IDS, GENERIC].join(', ')}.` },
    list: { help: 'List agents that can be connected, those found on this machine first.' },
    'dry-run': { help: 'Show what would change, and change nothing.' },
    undo: { help: 'Take the connection back: its token, and what was written.' },
    bridge: { help: 'Connect through a program on stdio, which finds the gateway wherever it listens (default for agents without HTTP and for linked files).' },
    url: { value: 'URL', help: 'Address to write (default: where the gateway of this workspace listens, or listened last).' },
    name: { value: 'N', help: 'Name of the agent: calls are recorded under it (default: the client).' },
    ...GRANT_OPTIONS,
  },
  async run(args) {
    const places = placesOf(args);
    const id = args.choice('client', [...CONNECTABLE_IDS, GENERIC]);
    if (id === undefined && !args.has('list')) throw usage('--client is missing.', `Give --client, or --list.`);
    return withAgents(places, async (store) => {
      const agents = recording(places, store);
      const connector = new Connector({
        dataDir: places.data,
        machine: { platform: process.platform, env: process.env, home: homedir() },
        agents,
        onProblem: (problem) => printNote(describeError(problem)),
      });
      if (id === undefined || args.has('list')) printCandidates(await connector.candidates(), args.has('json'));
      else if (id === GENERIC) await connectGeneric(args, places, agents);
      else if (args.has('undo')) printUndone(await connector.undo(id), args.has('json'));
      else await connect(args, places, connector, id);
      return EXIT.ok;
    });
  },
};

async function connect(args: Arguments, places: Places, connector: Connector, client: ConnectableId): Promise<void> {
  const agent = await wantedAgent(args, places, client);
  const linked = (await connector.candidates()).some((candidate) => candidate.client === client && candidate.linked);
  const bridged = args.has('bridge') || !speaksHttp(client) || (linked && !args.has('url'));
  const way: Way = bridged ? { kind: 'bridge', launcher: ownLauncher() } : { kind: 'http', url: await urlFor(args, places) };
  const plan = await connector.plan({ client, agent, way });
  if (args.has('dry-run')) printPlan(plan, args.has('json'));
  else printConnection(await connector.apply(plan), plan, args.has('json'));
}

/** An agent that is not listed: its entry in the form most know, to be put where it belongs by hand. */
async function connectGeneric(args: Arguments, places: Places, agents: AgentIssuer): Promise<void> {
  if (args.has('undo')) throw usage('Nothing was written for a generic agent.', 'Revoke its token: vestibule agent revoke --name N.');
  if (args.has('bridge')) throw usage('A generic agent gets the entry for HTTP.', 'For stdio, let it run: vestibule bridge, with VESTIBULE_TOKEN in its environment.');
  const agent = await wantedAgent(args, places, GENERIC);
  const url = await urlFor(args, places);
  const token = args.has('dry-run') ? '<a token of its own>' : (await agents.add(agent)).token;
  printJson({ [ENTRY_NAME]: genericEntry(url, token) });
}

async function wantedAgent(args: Arguments, places: Places, client: string): Promise<NewAgent> {
  const agent = agentOf(args, args.text('name') ?? client);
  refuseUnknownProfile(agent, await readConfig(places));
  return agent;
}

/** Where the gateway of the workspace is, or was and will be again if the port is free. @throws VestibuleError `usage` */
async function urlFor(args: Arguments, { data, workspace }: Places): Promise<string> {
  const given = args.text('url');
  if (given !== undefined) {
    if (!/^https?:\/\/[^\s/]+\/\S*$/.test(given)) throw usage(`--url cannot be "${given}".`, 'Give the address serve printed, such as http://127.0.0.1:4711/mcp.');
    return given;
  }
  const known = await endpointOf(data, workspace);
  if (known === undefined) throw usage('No gateway has listened for this workspace yet.', 'Start vestibule serve here once, give --url, or use --bridge.');
  return urlOf(known);
}

/** How this very program is started again. */
function ownLauncher(): Extract<Way, { kind: 'bridge' }>['launcher'] {
  const [, script = ''] = process.argv;
  return { command: process.execPath, args: [realpathSync(script), 'bridge'] };
}

/** The agents of a data folder, every change of them in the journal. */
function recording({ data }: Places, store: AgentStore): AgentIssuer {
  return {
    async add(agent) {
      const issued = await store.add(agent);
      await recordDecisions(data, [{ action: 'agent-add', server: '', subject: agent.name, digest: undefined }]);
      return issued;
    },
    async revoke(name) {
      await store.revoke(name);
      await recordDecisions(data, [{ action: 'agent-revoke', server: '', subject: name, digest: undefined }]);
      await forgetConsents(data, name);
    },
  };
}

function printCandidates(candidates: readonly Candidate[], json: boolean): void {
  if (json) return printJson(candidates);
  const rows = candidates.map(({ client, label, path, found, connection }) => [client, label, connection === undefined ? (found ? 'found' : '') : `connected as ${connection.agent}`, path]);
  printTable(['CLIENT', 'NAME', 'STATE', 'FILE'], rows, '');
}

function printPlan({ label, path, before, preview }: ConnectPlan, json: boolean): void {
  if (json) return printJson({ path, before, after: preview });
  printLine(visible(`${label}: ${path}${before === undefined ? ' (a new file)' : ''}`));
  for (const line of nearChanges(diffLines(linesOf(before ?? ''), linesOf(preview)))) printLine(visible(line));
  printLine('Nothing was changed.');
}

function printConnection(connection: Connection, { label }: ConnectPlan, json: boolean): void {
  if (json) return printJson(connection);
  printLine(visible(`Connected ${label} as ${connection.agent}: ${connection.path}`));
  printLine(`Restart it, or reload its servers. To undo: vestibule agent connect --client ${connection.client} --undo`);
}

const OUTCOMES: Readonly<Record<Undone['outcome'], string>> = {
  restored: 'It is exactly what it was before.',
  removed: 'Only the entry of Vestibule was removed, for the file has changed since.',
  gone: 'There was nothing of Vestibule in it any more.',
};

function printUndone({ connection, outcome }: Undone, json: boolean): void {
  if (json) return printJson({ client: connection.client, agent: connection.agent, path: connection.path, outcome });
  printLine(visible(`Revoked the token of ${connection.agent}. ${connection.path}: ${OUTCOMES[outcome]}`));
}

/** What changes, and a few lines around it. */
function nearChanges(lines: readonly string[]): readonly string[] {
  return lines.filter((_, i) => lines.slice(Math.max(0, i - CONTEXT), i + CONTEXT + 1).some((line) => !line.startsWith('  ')));
}

function linesOf(text: string): readonly string[] {
  return text === '' ? [] : text.replace(/\r?\n$/, '').split(/\r?\n/);
}
