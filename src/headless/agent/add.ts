import { MAX_PER_MINUTE, PERIODS } from '../../proxy/agents/agent-rules.ts';
import { TIERS } from '../../proxy/agents/agents-format.ts';
import type { NewAgent } from '../../proxy/agents/types.ts';
import type { ConfigSnapshot } from '../../proxy/config/types.ts';
import { visible } from '../../proxy/json/visible.ts';
import type { Budget } from '../../proxy/model.ts';
import { compileGlobs } from '../../proxy/policy/glob.ts';
import { usage, type Arguments, type Options } from '../args.ts';
import { COMMON_OPTIONS, CONFIG_OPTION, JSON_OPTION, type Command } from '../command.ts';
import { recordDecisions } from '../decisions.ts';
import { EXIT } from '../exit-code.ts';
import { placesOf } from '../places.ts';
import { printJson, printLine, printNote } from '../print.ts';
import { readConfig } from '../state.ts';
import { agentJson, globsText } from './describe.ts';
import { withAgents } from './store.ts';

const MINUTE = 60_000;
const UNITS: Readonly<Record<string, number>> = { m: MINUTE, h: 60 * MINUTE, d: 24 * 60 * MINUTE, w: 7 * 24 * 60 * MINUTE };
/** Longer than any token should live; a larger number is a slip. */
const MAX_LIFE_MS = 10 * 366 * 24 * 60 * MINUTE;

/** What narrows the grant of an agent. */
export const GRANT_OPTIONS = {
  servers: { value: 'A,B', repeatable: true, help: 'Only these servers; globs (* and ?), separated by commas.' },
  tools: { value: 'GLOB,…', repeatable: true, help: 'Only these tools: globs over "server:tool" or the bare name.' },
  tier: { value: 'TIER', help: 'At most read, write or destructive (default), by the approved definitions.' },
  profile: { value: 'P', help: 'Only what this profile of the servers file shows.' },
  'per-minute': { value: 'N', help: 'At most so many calls a minute.' },
  budget: { value: 'N/PERIOD', help: 'At most so many calls an hour, day or month: 1000/day.' },
  'token-budget': { value: 'N/PERIOD', help: 'At most so many tokens of results in a period: 500000/day.' },
  expires: { value: 'TIME', help: 'Refuse the token after this time: 30d, 12h, 45m or 8w (default: never).' },
} as const satisfies Options;

export const agentAdd: Command = {
  name: 'agent add',
  summary: 'Gives an agent a token of its own, shown once. It may use what is approved; the options narrow that.',
  options: {
    ...COMMON_OPTIONS,
    ...CONFIG_OPTION,
    ...JSON_OPTION,
    name: { value: 'N', help: 'Its name: calls are recorded under it.' },
    ...GRANT_OPTIONS,
  },
  async run(args) {
    const places = placesOf(args);
    const wanted = agentOf(args, args.required('name'));
    const config = await readConfig(places);
    refuseUnknownProfile(wanted, config);
    const { agent, token } = await withAgents(places, (store) => store.add(wanted));
    await recordDecisions(places.data, [{ action: 'agent-add', server: '', subject: agent.name, digest: undefined }]);
    for (const glob of unmatched(wanted, config)) printNote(`No server is called ${visible(JSON.stringify(glob))} now.`);
    if (args.has('json')) printJson({ ...agentJson(agent), token });
    else {
      const { servers, tools, tier } = agent.grant;
      printLine(`Token of ${agent.name}, shown this once:\n${token}`);
      printLine(visible(`Servers: ${globsText(servers)}. Tools: ${globsText(tools)}. Tier: ${tier}.${agent.profile === undefined ? '' : ` Profile: ${agent.profile}.`}`));
      printLine(agent.expiresAt === undefined ? 'It does not expire.' : `It expires ${new Date(agent.expiresAt).toISOString()}.`);
    }
    return EXIT.ok;
  },
};

/** A profile that is not there would show nothing. @throws VestibuleError `usage` */
export function refuseUnknownProfile({ profile }: NewAgent, { profiles }: ConfigSnapshot): void {
  if (profile !== undefined && profiles[profile] === undefined) throw usage(`There is no profile "${profile}".`, 'Write it under "profiles" in a servers file first.');
}

/** The agent that the grant options describe. @throws VestibuleError `usage` */
export function agentOf(args: Arguments, name: string): NewAgent {
  const servers = globs(args, 'servers');
  const tools = globs(args, 'tools');
  const tier = args.choice('tier', TIERS);
  return {
    name,
    grant: { ...(servers && { servers }), ...(tools && { tools }), ...(tier && { tier }) },
    profile: args.text('profile'),
    perMinute: args.wholeNumber('per-minute', 1, MAX_PER_MINUTE),
    budget: budgetOf(args),
    expiresInMs: lifetime(args.text('expires')),
  };
}

function globs(args: Arguments, option: string): readonly string[] | undefined {
  if (!args.has(option)) return undefined;
  return args.texts(option).flatMap((text) => text.split(',').map((glob) => glob.trim()));
}

/** Calls and tokens share a period: there is one of them to wait for. */
function budgetOf(args: Arguments): Budget | undefined {
  const [calls, tokens] = [share(args, 'budget'), share(args, 'token-budget')];
  const per = calls?.per ?? tokens?.per;
  if (per === undefined) return undefined;
  if (tokens !== undefined && tokens.per !== per) throw usage('--budget and --token-budget are for different periods.', 'Give both for the same one.');
  return { ...(calls && { calls: calls.count }), ...(tokens && { tokens: tokens.count }), per };
}

function share(args: Arguments, option: string): { readonly count: number; readonly per: Budget['per'] } | undefined {
  const text = args.text(option);
  if (text === undefined) return undefined;
  const [, count = '', period = ''] = /^(\d{1,11})\/(\w+)$/.exec(text) ?? [];
  const per = PERIODS.find((known) => known === period);
  if (per === undefined || Number(count) < 1) throw usage(`--${option} cannot be "${text}".`, `Give a number and one of ${PERIODS.join(', ')}, such as 1000/day.`);
  return { count: Number(count), per };
}

function lifetime(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, count = '', unit = ''] = /^(\d{1,6})([mhdw])$/.exec(text) ?? [];
  const ms = Number(count) * (UNITS[unit] ?? NaN);
  if (!(ms > 0 && ms <= MAX_LIFE_MS)) throw usage(`--expires cannot be "${text}".`, 'Give a number with m, h, d or w, such as 30d, up to ten years.');
  return ms;
}

/** Globs that fit no server there is: allowed, for it may come later, but most often a slip. */
function unmatched({ grant }: NewAgent, { upstreams }: ConfigSnapshot): readonly string[] {
  const servers = grant?.servers;
  if (servers === undefined || servers === 'all') return [];
  return servers.filter((glob) => {
    const matches = compileGlobs([glob]);
    return !upstreams.some(({ name }) => matches(name));
  });
}
