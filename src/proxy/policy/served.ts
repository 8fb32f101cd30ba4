import type { Catalog, CatalogTool } from '../catalog/types.ts';
import { Emitter, type Disposable, type Event } from '../events.ts';
import type { ServerName, ToolId } from '../model.ts';
import type { Withheld } from '../quarantine/types.ts';

/**
 * The tools agents may see at all, kept ready so that a call only looks one up. Recomputed per server when its
 * catalog, approvals or configuration change; the call path pays a Map lookup (house rule 9).
 */
export class ServedTools implements Disposable {
  readonly #catalog: Catalog;
  readonly #withheld: (tool: CatalogTool) => Withheld | undefined;
  readonly #byServer = new Map<ServerName, ReadonlyMap<ToolId, CatalogTool>>();
  readonly #changed = new Emitter<{ readonly server: ServerName }>();
  readonly #subscription: Disposable;
  #version = 0;

  /** @param withheld the gate: why this definition is not served now, or undefined when it is */
  constructor(catalog: Catalog, withheld: (tool: CatalogTool) => Withheld | undefined) {
    this.#catalog = catalog;
    this.#withheld = withheld;
    this.#subscription = catalog.onDidChange(({ server }) => this.recompute(server));
    this.recomputeAll();
  }

  /** Fires after the served tools of a server changed; not when nothing an agent can see did. */
  get onDidChange(): Event<{ readonly server: ServerName }> {
    return this.#changed.event;
  }

  /** Grows with every change of the served tools. */
  get version(): number {
    return this.#version;
  }

  /** True when exactly this definition (same object, hence same digest) is served now. */
  isServed(tool: CatalogTool): boolean {
    return this.#byServer.get(tool.server)?.get(tool.id) === tool;
  }

  /**
   * True when this definition is served now, be it under rules of a person's that changed meanwhile: a call under way
   * ends under those it began with.
   */
  serves(tool: CatalogTool): boolean {
    if (this.isServed(tool)) return true;
    for (const { name, digest } of this.of(tool.server)) if (name === tool.name && digest === tool.digest) return true;
    return false;
  }

  /** Why a tool is not served; undefined when it is. */
  reason(tool: CatalogTool): Withheld | undefined {
    return this.#withheld(tool);
  }

  /** The served definition of an id or exposed name, if any. */
  find(nameOrId: string): CatalogTool | undefined {
    const tool = this.#catalog.find(nameOrId);
    return tool !== undefined && this.isServed(tool) ? tool : undefined;
  }

  /** The served definition of an id, if any. */
  get(id: ToolId, server: ServerName): CatalogTool | undefined {
    return this.#byServer.get(server)?.get(id);
  }

  /** Served tools of one server, in the upstream's order. */
  of(server: ServerName): Iterable<CatalogTool> {
    return this.#byServer.get(server)?.values() ?? [];
  }

  /** All served tools, by server in catalog order. */
  *all(): Iterable<CatalogTool> {
    for (const tools of this.#byServer.values()) yield* tools.values();
  }

  servers(): Iterable<ServerName> {
    return this.#byServer.keys();
  }

  /** Looks at every server again: after a change of approvals or configuration. */
  recomputeAll(): void {
    const names = new Set<ServerName>();
    for (const { server } of this.#catalog.servers()) names.add(server);
    for (const server of [...this.#byServer.keys()]) if (!names.has(server)) this.recompute(server);
    for (const server of names) this.recompute(server);
  }

  recompute(server: ServerName): void {
    const before = this.#byServer.get(server);
    const now = new Map<ToolId, CatalogTool>();
    for (const tool of this.#catalog.server(server)?.tools ?? []) {
      if (this.#withheld(tool) === undefined) now.set(tool.id, tool);
    }
    if (now.size === 0) this.#byServer.delete(server);
    else this.#byServer.set(server, now);
    if (sameTools(before, now)) return;
    this.#version++;
    this.#changed.fire({ server });
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#changed.dispose();
  }
}

function sameTools(a: ReadonlyMap<ToolId, CatalogTool> | undefined, b: ReadonlyMap<ToolId, CatalogTool>): boolean {
  if ((a?.size ?? 0) !== b.size) return false;
  for (const [id, tool] of b) if (a?.get(id) !== tool) return false;
  return true;
}
