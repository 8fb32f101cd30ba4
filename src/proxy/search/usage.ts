import { toolId, type ServerName, type ToolId } from '../model.ts';
import { jsonOf, recordOf } from '../json/data.ts';

/** Most agents, tools and successions that are remembered; beyond, the oldest are forgotten. */
const MAX_AGENTS = 64;
const MAX_TOOLS = 256;
const MAX_SUCCESSIONS = 512;
const MAX_SESSIONS = 64;

/** What having been called can add to a tool's score, at most, as a share of it. */
const SERVER_SHARE = 0.09;
const TOOL_SHARE = 0.06;
const SUCCESSION_SHARE = 0.03;
/** A server that got this part of an agent's calls gets all of its share: who calls everywhere is at home nowhere. */
const AT_HOME = 0.225;
/** Calls that are taken to have gone elsewhere before the first one. */
const UNSEEN_CALLS = 2;

/**
 * What an agent called before, as a prior for what it searches for: a server it uses, a tool it uses, and what it
 * called next the last times. Each agent's is its own. It only orders what matches and may be used anyway.
 */
export class Usage {
  readonly #agents = new Map<string, AgentUsage>();

  /** What `serialise` wrote; anything else is as good as nothing. */
  static from(text: string | undefined): Usage {
    const usage = new Usage();
    for (const [agent, kept] of keptIn(text)) put(usage.#agents, agent, AgentUsage.from(kept), MAX_AGENTS);
    return usage;
  }

  get isEmpty(): boolean {
    return this.#agents.size === 0;
  }

  /** What each agent called how often, for a person to look at. */
  rows(): readonly { readonly agent: string; readonly tool: string; readonly calls: number }[] {
    return [...this.#agents].flatMap(([agent, usage]) => usage.kept().tools.map(([tool, calls]) => ({ agent, tool, calls })));
  }

  /** Everything but the sessions, which end with the process, as text. */
  serialise(): string {
    return JSON.stringify({ version: VERSION, agents: Object.fromEntries([...this.#agents].map(([agent, usage]) => [agent, usage.kept()])) });
  }

  /** An agent called a tool with success. */
  called(agent: string, session: string, server: ServerName, tool: string): void {
    let usage = this.#agents.get(agent);
    if (usage === undefined) {
      usage = new AgentUsage();
      put(this.#agents, agent, usage, MAX_AGENTS);
    }
    usage.called(session, server, toolId(server, tool));
  }

  /** What an agent's past adds to a tool, as a share of its score from 0 to 0.18; undefined without a past. */
  prior(agent: string, session: string): ((id: ToolId, server: ServerName) => number) | undefined {
    const usage = this.#agents.get(agent);
    return usage && ((id, server) => usage.share(session, id, server));
  }

  /** Forgets everything. */
  clear(): void {
    this.#agents.clear();
  }
}

const VERSION = 1;
/** A count in a file that a person wrote is no reason to compute with infinity. */
const MAX_COUNT = 1_000_000;

type Counts = readonly (readonly [string, number])[];

/** One agent's past as the file has it. */
interface KeptUsage {
  readonly calls: number;
  readonly servers: Counts;
  readonly tools: Counts;
  readonly successions: Counts;
}

function keptIn(text: string | undefined): [string, KeptUsage][] {
  const file = recordOf(jsonOf(text));
  if (file['version'] !== VERSION) return [];
  return Object.entries(recordOf(file['agents'])).map(([agent, value]) => {
    const { calls, servers, tools, successions } = recordOf(value);
    return [agent, { calls: countOf(calls), servers: countsIn(servers, MAX_TOOLS), tools: countsIn(tools, MAX_TOOLS), successions: countsIn(successions, MAX_SUCCESSIONS) }];
  });
}

function countOf(value: unknown): number {
  return typeof value === 'number' && value > 0 ? Math.min(Math.floor(value), MAX_COUNT) : 0;
}

function countsIn(value: unknown, most: number): Counts {
  const entries: readonly unknown[] = Array.isArray(value) ? value.slice(-most) : [];
  return entries.flatMap((entry): Counts => (Array.isArray(entry) && typeof entry[0] === 'string' ? [[entry[0], countOf(entry[1])]] : []));
}

class AgentUsage {
  readonly #servers = new Map<ServerName, number>();
  readonly #tools = new Map<ToolId, number>();
  /** By the tool before and the tool after. */
  readonly #successions = new Map<string, number>();
  readonly #last = new Map<string, ToolId>();
  #calls = 0;

  static from({ calls, servers, tools, successions }: KeptUsage): AgentUsage {
    const usage = new AgentUsage();
    usage.#calls = calls;
    for (const [server, times] of servers) usage.#servers.set(server, times);
    for (const [tool, times] of tools) usage.#tools.set(tool as ToolId, times);
    for (const [pair, times] of successions) usage.#successions.set(pair, times);
    return usage;
  }

  kept(): KeptUsage {
    return { calls: this.#calls, servers: [...this.#servers], tools: [...this.#tools], successions: [...this.#successions] };
  }

  called(session: string, server: ServerName, id: ToolId): void {
    this.#calls++;
    const before = this.#last.get(session);
    count(this.#servers, server, MAX_TOOLS);
    count(this.#tools, id, MAX_TOOLS);
    if (before !== undefined && before !== id) count(this.#successions, succession(before, id), MAX_SUCCESSIONS);
    put(this.#last, session, id, MAX_SESSIONS);
  }

  share(session: string, id: ToolId, server: ServerName): number {
    const before = this.#last.get(session);
    const part = (this.#servers.get(server) ?? 0) / (this.#calls + UNSEEN_CALLS);
    const followed = before === undefined ? 0 : (this.#successions.get(succession(before, id)) ?? 0);
    return SERVER_SHARE * Math.min(1, part / AT_HOME) + TOOL_SHARE * some(this.#tools.get(id)) + SUCCESSION_SHARE * some(followed);
  }
}

/** The first times tell most. */
function some(times = 0): number {
  return times / (times + 1);
}

function succession(before: ToolId, after: ToolId): string {
  return `${before}\0${after}`;
}

function count<K>(counts: Map<K, number>, key: K, most: number): void {
  put(counts, key, (counts.get(key) ?? 0) + 1, most);
}

/** Sets an entry as the newest; the oldest leaves when there are too many. */
function put<K, V>(map: Map<K, V>, key: K, value: V, most: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= most) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
