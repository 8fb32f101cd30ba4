import type { Catalog, CatalogTool } from '../catalog/types.ts';
import { DisposableStore, type Disposable } from '../events.ts';
import type { ServerName } from '../model.ts';
import type { ServedTools } from '../policy/served.ts';
import type { Withheld } from '../quarantine/types.ts';
import type { SearchDocument, ToolIndex } from '../search/types.ts';

/** Reasons that a person's review can lift; what they hide is counted for the agent, never shown. */
const AWAITING: ReadonlySet<Withheld | undefined> = new Set<Withheld>(['pending', 'changed', 'launch', 'version']);

/**
 * Keeps both search indices in step with what is served: `index` holds served tools, `pendingIndex` those that
 * await a decision. A server is indexed anew only when the set of its definitions really changed.
 */
export class Indexer implements Disposable {
  readonly #catalog: Catalog;
  readonly #served: ServedTools;
  readonly #index: ToolIndex;
  readonly #pendingIndex: ToolIndex;
  /** Called after `index` changed. */
  readonly #changed: () => void;
  readonly #indexed = new Map<ServerName, { readonly served: readonly CatalogTool[]; readonly pending: readonly CatalogTool[] }>();
  readonly #store = new DisposableStore();

  constructor(deps: { readonly catalog: Catalog; readonly served: ServedTools; readonly index: ToolIndex; readonly pendingIndex: ToolIndex; readonly changed: () => void }) {
    this.#catalog = deps.catalog;
    this.#served = deps.served;
    this.#index = deps.index;
    this.#pendingIndex = deps.pendingIndex;
    this.#changed = deps.changed;
    this.#store.add(deps.catalog.onDidChange(({ server }) => this.refresh(server)));
    this.#store.add(deps.served.onDidChange(({ server }) => this.refresh(server)));
    this.refreshAll();
  }

  refreshAll(): void {
    const names = new Set([...this.#catalog.servers()].map(({ server }) => server));
    for (const server of [...this.#indexed.keys()]) if (!names.has(server)) this.refresh(server);
    for (const server of names) this.refresh(server);
  }

  refresh(server: ServerName): void {
    const catalog = this.#catalog.server(server);
    const served = [...this.#served.of(server)];
    const pending = (catalog?.tools ?? []).filter((tool) => !this.#served.isServed(tool) && AWAITING.has(this.#served.reason(tool)));
    const before = this.#indexed.get(server);
    const title = catalog?.title;
    if (!sameList(before?.served, served)) {
      replace(this.#index, server, served, title);
      this.#changed();
    }
    if (!sameList(before?.pending, pending)) replace(this.#pendingIndex, server, pending, title);
    if (served.length + pending.length === 0) this.#indexed.delete(server);
    else this.#indexed.set(server, { served, pending });
  }

  dispose(): void {
    this.#store.dispose();
  }
}

function replace(index: ToolIndex, server: ServerName, tools: readonly CatalogTool[], serverTitle: string | undefined): void {
  if (tools.length === 0) index.remove(server);
  else index.put(server, tools.map((tool) => documentOf(tool, serverTitle)));
}

function documentOf(tool: CatalogTool, serverTitle: string | undefined): SearchDocument {
  return {
    id: tool.id,
    server: tool.server,
    serverTitle,
    name: tool.shownName,
    title: tool.title,
    description: tool.description,
    inputSchema: tool.inputSchema,
    readOnly: tool.tier === 'read',
    digest: tool.digest,
  };
}

function sameList(a: readonly CatalogTool[] | undefined, b: readonly CatalogTool[]): boolean {
  return (a?.length ?? 0) === b.length && b.every((tool, i) => a?.[i] === tool);
}
