import type { CatalogTool } from '../catalog/types.ts';
import { estimateTokens } from '../journal/tokens.ts';
import type { MenuTool } from '../menu/types.ts';
import type { TokenCounter } from '../tokens/types.ts';
import { exposedDefinition } from './exposed-tool.ts';

/** Characters that are given to the counter at a time: one bad text spoils no more than its batch. */
const BATCH = 256 * 1024;

/** What definitions cost where they are listed: estimated at first, exact once they were counted. Each is read once. */
export class DefinitionTokens {
  readonly #tokens = new WeakMap<CatalogTool | MenuTool, { readonly tokens: number; readonly exact: boolean; readonly tried: boolean }>();
  #version = 0;

  /** Grows with every definition that was counted. */
  get version(): number {
    return this.#version;
  }

  /** Tokens of one entry of `tools/list`. */
  of(tool: CatalogTool | MenuTool): number {
    let known = this.#tokens.get(tool);
    if (known === undefined) {
      known = { tokens: estimateTokens(listed(tool)), exact: false, tried: false };
      this.#tokens.set(tool, known);
    }
    return known.tokens;
  }

  /** Whether a definition was counted, and not only estimated. */
  isExact(tool: CatalogTool | MenuTool): boolean {
    return this.#tokens.get(tool)?.exact === true;
  }

  /** Counts those of the definitions that were not counted yet. What cannot be counted is not tried again. */
  async settle(tools: Iterable<CatalogTool | MenuTool>, counter: TokenCounter): Promise<void> {
    const waiting = [...new Set(tools)].filter((tool) => this.#tokens.get(tool)?.tried !== true);
    while (waiting.length > 0) {
      const batch: (CatalogTool | MenuTool)[] = [];
      const texts: string[] = [];
      for (let size = 0; size < BATCH && waiting.length > 0; size += texts.at(-1)?.length ?? 0) {
        const tool = waiting.shift() as CatalogTool | MenuTool;
        batch.push(tool);
        texts.push(listed(tool));
      }
      const counts = await counter.count(texts);
      batch.forEach((tool, at) => this.#tokens.set(tool, { tokens: counts?.[at] ?? this.of(tool), exact: counts !== undefined, tried: true }));
      this.#version++;
    }
  }
}

function listed(tool: CatalogTool | MenuTool): string {
  return 'exposedName' in tool ? exposedDefinition(tool) : tool.definition;
}
