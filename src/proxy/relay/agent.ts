import { AgentRequestError, type AgentSession } from '../downstream/types.ts';
import { members, stringOf } from '../json/slice.ts';
import { withoutTasks } from '../json/tasks-extension.ts';
import type { Era, RawJson, RawNotification, RawReply, ServerName } from '../model.ts';
import type { Found, LookAside } from '../pipeline/look-aside.ts';
import type { ConnectionOwner } from '../upstream/server-connections.ts';
import { declares } from '../upstream/server-info.ts';
import type { ClientRequest, Sender, UpstreamConnection } from '../upstream/types.ts';
import { Asking, type Ask } from './asking.ts';
import type { Exposure } from './notifications.ts';

/** How long an upstream may take over a change of the log level before we go on regardless. */
const SET_LEVEL_MS = 5_000;
/** URIs in results that are remembered with their server. */
const MAX_MENTIONED = 1_000;

/** What an agent needs of the rest of the house. */
export interface AgentDeps {
  /** The live connection to a server that the agent of this id alone has. */
  ownedBy(server: ServerName, agentId: string): UpstreamConnection | undefined;
  /** All those connections. */
  allOwnedBy(agentId: string): Iterable<UpstreamConnection>;
  /** How the names of a server look to agents. */
  exposureOf(server: ServerName): Exposure;
  /** True while a person has everything of this server paused. */
  isPaused(server: ServerName): boolean;
  /** What is done about what servers say beside their answers. */
  readonly look: LookAside;
  /** Told of every notification of a server, whoever gets it. */
  heard(server: ServerName, notification: RawNotification): void;
  /** A notification as this agent may have it; undefined when it may not. */
  relayed(session: AgentSession, server: ServerName, notification: RawNotification): RawNotification | undefined;
}

/** One agent as upstreams see it: the owner of connections, who answers what is asked by them. */
export class Agent implements ConnectionOwner {
  readonly session: AgentSession;
  /** Who its requests speak for at servers of the modern era, where they do not say so themselves. */
  readonly sender: Sender;
  readonly #deps: AgentDeps;
  readonly #asking: Asking;
  /** Requests of the agent under way, as ways to reach it, by the server they are for. */
  readonly #underWay = new Map<ServerName, Set<Ask>>();
  /** Resources the agent wants to hear of, as their servers call them. */
  readonly #watched = new Map<ServerName, Set<string>>();
  /** URIs that results held, with the server of the last of these. */
  readonly #mentioned = new Map<string, ServerName>();
  #logLevel: RawJson | undefined;

  constructor(session: AgentSession, deps: AgentDeps) {
    this.session = session;
    // The legacy era has tasks of its own: a server of the modern one must not answer with any.
    const capabilities = withoutTasks(session.capabilities);
    const logLevel = (): RawJson | undefined => this.#logLevel;
    this.sender = {
      clientInfo: session.clientInfo,
      capabilities,
      get logLevel() {
        return logLevel();
      },
    };
    this.#deps = deps;
    this.#asking = new Asking({ capabilities: session.capabilities, exposureOf: (server) => deps.exposureOf(server), isPaused: (server) => deps.isPaused(server), look: deps.look });
  }

  get id(): string {
    return this.session.id;
  }

  get era(): Era {
    return this.session.era;
  }

  get clientInfo(): RawJson {
    return this.session.clientInfo;
  }

  get capabilities(): RawJson {
    return this.session.capabilities;
  }

  get protocolVersion(): string {
    return this.session.protocolVersion;
  }

  /** Raw level of the log messages a legacy agent asked for, if it did. */
  get logLevel(): RawJson | undefined {
    return this.#logLevel;
  }

  /** Puts what an upstream asks in the course of one of the agent's requests on that request's stream. */
  ask(server: ServerName, request: ClientRequest, ask: Ask, found?: Found): Promise<RawReply> {
    return this.#asking.ask(server, request, ask, found);
  }

  /** Runs the part of a request that has to do with `server`; meanwhile the agent can be reached by it. */
  async during<T>(server: ServerName, ask: Ask, run: () => Promise<T>): Promise<T> {
    let ways = this.#underWay.get(server);
    // Kept when it is empty: the next call is on its way already. There are as many as servers.
    if (ways === undefined) this.#underWay.set(server, (ways = new Set()));
    ways.add(ask);
    try {
      return await run();
    } finally {
      ways.delete(ask);
    }
  }

