import type { UpstreamConfig } from '../config/types.ts';
import { Emitter, type Disposable, type Event } from '../events.ts';
import type { Era, RawJson, RawNotification, RawReply, ServerName } from '../model.ts';
import { NEWEST_LEGACY } from './negotiate.ts';
import { ownProfile } from './profile.ts';
import { createUpstream } from './supervisor.ts';
import type {
  ClientRequest,
  ConnectionProfile,
  Listing,
  Upstream,
  UpstreamConnection,
  UpstreamDeps,
  UpstreamPeer,
  UpstreamState,
} from './types.ts';

/** An agent that has connections of its own: what they declare is the agent's, and so are the answers. */
export interface ConnectionOwner {
  /** Stands for the agent as long as it is known. */
  readonly id: string;
  readonly era: Era;
  /** Raw `clientInfo`. */
  readonly clientInfo: RawJson;
  /** Raw capabilities. */
  readonly capabilities: RawJson;
  /** The revision the agent speaks. */
  readonly protocolVersion: string;
  /** As `UpstreamPeer.asked`. */
  asked(server: ServerName, request: ClientRequest): Promise<RawReply>;
  /** As `UpstreamPeer.notified`. */
  notified(server: ServerName, notification: RawNotification): void;
  /** As `UpstreamPeer.congestion`. */
  congestion(): Promise<void> | undefined;
  /** As `UpstreamPeer.connected`. */
  connected(server: ServerName, connection: UpstreamConnection): Promise<void>;
}

/** How often a server that leaves is asked whether it is through, in milliseconds. */
const FINISH_POLL_MS = 50;

/** How often what a connection shows of a server may change who uses it, before a use takes it as it is. */
const MAX_TURNS = 3;

/**
 * Every connection to one server. A session of the legacy era has its own, and so does a modern agent where the server
 * speaks nothing newer. One stateless connection serves all modern agents. The primary one lists what nobody uses yet,
 * and serves everybody where the entry says `shared`. Each agent is spoken to the server in its own era, if the server
 * can; what eras it speaks is learned from connections.
 */
export class ServerConnections implements Disposable {
  /** Its entry as it is now; what connections are made from does not change. */
  config: UpstreamConfig;
  readonly #deps: UpstreamDeps;
  /** The era the primary connection tries first. */
  readonly #wanted: Era;
  readonly #primary: Upstream;
  /** True once modern agents use the primary connection: then it is not ended because somebody has another. */
  #primaryServes = false;
  #stateless: Upstream | undefined;
  readonly #owned = new Map<string, Upstream>();
  /** Resources that agents watch over connections they share, and who does. */
  readonly #watchers = new Map<string, { readonly upstream: Upstream; readonly owners: Set<string> }>();
  /** Connections of agents that are gone, while they end. */
  readonly #leaving = new Set<Promise<void>>();
  readonly #speaks: Map<Era, boolean>;
  #modernCapabilities: RawJson | undefined;
  readonly #stateChanged = new Emitter<UpstreamState>();
  readonly #listed = new Emitter<Listing>();
  readonly #notified = new Emitter<RawNotification>();

  constructor(config: UpstreamConfig, deps: UpstreamDeps) {
    this.config = config;
    this.#deps = deps;
    this.#speaks = new Map(deps.eras?.of(config));
    // Programs on stdio may end themselves over a question of the modern era, and agents of the legacy one share its answers.
    this.#wanted = config.transport.type === 'http' && !config.shared ? 'modern' : 'legacy';
    this.#primary = this.#create(() => ownProfile(this.#eraFor(this.#wanted), deps.clientVersion), this.#sharedPeer);
  }

  /** The best state of any connection. */
  get state(): UpstreamState {
    const states = this.#all().map(({ state }) => state);
    return RANKED.map((kinds) => states.find(({ kind }) => kinds.includes(kind))).find((state) => state !== undefined) ?? this.#primary.state;
  }

  get onDidChangeState(): Event<UpstreamState> {
    return this.#stateChanged.event;
  }

  /** A listing of any connection. */
  get onListing(): Event<Listing> {
    return this.#listed.event;
  }

