import { launchOfEntry } from '../../proxy/config/launch-of-entry.ts';
import type { UpstreamConfig } from '../../proxy/config/types.ts';
import { visible } from '../../proxy/json/visible.ts';
import type { ApprovalStatus } from '../../proxy/model.ts';
import { describeLaunch } from '../../proxy/quarantine/launch.ts';
import { COMMON_OPTIONS, CONFIG_OPTION, JSON_OPTION, type Command } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import type { Proposal } from '../../proxy/proposals/types.ts';
import { proposalsOf } from './proposed.ts';
import { placesOf } from '../places.ts';
import { printJson, printNote, printTable } from '../print.ts';
import { launchInLine } from '../quarantine/launch-lines.ts';
import { definitionsOf, openState, type State } from '../state.ts';

type Counts = Readonly<Record<ApprovalStatus, number>>;

export const upstreamList: Command = {
  name: 'upstream list',
  summary: 'Lists all servers of the servers files, with what was decided about them.',
  options: { ...COMMON_OPTIONS, ...CONFIG_OPTION, ...JSON_OPTION },
  async run(args) {
    const state = await openState(placesOf(args));
    try {
      const proposals = await proposalsOf(placesOf(args));
      const upstreams = [...state.config.upstreams.map((config) => describe(state, config)), ...proposals.map(describeProposal)];
      if (args.has('json')) printJson(upstreams);
      else {
        printTable(
          ['NAME', 'FROM', 'STATE', 'TOOLS', 'LAUNCH'],
          upstreams.map(({ name, origin, state: standing, tools, launch }) => [visible(name), visible(origin), standing, inWords(tools), launchInLine(launch)]),
          'There are no servers. Add one: vestibule upstream add --url URL, or vestibule upstream add -- COMMAND.',
        );
      }
      for (const { at, message, fix } of state.config.problems) {
        printNote(visible(`${at === undefined ? '' : `${at.file}:${at.line}:${at.column}: `}${message} ${fix}`));
      }
      return EXIT.ok;
    } finally {
      state.dispose();
    }
  },
};

/** A server that an agent asks for: nothing of it was started or dialled. */
function describeProposal({ name, agent, reason, entry, at }: Proposal) {
  const tools = { approved: 0, pending: 0, changed: 0, blocked: 0 };
  const launch = { ...launchOfEntry(entry), approved: false };
  return { name, origin: `agent ${agent}`, state: 'proposed', reason, at: new Date(at).toISOString(), entry, launch, tools };
}

function describe(state: State, config: UpstreamConfig) {
  const launch = describeLaunch(config);
  const approved = state.approvals.launchApproved(config.name, launch.fingerprint);
  const tools = { approved: 0, pending: 0, changed: 0, blocked: 0 };
  for (const { ref, status } of definitionsOf(state, config.name)) if (ref.kind === 'tool') tools[status]++;
  return {
    name: config.name,
    origin: config.origin,
    file: config.file,
    line: config.at.line,
    type: config.transport.type,
    enabled: config.enabled,
    state: config.enabled ? (approved ? 'approved' : 'quarantined') : 'disabled',
    launch: { ...launch, approved },
    tools,
  };
}

function inWords(counts: Counts): string {
  const some = Object.entries(counts).filter(([, count]) => count > 0);
  return some.length === 0 ? '-' : some.map(([status, count]) => `${count} ${status}`).join(', ');
}
