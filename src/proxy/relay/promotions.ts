import type { CatalogTool } from '../catalog/types.ts';
import type { AgentSession } from '../downstream/types.ts';
import type { ToolId } from '../model.ts';

/** Promoted tools per session (contract §4). */
export const MAX_PROMOTED = 24;

interface Promoted {
  readonly tool: CatalogTool;
  usedAt: number;
}

/**
 * The tools each session has found and now sees under their own names. A session's tools end with it. An entry is
 * about one definition: when that changes, loses its approval or leaves, the entry is no longer live, and a new
 * definition has to be found anew.
 */
export class Promotions {
  readonly #live: (session: AgentSession, tool: CatalogTool) => boolean;
  readonly #bySession = new WeakMap<AgentSession, Map<ToolId, Promoted>>();
  /** Counts uses; only the order matters. */
  #clock = 0;

  /** @param live whether this very definition is served and the session may use it now */
  constructor(live: (session: AgentSession, tool: CatalogTool) => boolean) {
    this.#live = live;
  }

  /**
   * Adds tools, best first; beyond the bound the least recently used leave.
   * @returns whether the session's list changed
   */
  add(session: AgentSession, tools: readonly CatalogTool[]): boolean {
    const promoted = this.#entries(session);
    let changed = false;
    // From the worst on, so that the best count as used last.
    for (const tool of tools.slice(0, MAX_PROMOTED).reverse()) {
      changed ||= promoted.get(tool.id)?.tool !== tool;
      promoted.set(tool.id, { tool, usedAt: ++this.#clock });
    }
    const oldestFirst = [...promoted].sort(([, a], [, b]) => a.usedAt - b.usedAt);
    for (const [id] of oldestFirst.slice(0, -MAX_PROMOTED)) promoted.delete(id);
    this.#bySession.set(session, promoted);
    return changed;
  }

  /** Marks the use of a tool that was called by its name or id. */
  used(session: AgentSession, nameOrId: string): void {
    for (const entry of this.#bySession.get(session)?.values() ?? []) {
      if (entry.tool.exposedName === nameOrId || entry.tool.id === nameOrId) entry.usedAt = ++this.#clock;
    }
  }

  /** The session's promoted tools that are live, in the order in which they came. */
  of(session: AgentSession): readonly CatalogTool[] {
    return [...this.#entries(session).values()].map(({ tool }) => tool);
  }

  #entries(session: AgentSession): Map<ToolId, Promoted> {
    const entries = this.#bySession.get(session) ?? new Map<ToolId, Promoted>();
    for (const [id, { tool }] of entries) if (!this.#live(session, tool)) entries.delete(id);
    return entries;
  }
}
