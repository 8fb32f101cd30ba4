import type { CatalogTool } from '../catalog/types.ts';
import type { AgentSession } from '../downstream/types.ts';
import { members, stringOf } from '../json/slice.ts';
import { declaresTasks } from '../json/tasks-extension.ts';
import type { RawJson, ServerName } from '../model.ts';
import { mayUse } from '../policy/grants.ts';
import type { ServedTools } from '../policy/served.ts';
import type { Agents } from './agents.ts';
import { lookedThroughTask, type TaskLook } from './detailed-task.ts';
import { withSafeUrls } from './elicitation.ts';
import { exposedInputRequests } from './exposed-question.ts';
import type { KnownTasks } from './known-tasks.ts';
import { mapTaskUris } from './map-uris.ts';

const NEWS = 'notifications/tasks';

/** What listeners are served from. */
export interface TaskListenersDeps extends TaskLook {
  readonly agents: Agents;
  readonly served: ServedTools;
  readonly known: KnownTasks;
}

/** What one session hears of one task. */
interface Heard {
  readonly tool: CatalogTool;
  /** Its streams that asked for it. */
  streams: number;
  /** What it was told last: streams at the server overlap, and say the same twice. */
  told: RawJson | undefined;
}

/** Agents of the modern era that listen to what becomes of their tasks (SEP-2663, `taskIds` of `subscriptions/listen`). */
export class TaskListeners {
  readonly #deps: TaskListenersDeps;
  readonly #heard = new Map<AgentSession, Map<string, Heard>>();

  constructor(deps: TaskListenersDeps) {
    this.#deps = deps;
  }

  /**
   * One more stream of a session is about to listen to these tasks.
   * @returns those it will be told of, once their servers say that they tell: its principal's own, of servers that do
   */
  async hear(session: AgentSession, taskIds: Iterable<string>): Promise<ReadonlySet<string>> {
    const agreed = new Set<string>();
    await Promise.all([...new Set(taskIds)].map(async (id) => ((await this.#hears(session, id)) ? agreed.add(id) : undefined)));
    return agreed;
  }

  /** One stream less of a session listens to these. */
  unhear(session: AgentSession, taskIds: Iterable<string>): void {
    const heard = this.#heard.get(session);
    for (const id of taskIds) {
      const one = heard?.get(id);
      if (heard === undefined || one === undefined || --one.streams > 0) continue;
      heard.delete(id);
      if (heard.size === 0) this.#heard.delete(session);
      this.#forget(one.tool.server, id);
    }
  }

  /** The session is over. */
  closed(session: AgentSession): void {
    const heard = this.#heard.get(session);
    this.#heard.delete(session);
    for (const [id, { tool }] of heard ?? []) this.#forget(tool.server, id);
  }

  /** A server told of a task: those hear of it that listen to it. */
  async told(server: ServerName, params: RawJson): Promise<void> {
    const id = stringOf(members(params)?.get('taskId'));
    if (id === undefined) return;
    for (const [session, heard] of this.#heard) {
      const one = heard.get(id);
      if (one?.tool.server !== server || one.told === params || !this.#may(session, one.tool)) continue;
      one.told = params;
      await this.#tell(session, one.tool, params);
    }
  }

  async #tell(session: AgentSession, tool: CatalogTool, params: RawJson): Promise<void> {
    const { agents } = this.#deps;
    const agent = agents.of(session);
    const exposure = agents.exposureOf(tool.server);
    const safe = withSafeUrls({ result: params });
    if ('error' in safe) return;
    const named = mapTaskUris(safe.result, (uri) => {
      agent.mention(uri, tool.server);
      return exposure.expose(uri);
    });
    const looked = await lookedThroughTask({ result: exposedInputRequests(tool.server, exposure, named) }, tool, session.principal, this.#deps);
    // What is withheld here is asked for by tasks/get, which says why.
    if ('result' in looked && this.#heard.has(session)) session.notify(NEWS, looked.result);
  }

  async #hears(session: AgentSession, id: string): Promise<boolean> {
    const before = this.#heard.get(session)?.get(id);
    if (before !== undefined) {
      before.streams++;
      return true;
    }
    const [one, another] = declaresTasks(session.capabilities) ? this.#deps.known.find(session.principal.id, id, 'modern') : [];
    if (one === undefined || another !== undefined || !this.#may(session, one.tool)) return false;
    const heard = this.#heard.get(session) ?? new Map<string, Heard>();
    // News may come before the server says that it tells of it.
    this.#heard.set(session, heard.set(id, { tool: one.tool, streams: 1, told: undefined }));
    if (await this.#deps.agents.hearTask(session, one.tool.server, id)) return true;
    this.unhear(session, [id]);
    return false;
  }

  #may({ principal }: AgentSession, tool: CatalogTool): boolean {
    return mayUse(principal, tool) && this.#deps.served.isServed(tool) && !this.#deps.agents.isPaused(tool.server);
  }

  #forget(server: ServerName, id: string): void {
    for (const heard of this.#heard.values()) if (heard.get(id)?.tool.server === server) return;
    this.#deps.agents.unhearTask(server, id);
  }
}
