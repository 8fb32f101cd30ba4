import type { Catalog } from '../catalog/types.ts';
import type { AgentRequest, AgentSession } from '../downstream/types.ts';
import { VestibuleError } from '../errors.ts';
import type { Digest, RawNotification, RawReply, ServerName } from '../model.ts';
import type { Flight, Pauses } from '../pause/types.ts';
import type { LookAside } from '../pipeline/look-aside.ts';
import type { UpstreamLink } from '../pipeline/types.ts';
import type { UpstreamHub } from '../upstream/hub.ts';
import type { ServerConnections } from '../upstream/server-connections.ts';
import type { UpstreamConnection } from '../upstream/types.ts';
import { Agent, type AgentDeps } from './agent.ts';
import type { Ask } from './asking.ts';
import type { ExposedUris, ResourceAddress } from './exposed-uris.ts';
import { failedReply, pausedReply } from './failures.ts';
import type { KnownTasks } from './known-tasks.ts';
import { Link, type LinkRequest } from './link.ts';
import { relayedNotification, type Exposure } from './notifications.ts';

/** What is no tool is paused with its server, and never by itself: no tool is called this. */
const NO_TOOL = '';

/** Whom agents reach. */
export interface AgentsDeps {
  readonly hub: UpstreamHub;
  readonly catalog: Catalog;
  readonly uris: ExposedUris;
  readonly pauses: Pauses;
  readonly tasks: KnownTasks;
  readonly look: LookAside;
  /** Told of every notification of a server, whoever gets it. */
  heard(server: ServerName, notification: RawNotification): void;
}

/** Every agent that is known now, with its ways to upstreams. */
export class Agents {
  readonly #deps: AgentsDeps;
  readonly #agents = new Map<AgentSession, Agent>();
  readonly #agentDeps: AgentDeps;

  constructor(deps: AgentsDeps) {
    this.#deps = deps;
    this.#agentDeps = {
      ownedBy: (server, agentId) => deps.hub.get(server)?.ownedBy(agentId),
      allOwnedBy: (agentId) => this.#allOwnedBy(agentId),
      exposureOf: (server) => this.exposureOf(server),
      isPaused: (server) => this.isPaused(server),
      look: deps.look,
      heard: (server, notification) => deps.heard(server, notification),
      relayed: ({ principal }, server, notification) => {
        const relayed = deps.tasks.isForeign(principal.id, server, notification) ? undefined : relayedNotification(this.exposureOf(server), notification);
        return relayed && deps.look.notification(server, relayed);
      },
    };
  }

  opened(session: AgentSession): void {
    this.#agents.set(session, new Agent(session, this.#agentDeps));
  }

  /** The agent is gone, and so are the connections that spoke for it. */
  closed(session: AgentSession): void {
    this.#agents.delete(session);
    this.#deps.hub.release(session.id);
  }

  /** False where the connection a session has of its own lists no such definition: what it may not call it does not see. */
  offers(session: AgentSession, server: ServerName, digest: Digest): boolean {
    const own = this.#deps.hub.get(server)?.ownedBy(session.id);
    return own === undefined || own.closed || this.#deps.catalog.isOffered(own, digest);
  }

  /** True while a person has everything of this server paused. */
  isPaused(server: ServerName): boolean {
    return this.#deps.pauses.reach(server, NO_TOOL) !== undefined;
  }

  /** Counts a request that is no tool call as under way at a server, until the result is disposed. */
  enter(server: ServerName, within: AbortSignal): Flight {
    return this.#deps.pauses.enter(server, NO_TOOL, Date.now(), within);
  }

  /** The agent of a session that was opened. */
  of(session: AgentSession): Agent {
    const agent = this.#agents.get(session);
    if (agent === undefined) throw new Error('The session is not open.');
    return agent;
  }

  /**
   * The way from a request of an agent to a server; a promise only where it has to be connected first.
   * @throws VestibuleError as `CallSession.connect`
   */
  connect(server: ServerName, request: AgentRequest, own: LinkRequest): UpstreamLink | Promise<UpstreamLink> {
    const upstream = this.#upstream(server);
    const agent = this.of(request.session);
    const ask: Ask = (method, params, options) => request.request(method, params, options);
    const live = upstream.liveFor(agent);
    if (live !== undefined) return this.#link(server, request, own, { agent, ask, upstream, connection: live });
    return agent.during(server, ask, async () => this.#link(server, request, own, { agent, ask, upstream, connection: await upstream.connectFor(agent) }));
  }

  #link(server: ServerName, request: AgentRequest, own: LinkRequest, { agent, ask, upstream, connection }: { readonly agent: Agent; readonly ask: Ask; readonly upstream: ServerConnections; readonly connection: UpstreamConnection }): Link {
    const { catalog, uris, look } = this.#deps;
    const heard = (notification: RawNotification): void => this.#deps.heard(server, notification);
    const congestion = (): Promise<void> | undefined => request.congestion();
    return new Link({ agent, ask, congestion, own, server, config: upstream.config, connection, catalog, uris, look, heard, exposure: this.exposureOf(server) });
  }

  /** The agent wants to hear of changes of a resource, or no longer does. Resolves with the server's answer. */
  async watch(session: AgentSession, { server, uri }: ResourceAddress, on: boolean): Promise<RawReply> {
    if (on && this.isPaused(server)) return pausedReply(server);
    const agent = this.of(session);
    // What comes before the answer counts already.
    agent.watches(server, uri, on);
    try {
      const upstream = this.#upstream(server);
      const reply = on ? await upstream.watchFor(agent, uri) : await upstream.unwatchFor(agent.id, uri);
      if ('error' in reply) agent.watches(server, uri, false);
      return reply;
    } catch (error) {
      if (on) agent.watches(server, uri, false);
      return failedReply(server, error);
    }
  }

  /** A session wants to hear of a task of a server's. @returns whether the server tells of it */
  async hearTask(session: AgentSession, server: ServerName, taskId: string): Promise<boolean> {
    try {
      return await this.#upstream(server).hearTask(this.of(session), taskId);
    } catch {
      // A server that cannot be reached tells nothing.
      return false;
    }
  }

  /** Nobody wants to hear of it any more. */
  unhearTask(server: ServerName, taskId: string): void {
    this.#deps.hub.get(server)?.unhearTask(taskId);
  }

  /** A notification that no single agent's connection brought: those hear of it that asked for it. */
  notified(server: ServerName, notification: RawNotification): void {
    this.#deps.heard(server, notification);
    if (notification.method !== 'notifications/resources/updated') return;
    for (const agent of this.#agents.values()) agent.tell(server, notification);
  }

  #upstream(server: ServerName): ServerConnections {
    const upstream = this.#deps.hub.get(server);
    if (upstream !== undefined) return upstream;
    throw new VestibuleError('not-found', `There is no server named "${server}".`, { action: 'Use another server.' });
  }

  *#allOwnedBy(agentId: string): Iterable<UpstreamConnection> {
    for (const upstream of this.#deps.hub.all()) {
      const connection = upstream.ownedBy(agentId);
      if (connection !== undefined) yield connection;
    }
  }

  /** How the names of a server look to agents. */
  exposureOf(server: ServerName): Exposure {
    return { slug: this.#deps.catalog.server(server)?.slug ?? '', expose: (uri) => this.#deps.uris.expose(server, uri) };
  }
}
