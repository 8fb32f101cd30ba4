import type { UpstreamConfig } from '../config/types.ts';
import { messageOf, VestibuleError, type VestibuleErrorReason } from '../errors.ts';
import { Emitter, type Event } from '../events.ts';
import { rpcError } from '../json/frame.ts';
import type { RawReply } from '../model.ts';
import { connectUpstream } from './connect.ts';
import { changedLists, DefinitionLister } from './definition-lister.ts';
import { failureOf, stoppedWhileStarting, UpstreamError } from './failure.ts';
import type { LegEnd } from './leg.ts';
import { ModernListener } from './listener.ts';
import { orAborted } from './or-aborted.ts';
import { ownProfile } from './profile.ts';
import { Relister } from './relist.ts';
import { RestartPolicy } from './restart-policy.ts';
import type { RpcConnection } from './rpc-connection.ts';
import { throttledLog, type WriteLog } from './throttled-log.ts';
import {
  UpstreamCallError,
  type ConnectionProfile,
  type Listing,
  type Upstream,
  type UpstreamConnection,
  type UpstreamDeps,
  type UpstreamFailure,
  type UpstreamPeer,
  type UpstreamState,
} from './types.ts';

/** Resources watched at one server over one connection. */
const MAX_WATCHED = 10_000;
const WATCHED: RawReply = { result: '{}' };

/** The longest delay a Node timer holds. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Times that tests shorten, in milliseconds. */
export interface SupervisorTimes {
  readonly handshakeMs: number;
  /** One minute of `idleStopMinutes`. */
  readonly minuteMs: number;
}

const DEFAULT_TIMES: SupervisorTimes = { handshakeMs: 30_000, minuteMs: 60_000 };

/** Reasons that trying again without a person cannot change. */
const NEEDS_PERSON: ReadonlySet<VestibuleErrorReason> = new Set(['unknown-variable', 'command-not-found', 'bad-url', 'bad-config', 'disposed']);

/** How an upstream is supervised, where it differs from a connection of our own. */
export interface SupervisorOptions {
  /** What each new connection declares; asked anew for each. */
  readonly profile?: () => ConnectionProfile;
  readonly peer?: UpstreamPeer;
  /** Shorter times, for tests. */
  readonly times?: Partial<SupervisorTimes>;
}

/** Supervises one configured upstream. Nothing starts before the first `connect`. */
export function createUpstream(config: UpstreamConfig, deps: UpstreamDeps, options: SupervisorOptions = {}): Upstream {
  return new Supervisor(config, deps, options);
}

/** A connection that is listed and in use. */
interface Live {
  readonly connection: RpcConnection;
  readonly lister: DefinitionLister;
  /** Of a server of the modern era. */
  listener: ModernListener | undefined;
  readonly relister: Relister;
}

class Supervisor implements Upstream {
  readonly config: UpstreamConfig;
  readonly #deps: UpstreamDeps;
  readonly #times: SupervisorTimes;
  readonly #profile: () => ConnectionProfile;
  readonly #peer: UpstreamPeer | undefined;
  readonly #log: WriteLog;
  readonly #policy = new RestartPolicy();
  readonly #stateChanged = new Emitter<UpstreamState>();
  readonly #listed = new Emitter<Listing>();
  #state: UpstreamState = { kind: 'idle' };
  #live: Live | undefined;
  #starting: { readonly live: Promise<Live>; readonly abort: AbortController } | undefined;
  /** Connections that are being ended. The next start waits for them, so that two never run side by side. */
  readonly #ending = new Set<Promise<void>>();
  /** Resources somebody wants to hear of, as long as somebody does. */
  readonly #watched = new Set<string>();
  /** The same of tasks. */
  readonly #tasks = new Set<string>();
  #lastFailure: VestibuleError | undefined;
  #lastUse = -Infinity;
  #retryTimer: NodeJS.Timeout | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  #disposed = false;

  constructor(config: UpstreamConfig, deps: UpstreamDeps, options: SupervisorOptions) {
    this.config = config;
    this.#deps = deps;
    this.#times = { ...DEFAULT_TIMES, ...options.times };
    this.#profile = options.profile ?? (() => ownProfile('legacy', deps.clientVersion));
    this.#peer = options.peer;
    this.#log = throttledLog(config.name, (line) => deps.log(line));
  }

