import { members, stringOf } from '../json/slice.ts';
import type { CatalogTool } from '../catalog/types.ts';
import type { Era, RawJson, RawNotification, ServerName } from '../model.ts';

/** Tasks of one principal that are remembered; of more, the oldest are forgotten. */
const MAX_TASKS = 1_000;
/** How long a task is remembered whose server keeps it for ever, or for longer. In milliseconds. */
const LONGEST_MS = 24 * 60 * 60_000;
/** An answer that is a task of the modern era holds nothing of what the tool has to say, so it is short. In characters. */
const MAX_CREATED = 64 * 1024;

/** A task a server made of a call. */
export interface KnownTask {
  /** The tool that was called. */
  readonly tool: CatalogTool;
  /** Whose kind of task it is: each era has its own methods for them. */
  readonly era: Era;
  /** Milliseconds since epoch. */
  readonly until: number;
}

/** True for the raw result of a call that is a task of the modern era (SEP-2663). */
export function isTask(result: RawJson): boolean {
  return result.length <= MAX_CREATED && result.includes('"task"') && members(result)?.get('resultType') === '"task"';
}

/** Who may ask for which task, and where: each principal for those that its own calls became. */
export class KnownTasks {
  readonly #byPrincipal = new Map<string, Map<string, KnownTask[]>>();
  readonly #now: () => number;

  /** @param now milliseconds since epoch */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Remembers the task in the raw result of a call, if it is one. */
  remember(principal: string, tool: CatalogTool, result: RawJson, era: Era = 'legacy'): void {
    const task = era === 'legacy' ? members(members(result)?.get('task') ?? '') : members(result);
    const id = stringOf(task?.get('taskId'));
    if (id === undefined) return;
    const known = this.#alive(principal);
    const others = (known.get(id) ?? []).filter((other) => other.tool.server !== tool.server || other.era !== era);
    known.delete(id);
    known.set(id, [...others, { tool, era, until: this.#now() + lifetimeOf(task?.get(era === 'legacy' ? 'ttl' : 'ttlMs')) }]);
    const [oldest] = known.keys();
    if (known.size > MAX_TASKS && oldest !== undefined) known.delete(oldest);
    this.#byPrincipal.set(principal, known);
  }

  /** The tasks of this id, of one era: several when servers gave the same one. */
  find(principal: string, id: string, era: Era = 'legacy'): readonly KnownTask[] {
    return (this.#alive(principal).get(id) ?? []).filter((task) => task.era === era);
  }

  /** True for the news of a task of this server's that another principal's call became. */
  isForeign(principal: string, server: ServerName, { method, params }: RawNotification): boolean {
    const id = method === 'notifications/tasks/status' ? stringOf(members(params ?? '')?.get('taskId')) : undefined;
    if (id === undefined) return false;
    const has = (known: ReadonlyMap<string, readonly KnownTask[]> | undefined): boolean => known?.get(id)?.some(({ tool }) => tool.server === server) === true;
    if (has(this.#byPrincipal.get(principal))) return false;
    return [...this.#byPrincipal.values()].some(has);
  }

  /** Servers that have tasks of this principal, of the legacy era: the only one that lists them. */
  servers(principal: string): ReadonlySet<ServerName> {
    return new Set([...this.#alive(principal).values()].flat().flatMap(({ tool, era }) => (era === 'legacy' ? [tool.server] : [])));
  }

  /** The tasks of a principal without those whose time is over. */
  #alive(principal: string): Map<string, KnownTask[]> {
    const known = this.#byPrincipal.get(principal);
    if (known === undefined) return new Map();
    const now = this.#now();
    for (const [id, tasks] of known) {
      const alive = tasks.filter(({ until }) => until > now);
      if (alive.length === 0) known.delete(id);
      else if (alive.length < tasks.length) known.set(id, alive);
    }
    if (known.size === 0) this.#byPrincipal.delete(principal);
    return known;
  }
}

/** @param ttl raw milliseconds, or `null` for ever */
function lifetimeOf(ttl: RawJson | undefined): number {
  const given = Number(ttl ?? 'null');
  return Number.isFinite(given) && given >= 0 ? Math.min(given, LONGEST_MS) : LONGEST_MS;
}
