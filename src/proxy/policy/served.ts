import type { Catalog, CatalogTool, ServerCatalog } from '../catalog/types.ts';
import type { Disposable, Event } from '../events.ts';
import type { ServerName, ToolId } from '../model.ts';
import type { Withheld } from '../quarantine/types.ts';
import { ServedByServer } from './served-by-server.ts';

/** The tools agents may see at all, kept ready so that a call only looks one up. */
export class ServedTools implements Disposable {
  readonly #catalog: Catalog;
  readonly #withheld: (tool: CatalogTool) => Withheld | undefined;
  readonly #served: ServedByServer<ReadonlyMap<ToolId, CatalogTool>>;

  /** @param withheld the gate: why this definition is not served now, or undefined when it is */
  constructor(catalog: Catalog, withheld: (tool: CatalogTool) => Withheld | undefined) {
    this.#catalog = catalog;
    this.#withheld = withheld;
    this.#served = new ServedByServer(catalog, { of: (seen) => this.#toolsOf(seen), same: sameTools });
  }

  /** Fires after the served tools of a server changed; not when nothing an agent can see did. */
  get onDidChange(): Event<{ readonly server: ServerName }> {
    return this.#served.onDidChange;
  }

  /** Grows with every change of the served tools. */
  get version(): number {
    return this.#served.version;
  }

  /** True when exactly this definition (same object, hence same digest) is served now. */
  isServed(tool: CatalogTool): boolean {
    return this.#served.of(tool.server)?.get(tool.id) === tool;
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
    return this.#served.of(server)?.get(id);
  }

  /** Served tools of one server, in the upstream's order. */
  of(server: ServerName): Iterable<CatalogTool> {
    return this.#served.of(server)?.values() ?? [];
  }

  /** All served tools, by server in catalog order. */
  *all(): Iterable<CatalogTool> {
    for (const tools of this.#served.all()) yield* tools.values();
  }

  servers(): Iterable<ServerName> {
    return this.#served.servers();
  }

  /** Looks at every server again: after a change of approvals or configuration. */
  recomputeAll(): void {
    this.#served.recomputeAll();
  }

  recompute(server: ServerName): void {
    this.#served.recompute(server);
  }

  dispose(): void {
    this.#served.dispose();
  }

  #toolsOf({ tools }: ServerCatalog): ReadonlyMap<ToolId, CatalogTool> | undefined {
    const served = new Map(tools.filter((tool) => this.#withheld(tool) === undefined).map((tool) => [tool.id, tool]));
    return served.size === 0 ? undefined : served;
  }
}

function sameTools(a: ReadonlyMap<ToolId, CatalogTool>, b: ReadonlyMap<ToolId, CatalogTool>): boolean {
  return a.size === b.size && [...b].every(([id, tool]) => a.get(id) === tool);
}
