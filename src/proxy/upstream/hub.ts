import type { UpstreamConfig } from '../config/types.ts';
import { DisposableStore, Emitter, type Disposable, type Event } from '../events.ts';
import type { RawNotification, ServerName } from '../model.ts';
import { ServerConnections } from './server-connections.ts';
import type { Listing, UpstreamDeps } from './types.ts';

/** All configured upstreams. Follows the configuration: what did not change keeps running. */
export class UpstreamHub implements Disposable {
  readonly #deps: UpstreamDeps;
  readonly #upstreams = new Map<ServerName, { readonly upstream: ServerConnections; readonly key: string; readonly subscriptions: DisposableStore }>();
  /** What left the configuration, until its last request is through. */
  readonly #leaving = new Map<ServerConnections, Promise<void>>();
  readonly #listed = new Emitter<{ readonly server: ServerName; readonly listing: Listing }>();
  readonly #notified = new Emitter<{ readonly server: ServerName; readonly notification: RawNotification }>();
  readonly #changed = new Emitter<ServerName>();

  constructor(deps: UpstreamDeps) {
    this.#deps = deps;
  }

  /** A fresh listing of an upstream, by any of its connections. */
  get onListing(): Event<{ readonly server: ServerName; readonly listing: Listing }> {
    return this.#listed.event;
  }

  /** A notification of a connection that no single agent owns, where it belongs to no request. */
  get onSharedNotification(): Event<{ readonly server: ServerName; readonly notification: RawNotification }> {
    return this.#notified.event;
  }

  /** The state of an upstream changed, or it was added or removed. */
  get onDidChange(): Event<ServerName> {
    return this.#changed.event;
  }

  get(server: ServerName): ServerConnections | undefined {
    return this.#upstreams.get(server)?.upstream;
  }

  all(): Iterable<ServerConnections> {
    return [...this.#upstreams.values()].map(({ upstream }) => upstream);
  }

  /** Ends what this agent alone has, at every server: it is gone. */
  release(ownerId: string): void {
    for (const { upstream } of this.#upstreams.values()) upstream.release(ownerId);
  }

  /** Adds, replaces and removes upstreams so that they match `configs`, in that order. */
  apply(configs: readonly UpstreamConfig[]): void {
    const wanted = new Map(configs.map((config) => [config.name, config]));
    for (const server of [...this.#upstreams.keys()]) {
      if (!wanted.has(server)) this.#drop(server);
    }
    for (const config of configs) {
      const key = identityOf(config);
      const known = this.#upstreams.get(config.name);
      if (known?.key === key) {
        known.upstream.config = config;
        continue;
      }
      this.#drop(config.name);
      this.#add(config, key);
    }
  }

  /** Ends every upstream and resolves when no process of theirs is left. */
  async stop(): Promise<void> {
    const upstreams = [...this.#upstreams.values()];
    this.#upstreams.clear();
    for (const { subscriptions } of upstreams) subscriptions.dispose();
    await Promise.all(upstreams.map(({ upstream }) => upstream.stop().finally(() => upstream.dispose())));
    await Promise.all([...this.#leaving].map(([upstream, left]) => upstream.stop().then(() => left)));
  }

  dispose(): void {
    void this.stop();
    this.#listed.dispose();
    this.#notified.dispose();
    this.#changed.dispose();
  }

  #add(config: UpstreamConfig, key: string): void {
    const upstream = new ServerConnections(config, this.#deps);
    const subscriptions = new DisposableStore();
    subscriptions.add(upstream.onListing((listing) => this.#listed.fire({ server: config.name, listing })));
    subscriptions.add(upstream.onSharedNotification((notification) => this.#notified.fire({ server: config.name, notification })));
    subscriptions.add(upstream.onDidChangeState(() => this.#changed.fire(config.name)));
    this.#upstreams.set(config.name, { upstream, key, subscriptions });
    this.#changed.fire(config.name);
  }

  #drop(server: ServerName): void {
    const found = this.#upstreams.get(server);
    if (found === undefined) return;
    this.#upstreams.delete(server);
    this.#deps.neighbours?.forget(server);
    found.subscriptions.dispose();
    // No request lives longer than the entry lets it, so nothing is cut short by another file.
    const leaving = found.upstream.finish(found.upstream.config.maxTimeoutSeconds * 1000).finally(() => {
      found.upstream.dispose();
      this.#leaving.delete(found.upstream);
    });
    this.#leaving.set(found.upstream, leaving);
    this.#changed.fire(server);
  }
}

/** What is looked at call by call, what is VS Code's own, and where an entry stands in its file: no connection is made from these. */
const RULES: ReadonlySet<string> = new Set(['at', 'dev', 'gallery', 'version', 'sandboxEnabled', 'tools', 'outputLimit', 'resultPolicy', 'timeoutSeconds', 'maxTimeoutSeconds', 'limits', 'retry', 'breaker', 'cache', 'output', 'flow', 'newVersion']);

/** Everything of an entry that connections are made from: nothing else restarts its server. */
function identityOf({ extra, ...config }: UpstreamConfig): string {
  return JSON.stringify([...Object.entries(config), ...Object.entries(extra)].filter(([key]) => !RULES.has(key)));
}