  asked(server: ServerName, request: ClientRequest): Promise<RawReply> {
    return this.#asking.ask(server, request, async (method, params, options) => {
      try {
        return await this.session.request(method, params, options);
      } catch (error) {
        const unreachable = error instanceof AgentRequestError && (error.kind === 'no-stream' || error.kind === 'unsupported');
        // Where the agent opened no stream of its own, its only request for this server is the next best way.
        const [way, another] = this.#underWay.get(server) ?? [];
        if (!unreachable || way === undefined || another !== undefined) throw error;
        return way(method, params, options);
      }
    });
  }

  /** A result of this server named a resource. */
  mention(uri: string, server: ServerName): void {
    this.#mentioned.delete(uri);
    this.#mentioned.set(uri, server);
    const [oldest] = this.#mentioned.keys();
    if (this.#mentioned.size > MAX_MENTIONED && oldest !== undefined) this.#mentioned.delete(oldest);
  }

  /** The server whose result named this resource last. */
  mentionedBy(uri: string): ServerName | undefined {
    return this.#mentioned.get(uri);
  }

  /** Notes that the agent watches a resource of a server, or does no longer. */
  watches(server: ServerName, uri: string, on: boolean): void {
    const uris = this.#watched.get(server) ?? new Set<string>();
    if (on) this.#watched.set(server, uris.add(uri));
    else if (uris.delete(uri) && uris.size === 0) this.#watched.delete(server);
  }

  notified(server: ServerName, notification: RawNotification): void {
    this.#deps.heard(server, notification);
    this.tell(server, notification);
  }

  /** Passes a notification of a server on, if the agent may have it and wants it. */
  tell(server: ServerName, notification: RawNotification): void {
    if (notification.method === UPDATED && !this.#isWatched(server, notification.params)) return;
    if (this.#deps.isPaused(server)) return;
    const relayed = this.#deps.relayed(this.session, server, notification);
    if (relayed !== undefined) this.session.notify(relayed.method, relayed.params);
  }

  congestion(): Promise<void> | undefined {
    return this.session.congestion();
  }

  /** Some servers tell of parts of what is watched (MCP, resources/updated): those are passed on as well. */
  #isWatched(server: ServerName, params: RawJson | undefined): boolean {
    const uri = params === undefined ? undefined : stringOf(members(params)?.get('uri'));
    const watched = this.#watched.get(server);
    return uri !== undefined && watched !== undefined && (watched.has(uri) || [...watched].some((whole) => uri.startsWith(whole)));
  }

  async connected(_server: ServerName, connection: UpstreamConnection): Promise<void> {
    if (this.#logLevel !== undefined) await setLevel(connection, this.#logLevel);
  }

  /** Takes a notification of the agent's own, and hands it to the servers it concerns. */
  said(method: string, params: RawJson | undefined): void {
    switch (method) {
      case 'notifications/roots/list_changed':
        for (const connection of this.#deps.allOwnedBy(this.id)) connection.notify(method, params);
        break;
      case 'notifications/progress': {
        const progress = params === undefined ? undefined : this.#asking.progressOf(params);
        if (progress !== undefined) this.#deps.ownedBy(progress.server, this.id)?.notify(method, progress.params);
        break;
      }
      case 'notifications/tasks/status': {
        const server = this.#asking.askerOfTask(params);
        if (server !== undefined) this.#deps.ownedBy(server, this.id)?.notify(method, params);
        break;
      }
    }
  }

  /** Sets the least severe level of log messages the agent wants, at every server it uses and will use. */
  async setLogLevel(level: RawJson): Promise<void> {
    this.#logLevel = level;
    await Promise.all([...this.#deps.allOwnedBy(this.id)].map((connection) => setLevel(connection, level)));
  }
}

const UPDATED = 'notifications/resources/updated';

async function setLevel(connection: UpstreamConnection, level: RawJson): Promise<void> {
  if (connection.info.era === 'modern' || !declares(connection.info, 'logging')) return;
  // A server that does not take the level logs as it likes; that is no reason not to use it.
  await connection.call('logging/setLevel', `{"level":${level}}`, { timeoutMs: SET_LEVEL_MS, maxTimeoutMs: SET_LEVEL_MS }).catch(() => undefined);
}