  /** Notifications of connections that no single agent owns, where they belong to no request. */
  get onSharedNotification(): Event<RawNotification> {
    return this.#notified.event;
  }

  /** Raw capabilities as declared in the modern era last; undefined while it was not spoken to in that. */
  get modernCapabilities(): RawJson | undefined {
    return this.#modernCapabilities;
  }

  connect(): Promise<UpstreamConnection> {
    return this.#primary.connect();
  }

  /**
   * The connection that speaks for this agent, made if need be. @throws as `connect`
   */
  async connectFor(owner: ConnectionOwner): Promise<UpstreamConnection> {
    for (let turn = 1; ; turn++) {
      const upstream = this.#upstreamFor(owner);
      const connection = await upstream.connect();
      const better = this.#upstreamFor(owner);
      if (better === upstream || turn === MAX_TURNS) {
        this.#retirePrimaryBeside(upstream);
        return connection;
      }
      if (upstream === this.#owned.get(owner.id)) this.release(owner.id);
      else upstream.retire();
    }
  }

  /** As `connectFor`, where nothing has to be waited for: undefined otherwise. */
  liveFor(owner: ConnectionOwner): UpstreamConnection | undefined {
    const upstream = this.#upstreamFor(owner);
    const connection = upstream.use();
    if (connection !== undefined) this.#retirePrimaryBeside(upstream);
    return connection;
  }

  /**
   * This agent hears of changes of a resource from now on: as notifications of its own connection, or of all
   * (`onSharedNotification`). Resolves with the server's answer. @throws as `connect`, UpstreamCallError
   */
  async watchFor(owner: ConnectionOwner, uri: string): Promise<RawReply> {
    await this.connectFor(owner);
    const upstream = this.#upstreamFor(owner);
    if (upstream === this.#owned.get(owner.id)) return upstream.watch(uri);
    const watched = this.#watchers.get(uri);
    if (watched !== undefined) {
      watched.owners.add(owner.id);
      return WATCHED;
    }
    this.#watchers.set(uri, { upstream, owners: new Set([owner.id]) });
    const reply = await upstream.watch(uri);
    if ('error' in reply) this.#watchers.delete(uri);
    return reply;
  }

  /** Takes that back. @throws UpstreamCallError */
  async unwatchFor(ownerId: string, uri: string): Promise<RawReply> {
    const owned = this.#owned.get(ownerId);
    if (owned !== undefined) return owned.unwatch(uri);
    const watched = this.#watchers.get(uri);
    if (watched?.owners.delete(ownerId) !== true || watched.owners.size > 0) return WATCHED;
    this.#watchers.delete(uri);
    return watched.upstream.unwatch(uri);
  }

  /**
   * Agents of the modern era hear of a task from now on (`onSharedNotification`). Resolves with whether the server says
   * that it tells of it. @throws as `connect`
   */
  async hearTask(owner: ConnectionOwner, taskId: string): Promise<boolean> {
    await this.connectFor(owner);
    const upstream = this.#upstreamFor(owner);
    return upstream !== this.#owned.get(owner.id) && (await upstream.watchTask(taskId));
  }

  /** Takes that back. */
  unhearTask(taskId: string): void {
    for (const upstream of this.#all()) upstream.unwatchTask(taskId);
  }

  /** The live connection this agent alone has, if any. */
  ownedBy(ownerId: string): UpstreamConnection | undefined {
    return this.#owned.get(ownerId)?.connection;
  }

  /** Ends what this agent alone has: it is gone. */
  release(ownerId: string): void {
    for (const [uri, { owners }] of this.#watchers) if (owners.has(ownerId)) void this.unwatchFor(ownerId, uri).catch(() => undefined);
    const upstream = this.#owned.get(ownerId);
    if (upstream === undefined) return;
    this.#owned.delete(ownerId);
    const leaving = upstream.stop().finally(() => {
      upstream.dispose();
      this.#leaving.delete(leaving);
    });
    this.#leaving.add(leaving);
    this.#stateChanged.fire(this.state);
  }

  async refresh(): Promise<void> {
    const live = this.#all().find(({ state }) => state.kind === 'ready') ?? this.#primary;
    await live.refresh();
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.#primary.restart();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#all().map((upstream) => upstream.stop()), ...this.#leaving]);
  }

  /**
   * Lets requests under way finish, for `withinMs` milliseconds at most, then stops: what is taken out of the
   * configuration ends under the configuration it began with.
   */
  async finish(withinMs: number): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (performance.now() < deadline && this.#all().some(({ inFlight }) => inFlight > 0)) {
      await new Promise((resolve) => setTimeout(resolve, FINISH_POLL_MS).unref());
    }
    await this.stop();
  }

  dispose(): void {
    for (const upstream of this.#all()) upstream.dispose();
    this.#owned.clear();
    for (const emitter of [this.#stateChanged, this.#listed, this.#notified]) emitter.dispose();
  }

  /** What the primary would list comes by this connection as well. */
  #retirePrimaryBeside(upstream: Upstream): void {
    if (upstream !== this.#primary && !this.#primaryServes && this.config.lazy && !this.config.shared) this.#primary.retire();
  }

  #all(): Upstream[] {
    return [this.#primary, ...(this.#stateless === undefined ? [] : [this.#stateless]), ...this.#owned.values()];
  }

  #upstreamFor(owner: ConnectionOwner): Upstream {
    const era = this.#eraFor(owner.era);
    if (era === 'modern' && (this.config.shared || this.#speaks.get('modern') === true)) return this.#statelessUpstream();
    if (this.config.shared) return this.#primary;
    return this.#owned.get(owner.id) ?? this.#createOwned(owner);
  }

  /** The wanted era, unless the server is known not to speak it. */
  #eraFor(wanted: Era): Era {
    const other: Era = wanted === 'legacy' ? 'modern' : 'legacy';
    return this.#speaks.get(wanted) === false ? other : wanted;
  }

  /** One for all modern agents; the primary, where that is of this era. */
  #statelessUpstream(): Upstream {
    if (this.#eraFor(this.#wanted) === 'modern') {
      this.#primaryServes = true;
      return this.#primary;
    }
    this.#stateless ??= this.#create(() => ownProfile('modern', this.#deps.clientVersion), this.#sharedPeer);
    return this.#stateless;
  }

  #createOwned(owner: ConnectionOwner): Upstream {
    const { name } = this.config;
    const { clientInfo, capabilities } = owner;
    const protocolVersion = owner.era === 'legacy' ? owner.protocolVersion : NEWEST_LEGACY;
    const upstream = this.#create(() => ({ prefer: this.#eraFor(owner.era), clientInfo, capabilities, protocolVersion }), {
      asked: (request) => owner.asked(name, request),
      notified: (notification) => owner.notified(name, notification),
      congestion: () => owner.congestion(),
      connected: (connection) => owner.connected(name, connection),
    });
    this.#owned.set(owner.id, upstream);
    return upstream;
  }

  #create(profile: () => ConnectionProfile, peer: UpstreamPeer): Upstream {
    let tried: Era = 'legacy';
    const upstream = createUpstream(this.config, this.#deps, {
      profile: () => {
        const declared = profile();
        tried = declared.prefer;
        return declared;
      },
      peer,
    });
    upstream.onListing((listing) => this.#listed.fire(listing));
    upstream.onDidChangeState((state) => {
      if (state.kind === 'ready') {
        this.#learn(tried, state.info.era);
        if (state.info.era === 'modern') this.#modernCapabilities = state.info.capabilities;
      }
      this.#stateChanged.fire(this.state);
    });
    return upstream;
  }

  readonly #sharedPeer: UpstreamPeer = { notified: (notification) => this.#notified.fire(notification) };

  #learn(tried: Era, spoken: Era): void {
    if (tried !== spoken) this.#speaks.set(tried, false);
    this.#speaks.set(spoken, true);
    void this.#deps.eras?.note(this.config, this.#speaks);
  }
}

const WATCHED: RawReply = { result: '{}' };

/** Kinds of state, best first, that stand for the server whichever connection is in them. */
const RANKED: readonly (readonly UpstreamState['kind'][])[] = [['ready'], ['starting'], ['sign-in-needed', 'needs-input', 'failed']];
