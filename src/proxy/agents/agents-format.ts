import type { Budget, Grant, Tier } from '../model.ts';
import { BadShapeError, listAt, numberAt, recordAt, stringAt, type JsonPath } from '../storage/parse-state.ts';
import { globProblem, isBudget, isRate, MAX_AGENTS, MAX_GLOBS, PERIODS, nameProblem, profileProblem } from './agent-rules.ts';
import type { AgentRecord } from './types.ts';

/** Version of `agents.json`. */
export const AGENTS_VERSION = 2;
/** The version that was not sealed yet: it counts while there is no key. */
export const UNSEALED_AGENTS_VERSION = 1;

export const TIERS: readonly Tier[] = ['read', 'write', 'destructive'];

const HASH = /^[0-9a-f]{64}$/;

/** What `agents.json` holds under `state`: `{"agents": [{"name", "tokenHash", "servers", "tools", "tier", "profile", "perMinute", "budget", "createdAt", "expiresAt"}]}`. */
export function encodeAgents(agents: readonly AgentRecord[]): unknown {
  return { agents: agents.map(({ grant, ...agent }) => ({ ...agent, ...grant })) };
}

/**
 * Reads what `encodeAgents` wrote. A member that is missing or unknown makes the file bad: a grant that is misspelled
 * must not be one that withholds nothing.
 * @throws BadShapeError
 */
export function decodeAgents(state: unknown): readonly AgentRecord[] {
  const { agents, ...unknown } = recordAt(state, ['state']);
  refuseUnknown(unknown, ['state']);
  const path: JsonPath = ['state', 'agents'];
  const list = listAt(agents, path);
  if (list.length > MAX_AGENTS) throw new BadShapeError(path, `at most ${MAX_AGENTS} agents`);
  const records = list.map((item, i) => agentAt(item, [...path, i]));
  const names = new Set<string>();
  for (const [i, { name }] of records.entries()) {
    if (names.has(name.toLowerCase())) throw new BadShapeError([...path, i, 'name'], 'a name no other agent has');
    names.add(name.toLowerCase());
  }
  return records;
}

function agentAt(value: unknown, path: JsonPath): AgentRecord {
  const { name, tokenHash, servers, tools, tier, profile, perMinute, budget, createdAt, expiresAt, ...unknown } = recordAt(value, path);
  refuseUnknown(unknown, path);
  const hash = stringAt(tokenHash, [...path, 'tokenHash']);
  if (!HASH.test(hash)) throw new BadShapeError([...path, 'tokenHash'], '64 hexadecimal digits');
  const known = TIERS.find((candidate) => candidate === tier);
  if (known === undefined) throw new BadShapeError([...path, 'tier'], TIERS.join(', '));
  return {
    name: fitting(stringAt(name, [...path, 'name']), nameProblem, [...path, 'name']),
    tokenHash: hash,
    grant: { servers: globsAt(servers, [...path, 'servers']), tools: globsAt(tools, [...path, 'tools']), tier: known },
    profile: profile === undefined ? undefined : fitting(stringAt(profile, [...path, 'profile']), profileProblem, [...path, 'profile']),
    perMinute: perMinute === undefined ? undefined : perMinuteAt(perMinute, [...path, 'perMinute']),
    ...(budget !== undefined && { budget: budgetAt(budget, [...path, 'budget']) }),
    createdAt: numberAt(createdAt, [...path, 'createdAt']),
    expiresAt: expiresAt === undefined ? undefined : numberAt(expiresAt, [...path, 'expiresAt']),
  };
}

function globsAt(value: unknown, path: JsonPath): Grant['servers'] {
  if (value === 'all') return 'all';
  const globs = listAt(value, path);
  if (globs.length > MAX_GLOBS) throw new BadShapeError(path, `at most ${MAX_GLOBS} globs`);
  return globs.map((glob, i) => fitting(stringAt(glob, [...path, i]), globProblem, [...path, i]));
}

function perMinuteAt(value: unknown, path: JsonPath): number {
  const number = numberAt(value, path);
  if (!isRate(number)) throw new BadShapeError(path, 'a whole number from 1 on');
  return number;
}

function budgetAt(value: unknown, path: JsonPath): Budget {
  const { calls, tokens, per, ...unknown } = recordAt(value, path);
  refuseUnknown(unknown, path);
  const period = PERIODS.find((candidate) => candidate === per);
  if (period === undefined) throw new BadShapeError([...path, 'per'], PERIODS.join(', '));
  const budget = { ...(calls !== undefined && { calls: numberAt(calls, [...path, 'calls']) }), ...(tokens !== undefined && { tokens: numberAt(tokens, [...path, 'tokens']) }), per: period };
  if (!isBudget(budget)) throw new BadShapeError(path, 'whole numbers from 1 on');
  return budget;
}

function fitting(text: string, problemOf: (text: string) => string | undefined, path: JsonPath): string {
  if (problemOf(text) !== undefined) throw new BadShapeError(path, 'a text that will do here');
  return text;
}

function refuseUnknown(members: Readonly<Record<string, unknown>>, path: JsonPath): void {
  const [first] = Object.keys(members);
  if (first !== undefined) throw new BadShapeError([...path, first], 'no member of this name');
}
