import type { Catalog, ServerCatalog } from '../catalog/types.ts';
import { Emitter, type Disposable, type Event } from '../events.ts';
import type { ServerName } from '../model.ts';

/** What is kept of each server, and when that is something else than before. */
export interface ServedRules<T> {
  /** What agents may see of a server; undefined for nothing. */
  readonly of: (catalog: ServerCatalog) => T | undefined;
  /** Whether agents would see no difference. */
  readonly same: (a: T, b: T) => boolean;
  /** Told of each change before anybody else, with what the server had and what is served of all servers now. */
  readonly changed?: (before: T | undefined, all: Iterable<T>) => void;
}

/** What agents may see of each server, kept ready: worked out anew when the catalog, approvals or configuration change. */
export class ServedByServer<T> implements Disposable {
  readonly #catalog: Catalog;
  readonly #rules: ServedRules<T>;
  readonly #byServer = new Map<ServerName, T>();
  readonly #changed = new Emitter<{ readonly server: ServerName }>();
  readonly #subscription: Disposable;
  #version = 0;

  constructor(catalog: Catalog, rules: ServedRules<T>) {
    this.#catalog = catalog;
    this.#rules = rules;
    this.#subscription = catalog.onDidChange(({ server }) => this.recompute(server));
    this.recomputeAll();
  }

  /** Fires after what is served of a server changed; not when nothing an agent can see did. */
  get onDidChange(): Event<{ readonly server: ServerName }> {
    return this.#changed.event;
  }

  /** Grows with every change of what is served. */
  get version(): number {
    return this.#version;
  }

  of(server: ServerName): T | undefined {
    return this.#byServer.get(server);
  }

  /** Servers of which something is served. */
  servers(): Iterable<ServerName> {
    return this.#byServer.keys();
  }

  /** What is served of each server. */
  all(): Iterable<T> {
    return this.#byServer.values();
  }

  /** Looks at every server again: after a change of approvals or configuration. */
  recomputeAll(): void {
    const names = new Set(this.#byServer.keys());
    for (const { server } of this.#catalog.servers()) names.add(server);
    for (const server of names) this.recompute(server);
  }

  recompute(server: ServerName): void {
    const before = this.#byServer.get(server);
    const catalog = this.#catalog.server(server);
    const now = catalog && this.#rules.of(catalog);
    const same = before === undefined || now === undefined ? before === now : this.#rules.same(before, now);
    if (same) return;
    if (now === undefined) this.#byServer.delete(server);
    else this.#byServer.set(server, now);
    this.#rules.changed?.(before, this.#byServer.values());
    this.#version++;
    this.#changed.fire({ server });
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#changed.dispose();
  }
}
