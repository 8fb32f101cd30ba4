import { LastSeen } from '../../proxy/agents/last-seen.ts';
import { COMMON_OPTIONS, JSON_OPTION, type Command } from '../command.ts';
import { describeError, EXIT } from '../exit-code.ts';
import { placesOf } from '../places.ts';
import { printJson, printNote, printTable } from '../print.ts';
import { agentJson, globsText } from './describe.ts';
import { withAgents } from './store.ts';

export const agentList: Command = {
  name: 'agent list',
  summary: 'Lists agents with a token of their own: what each may use, when it expires, when it was last seen.',
  options: { ...COMMON_OPTIONS, ...JSON_OPTION, name: { value: 'N', help: 'This agent only.' } },
  run(args) {
    const places = placesOf(args);
    const name = args.text('name');
    return withAgents(places, async (store) => {
      const seen = await LastSeen.open(places.data, { onProblem: (problem) => printNote(describeError(problem)), isKnown: () => true });
      const now = Date.now();
      const agents = store.all
        .filter((agent) => name === undefined || agent.name === name)
        .map((agent) => ({ agent, expired: agent.expiresAt !== undefined && agent.expiresAt <= now, seenAt: timeOf(seen.of(agent.name, agent.createdAt)) }));
      seen.dispose();
      if (args.has('json')) printJson(agents.map(({ agent, expired, seenAt }) => ({ ...agentJson(agent), expired, ...(seenAt !== undefined && { lastSeenAt: seenAt }) })));
      else {
        const rows = agents.map(({ agent: { name: called, grant, profile = '', expiresAt }, expired, seenAt }) => [
          called, globsText(grant.servers), globsText(grant.tools), grant.tier, profile, expired ? 'expired' : (timeOf(expiresAt) ?? 'never'), seenAt ?? 'never',
        ]);
        printTable(['NAME', 'SERVERS', 'TOOLS', 'TIER', 'PROFILE', 'EXPIRES', 'LAST SEEN'], rows, 'No agent has a token of its own.');
      }
      return store.problem === undefined ? EXIT.ok : EXIT.dataFolder;
    });
  },
};

function timeOf(at: number | undefined): string | undefined {
  return at === undefined ? undefined : new Date(at).toISOString();
}
