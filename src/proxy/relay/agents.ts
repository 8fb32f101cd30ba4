import type { Catalog } from '../catalog/types.ts';
import type { AgentRequest, AgentSession } from '../downstream/types.ts';
import { VestibuleError } from '../errors.ts';
import type { ServerName } from '../model.ts';
import type { UpstreamLink } from '../pipeline/types.ts';
import type { UpstreamHub } from '../upstream/hub.ts';
import type { UpstreamConnection } from '../upstream/types.ts';
import { Agent, type AgentDeps } from './agent.ts';
import type { Ask } from './asking.ts';
import { Link, type LinkRequest } from './link.ts';
import { relayedNotification } from './notifications.ts';

/** Whom agents reach. */
export interface AgentsDeps {
  readonly hub: UpstreamHub;
  readonly catalog: Catalog;
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
      originOf: (server) => (this.#slugOf(server) === '' ? undefined : server),
      relayed: (server, notification) => relayedNotification(this.#slugOf(server), notification),
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

  /** The agent of a session that was opened. */
  of(session: AgentSession): Agent {
    const agent = this.#agents.get(session);
    if (agent === undefined) throw new Error('The session is not open.');
    return agent;
  }

  /**
   * The way from a request of an agent to a server.
   * @throws VestibuleError as `CallSession.connect`
   */
  async connect(server: ServerName, request: AgentRequest, own: LinkRequest): Promise<UpstreamLink> {
    const upstream = this.#deps.hub.get(server);
    if (upstream === undefined) {
      throw new VestibuleError('not-found', `There is no server named "${server}".`, { action: 'Use another server.' });
    }
    const agent = this.of(request.session);
    const ask: Ask = (method, params, options) => request.request(method, params, options);
    const connection = await agent.during(server, ask, () => upstream.connectFor(agent));
    return new Link({ agent, ask, own, server, slug: this.#slugOf(server), config: upstream.config, connection, catalog: this.#deps.catalog });
  }

  *#allOwnedBy(agentId: string): Iterable<UpstreamConnection> {
    for (const upstream of this.#deps.hub.all()) {
      const connection = upstream.ownedBy(agentId);
      if (connection !== undefined) yield connection;
    }
  }

  #slugOf(server: ServerName): string {
    return this.#deps.catalog.server(server)?.slug ?? server;
  }
}