  get state(): UpstreamState {
    if (!this.config.enabled) return { kind: 'disabled' };
    // Approval is decided elsewhere and may come or go at any time: it is asked, not remembered.
    if (this.#state.kind !== 'idle' && this.#state.kind !== 'quarantined') return this.#state;
    return { kind: this.#deps.launchApproved(this.config) ? 'idle' : 'quarantined' };
  }

  get connection(): UpstreamConnection | undefined {
    return this.#live?.connection;
  }

  get inFlight(): number {
    return this.#live?.connection.inFlight ?? 0;
  }

  get onDidChangeState(): Event<UpstreamState> {
    return this.#stateChanged.event;
  }

  get onListing(): Event<Listing> {
    return this.#listed.event;
  }

  async connect(): Promise<UpstreamConnection> {
    return (await this.#use()).connection;
  }

  use(): UpstreamConnection | undefined {
    this.#lastUse = performance.now();
    return this.#live?.connection;
  }

  async refresh(): Promise<void> {
    this.#lastUse = performance.now();
    const before = this.#live;
    if (before === undefined) {
      await this.#connected();
      return;
    }
    try {
      before.lister.forget();
      await before.relister.now();
    } catch (error) {
      throw listingFailure(error, before.connection);
    }
  }

  /** True while somebody waits for changes. */
  get #isWatching(): boolean {
    return this.#watched.size + this.#tasks.size > 0;
  }

  async watch(uri: string): Promise<RawReply> {
    const { connection } = await this.#use();
    if (this.#watched.size >= MAX_WATCHED) return { error: rpcError(-32000, 'Too many resources are watched at this server') };
    const listener = this.#live?.listener;
    const reply = listener === undefined ? await this.#subscription(connection, 'resources/subscribe', uri) : WATCHED;
    if ('result' in reply) this.#watched.add(uri);
    listener?.update();
    return reply;
  }

  async watchTask(taskId: string): Promise<boolean> {
    await this.#use();
    const listener = this.#live?.listener;
    if (listener === undefined || this.#tasks.size >= MAX_WATCHED) return false;
    this.#tasks.add(taskId);
    return listener.hears(taskId);
  }

  unwatchTask(taskId: string): void {
    if (this.#tasks.delete(taskId)) this.#live?.listener?.update();
  }

  async unwatch(uri: string): Promise<RawReply> {
    this.#watched.delete(uri);
    const live = this.#live;
    if (live === undefined) return WATCHED;
    if (live.listener === undefined) return this.#subscription(live.connection, 'resources/unsubscribe', uri);
    live.listener.update();
    return WATCHED;
  }

  async restart(): Promise<void> {
    await this.stop();
    this.#policy.reset();
    await this.connect();
  }

  async stop(): Promise<void> {
    clearTimeout(this.#retryTimer);
    const starting = this.#starting;
    starting?.abort.abort();
    if (this.#live !== undefined) this.#end(this.#live, 'Stopped.');
    await starting?.live.catch(() => undefined);
    await this.#ended();
    if (this.#starting === undefined && this.#live === undefined) this.#setState({ kind: 'idle' });
  }

  retire(): void {
    if (this.inFlight === 0 && !this.#isWatching) void this.stop();
  }

  dispose(): void {
    this.#disposed = true;
    void this.stop();
    this.#listed.dispose();
    this.#stateChanged.dispose();
  }

  // ——— starting ———

  async #use(): Promise<Live> {
    this.#lastUse = performance.now();
    return this.#live ?? (await this.#connected());
  }

  #connected(): Promise<Live> {
    if (this.#starting !== undefined) return this.#starting.live;
    clearTimeout(this.#retryTimer);
    const refusal = this.#refusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    const abort = new AbortController();
    const live = this.#start(abort.signal).finally(() => (this.#starting = undefined));
    this.#starting = { live, abort };
    return live;
  }

  /** Why nothing is started now. */
  #refusal(): VestibuleError | undefined {
    const name = JSON.stringify(this.config.name);
    if (this.#disposed) return new VestibuleError('disposed', `The server ${name} was removed.`, { action: 'Use another server.' });
    if (!this.config.enabled) {
      return new VestibuleError('launch-failed', `The server ${name} is switched off.`, { action: 'Switch it on in the Vestibule view, or set "enabled" to true.' });
    }
    if (!this.#deps.launchApproved(this.config)) {
      this.#setState({ kind: 'quarantined' });
      return notApproved(this.config);
    }
    if (this.#policy.waitForUse === 0) return undefined;
    return (
      this.#lastFailure ??
      new VestibuleError('connection-failed', `The server ${name} was started too often within a minute.`, { action: 'Wait a minute, or restart it from the Vestibule view.' })
    );
  }

  async #start(signal: AbortSignal): Promise<Live> {
    this.#policy.started();
    await this.#ended();
    this.#setState({ kind: 'starting', ...(this.#lastFailure !== undefined && { after: this.#failureOf(this.#lastFailure) }) });
    let connection: RpcConnection | undefined;
    try {
      const transport = await orAborted(this.#deps.resolve(this.config), signal);
      connection = await connectUpstream(transport, {
        profile: this.#profile(),
        asked: this.#peer?.asked,
        handshakeMs: this.#times.handshakeMs,
        signal,
        gate: () => this.#gate(signal),
        log: this.#log,
        stateDir: this.#deps.stateDir,
        credentials: transport.type === 'stdio' ? undefined : this.#deps.keys?.credentialsFor(this.config, transport),
      });
      return await this.#listFirst(connection, signal);
    } catch (error) {
      if (connection !== undefined) await connection.close();
      const failure = signal.aborted ? stoppedWhileStarting() : asVestibuleError(error);
      if (signal.aborted) this.#setState({ kind: 'idle' });
      else this.#failed(failure, this.#policy.failed());
      throw failure;
    }
  }

  /** Asked right before every spawn and dial: an approval may be taken back while we prepare (contract §5). */
  #gate(signal: AbortSignal): void {
    if (signal.aborted) throw stoppedWhileStarting();
    if (!this.#deps.launchApproved(this.config)) throw notApproved(this.config);
    this.#log('lifecycle', this.config.transport.type === 'stdio' ? `Starting ${this.config.transport.command}.` : 'Connecting.');
  }

  /** What is offered now must be known before it is used: a definition may have changed since it was approved. */
  async #listFirst(connection: RpcConnection, signal: AbortSignal): Promise<Live> {
    const timeoutMs = this.#times.handshakeMs;
    const { neighbours } = this.#deps;
    const lister = new DefinitionLister(connection, { timeoutMs, maxTimeoutMs: timeoutMs }, this.#log, neighbours && { server: this.config.name, neighbours });
    const relist = async (): Promise<void> => {
      try {
        this.#listed.fire(await lister.list());
      } catch (error) {
        // A ring closes where its last gateway was added: those that were there before learn it with their next listing.
        if (error instanceof UpstreamError && error.code === 'gateway-loop') this.#lost(live, { kind: 'lost', error });
        throw error;
      }
    };
    const live: Live = { connection, lister, listener: undefined, relister: new Relister(relist) };
    connection.congestion = this.#peer?.congestion;
    connection.onNotification((notification) => {
      const changed = changedLists(notification.method);
      // Who keeps contents of resources has to hear of that list as well.
      if (changed.length === 0 || notification.method === 'notifications/resources/list_changed') this.#peer?.notified(notification);
      if (changed.length > 0) {
        lister.forget(changed);
        live.relister.announce();
      }
    });
    signal.addEventListener('abort', () => void connection.close(), { once: true });
    try {
      await live.relister.now();
      await connection.listens();
      await this.#prepare(connection);
      if (signal.aborted) throw stoppedWhileStarting();
    } catch (error) {
      live.relister.dispose();
      throw listingFailure(error, connection);
    }
    const { info } = connection;
    this.#live = live;
    this.#lastFailure = undefined;
    this.#policy.ready();
    this.#log('lifecycle', `Ready: ${info.name} ${info.version}, protocol ${info.protocolVersion}.`);
    this.#setState({ kind: 'ready', info });
    this.#armIdle(live);
    connection.onEnd((end) => this.#lost(live, end));
    if (info.era === 'modern') live.listener = this.#listenAt(live);
    return live;
  }

  /** Brings a new connection to where the former one was. */
  async #prepare(connection: RpcConnection): Promise<void> {
    try {
      if (connection.info.era === 'legacy') await Promise.all([...this.#watched].map((uri) => this.#subscription(connection, 'resources/subscribe', uri)));
      await this.#peer?.connected?.(connection);
    } catch (error) {
      this.#log('protocol', `The connection could not be prepared: ${messageOf(error)}`);
    }
  }

  #listenAt({ connection, lister, relister }: Live): ModernListener {
    return new ModernListener(connection, {
      watched: () => this.#watched,
      tasks: () => this.#tasks,
      missed: () => {
        lister.forget();
        relister.announce();
      },
      log: this.#log,
    });
  }

  #subscription(connection: RpcConnection, method: string, uri: string): Promise<RawReply> {
    const timeoutMs = this.#times.handshakeMs;
    return connection.call(method, JSON.stringify({ uri }), { timeoutMs, maxTimeoutMs: timeoutMs });
  }

  // ——— ending ———

  #lost(live: Live, { kind, error }: LegEnd): void {
    if (this.#live !== live) return;
    this.#end(live, error.message);
    // A lost session is opened anew by the next use; there is nothing to repair until then.
    if (kind === 'session-lost') this.#setState({ kind: 'idle' });
    else this.#failed(error, this.#policy.lost());
  }

  #failed(error: VestibuleError, retryMs: number): void {
    this.#lastFailure = error;
    this.#log('lifecycle', `Failed: ${error.message}`);
    switch (error.reason) {
      case 'launch-not-approved':
        return this.#setState({ kind: 'quarantined' });
      case 'auth-required':
        return this.#setState({ kind: 'sign-in-needed', error: this.#signInFailure(error) });
      case 'missing-input':
        return this.#setState({ kind: 'needs-input', input: inputNamedIn(error.message) });
    }
    const retry = this.#isWanted && !NEEDS_PERSON.has(error.reason) && !this.#disposed;
    if (retry) this.#retryIn(retryMs);
    this.#setState({ kind: 'failed', error: this.#failureOf(error), retryAt: retry ? Date.now() + retryMs : undefined });
  }

  #failureOf(error: VestibuleError): UpstreamFailure {
    return failureOf(error, (text) => this.#deps.redact?.(text) ?? text);
  }

  /** What a server that asks for a sign-in is shown with: why the former one ended, where that is known. */
  #signInFailure(error: VestibuleError): UpstreamFailure {
    const problem = this.#deps.keys?.problemOf(this.config);
    return { ...this.#failureOf(error), ...problem };
  }

  #retryIn(milliseconds: number): void {
    this.#retryTimer = setTimeout(() => {
      // A use may have started it meanwhile and failed; then this attempt comes after the next allowed moment.
      const wait = this.#policy.waitForUse;
      if (wait > 0) this.#retryIn(wait);
      else this.#connected().catch(() => undefined);
    }, Math.ceil(milliseconds)).unref();
  }

  /** Whether the background should keep trying: what nobody has used for a while waits for its next use. */
  get #isWanted(): boolean {
    return !this.config.lazy || this.#isWatching || performance.now() - this.#lastUse < this.#idleMs;
  }

  get #idleMs(): number {
    const { idleStopMinutes } = this.config;
    return idleStopMinutes > 0 ? idleStopMinutes * this.#times.minuteMs : Infinity;
  }

  #armIdle(live: Live): void {
    if (!this.config.lazy || this.#idleMs === Infinity) return;
    const wait = Math.min(Math.max(this.#lastUse + this.#idleMs - performance.now(), 1), LONGEST_TIMER);
    this.#idleTimer = setTimeout(() => {
      const { inFlight, lastUse } = live.connection;
      this.#lastUse = inFlight > 0 || this.#isWatching ? performance.now() : Math.max(this.#lastUse, lastUse);
      if (performance.now() - this.#lastUse < this.#idleMs) return this.#armIdle(live);
      this.#end(live, 'Stopped: it was not used for a while.');
      this.#policy.rested();
      this.#setState({ kind: 'idle' });
    }, wait).unref();
  }

  #end(live: Live, why: string): void {
    this.#live = undefined;
    this.#lastUse = Math.max(this.#lastUse, live.connection.lastUse);
    clearTimeout(this.#idleTimer);
    live.relister.dispose();
    this.#log('lifecycle', why);
    const ending = live.connection.close().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  /** Resolves when nothing is left of earlier connections. */
  async #ended(): Promise<void> {
    while (this.#ending.size > 0) await Promise.all(this.#ending);
  }

  #setState(state: UpstreamState): void {
    const before = this.#state.kind;
    this.#state = state;
    if (before !== state.kind || state.kind === 'failed') this.#stateChanged.fire(this.state);
  }
}

function notApproved(config: UpstreamConfig): VestibuleError {
  return new VestibuleError('launch-not-approved', `The server ${JSON.stringify(config.name)} awaits approval before it may start.`, {
    action: 'Run “Vestibule: Review Quarantine” and approve its launch.',
  });
}

/** The id of the input or secret that a `missing-input` message names. */
function inputNamedIn(message: string): string {
  return /(?:input|secret) "([^"]+)"/.exec(message)?.[1] ?? message;
}

function listingFailure(error: unknown, connection: RpcConnection): unknown {
  if (!(error instanceof UpstreamCallError)) return error;
  return (
    connection.end?.error ??
    new UpstreamError('handshake-failed', `The server did not list its tools: ${error.message}`, {
      action: 'Read the log of this server, then restart it.',
      evidence: connection.evidence(),
      cause: error,
    })
  );
}

function asVestibuleError(error: unknown): VestibuleError {
  if (VestibuleError.is(error)) return error;
  return new VestibuleError('launch-failed', messageOf(error), { action: 'Read the log of this server, then restart it.', cause: error });
}
