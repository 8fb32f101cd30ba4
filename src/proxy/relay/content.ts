import type { Catalog } from '../catalog/types.ts';
import type { AgentRequest, AgentSession } from '../downstream/types.ts';
import { members, objectOf, withMembers } from '../json/slice.ts';
import { declaresTasks } from '../json/tasks-extension.ts';
import type { Era, Principal, RawJson, RawNotification, RawReply, ServerName } from '../model.ts';
import type { Pauses } from '../pause/types.ts';
import type { LookAside } from '../pipeline/look-aside.ts';
import type { LookThrough } from '../pipeline/look-through.ts';
import { mayUseContent } from '../policy/content-grants.ts';
import type { Flow } from '../policy/flow/flow.ts';
import type { ServedContent } from '../policy/served-content.ts';
import type { ServedTools } from '../policy/served.ts';
import type { UpstreamHub } from '../upstream/hub.ts';
import { Agents } from './agents.ts';
import { capabilitiesFor } from './capabilities.ts';
import { complete } from './completion.ts';
import { ExposedUris } from './exposed-uris.ts';
import type { WatchedList } from './list-watch.ts';
import { KnownTasks } from './known-tasks.ts';
import { Listening } from './listening.ts';
import { setLogLevel } from './log-level.ts';
import { Prompts } from './prompts.ts';
import { ResourceCache } from './resource-cache.ts';
import { ResourceRoutes } from './resource-routes.ts';
import { Resources } from './resources.ts';
import { TaskListeners } from './task-listeners.ts';
import { Tasks, type InspectResult } from './tasks.ts';

/** What of MCP is answered from beside tools. */
export interface ContentDeps {
  readonly hub: UpstreamHub;
  readonly catalog: Catalog;
  readonly tools: ServedTools;
  readonly content: ServedContent;
  readonly pauses: Pauses;
  readonly flow: Flow;
  readonly inspect: InspectResult;
  readonly lookThrough: LookThrough;
  readonly lookAside: LookAside;
}

/** Answers one method. */
export type Method = (request: AgentRequest) => RawReply | Promise<RawReply>;

/** Everything of MCP beside tools: prompts, resources, completion, log levels, and who the agents are that use them. */
export class ContentRelay {
  readonly agents: Agents;
  readonly tasks: Tasks;
  readonly uris: ExposedUris;
  /** By method. */
  readonly methods: ReadonlyMap<string, Method>;
  /** The lists whose changes agents are told of. */
  readonly lists: readonly WatchedList[];
  readonly #deps: ContentDeps;
  readonly #listening: Listening;
  readonly taskListeners: TaskListeners;

  constructor(deps: ContentDeps) {
    this.#deps = deps;
    const { hub, catalog, content, tools, pauses, inspect, flow, lookThrough, lookAside: look } = deps;
    const uris = new ExposedUris({ catalog, content, tools });
    const known = new KnownTasks();
    const agents: Agents = new Agents({ hub, catalog, uris, pauses, tasks: known, look, heard: (server, notification) => cache.heard(server, notification) });
    const cache = new ResourceCache({ flow, agents });
    const routes = new ResourceRoutes({ content, uris });
    const prompts = new Prompts(content, agents, lookThrough);
    const resources = new Resources({ content, uris, routes, agents, cache, lookThrough });
    this.uris = uris;
    this.agents = agents;
    this.tasks = new Tasks({ agents, catalog, served: tools, inspect, lookThrough, known, extension: () => declaresTasks(this.capabilities('modern')) });
    this.taskListeners = new TaskListeners({ agents, served: tools, inspect, lookThrough, known });
    this.#listening = new Listening(agents, routes);
    this.methods = new Map<string, Method>([
      ['prompts/list', (request) => prompts.list(request)],
      ['prompts/get', (request) => prompts.get(request)],
      ['resources/list', (request) => resources.list(request)],
      ['resources/templates/list', (request) => resources.listTemplates(request)],
      ['resources/read', (request) => resources.read(request)],
      ['resources/subscribe', (request) => resources.watch(request, true)],
      ['resources/unsubscribe', (request) => resources.watch(request, false)],
      ['completion/complete', (request) => complete({ catalog, content, uris, prompts, agents, lookThrough }, request)],
      ['logging/setLevel', (request) => setLogLevel(agents, request)],
      ...this.tasks.methods,
    ]);
    this.lists = [
      { notification: 'notifications/prompts/list_changed', of: (session) => prompts.exposed(session) },
      {
        notification: 'notifications/resources/list_changed',
        of: (session) => [...resources.visible(session), ...resources.visibleTemplates(session)],
      },
    ];
  }

  /** A notification that no single agent's connection brought. */
  notified(server: ServerName, notification: RawNotification): void {
    const { method, params } = notification;
    if (method === 'notifications/tasks' && params !== undefined) void this.taskListeners.told(server, withoutSubscription(params));
    else this.agents.notified(server, notification);
  }

  /** The resource URIs a modern agent listens to changed. */
  listening(session: AgentSession, uris: ReadonlySet<string>): Promise<void> {
    return this.#listening.update(session, uris);
  }

  /** Raw capabilities agents of this era are told. */
  capabilities(era: Era): RawJson {
    const { catalog, content, hub, tools } = this.#deps;
    const servers = new Set<ServerName>(tools.servers());
    for (const { server } of content.servers()) servers.add(server);
    const declared = [...servers].flatMap((server) => [catalog.server(server)?.capabilities, hub.get(server)?.modernCapabilities]);
    return capabilitiesFor(era, declared);
  }

  /** The approved instructions of the servers this principal may use, with the slug each is exposed under. */
  *instructions(principal: Principal): Iterable<{ readonly server: ServerName; readonly slug: string; readonly text: string }> {
    const { catalog, content } = this.#deps;
    for (const { server, instructions } of content.servers()) {
      if (instructions === undefined || !mayUseContent(principal, server, 'instructions')) continue;
      yield { server, slug: catalog.server(server)?.slug ?? server, text: instructions };
    }
  }
}

/** The id of our own subscription says nothing to anybody else. */
function withoutSubscription(params: RawJson): RawJson {
  const meta = members(members(params)?.get('_meta') ?? '');
  if (meta === undefined) return params;
  meta.delete('io.modelcontextprotocol/subscriptionId');
  return withMembers(params, { _meta: meta.size === 0 ? undefined : objectOf(meta) });
}
