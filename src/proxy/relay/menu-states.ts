import type { CatalogTool } from '../catalog/types.ts';
import type { MenuMode } from '../config/types.ts';
import type { Principal } from '../model.ts';
import type { MenuTool } from '../menu/types.ts';
import type { DefinitionTokens } from './definition-tokens.ts';
import type { MenuState } from './types.ts';

/**
 * What the answer of one search costs: 404 by our estimate (397 with o200k) at the median of the benchmark's searches,
 * ten results each (docs/finding-tools.md).
 */
const SEARCH_ANSWER_TOKENS = 400;
/** A list that went direct stays so until it has outgrown the threshold by this much, so that it does not flap. */
const STAY_DIRECT = 1.25;

/** What states are computed from. */
export interface MenuStateDeps {
  /** Another one whenever the served tools change, or the count of some. */
  version(): string;
  visible(principal: Principal): Iterable<CatalogTool>;
  /** As configured; without a threshold it is what the menu path costs. */
  settings(principal: Principal): { readonly mode: MenuMode; readonly directThreshold: number | undefined };
  /** The menu's own tools. */
  menu(): readonly MenuTool[];
  readonly tokens: Pick<DefinitionTokens, 'of' | 'isExact'>;
}

interface Remembered {
  version: string;
  directTokens: number;
  exact: boolean;
  /** In adaptive mode: whether it is direct now. */
  direct: boolean;
}

/**
 * Decides per principal whether adaptive mode lists a small catalog directly. Counting is done once per principal and
 * change of the served tools; a principal whose rights change is another object.
 */
export class MenuStates {
  readonly #deps: MenuStateDeps;
  readonly #remembered = new WeakMap<Principal, Remembered>();

  constructor(deps: MenuStateDeps) {
    this.#deps = deps;
  }

  /** How tools are listed for this principal now. */
  of(principal: Principal): MenuState {
    const remembered = this.#count(principal);
    const { directTokens, exact } = remembered;
    const { mode, directThreshold: configured } = this.#deps.settings(principal);
    const { tokens } = this.#deps;
    const menuTokens = this.#deps.menu().reduce((sum, tool) => sum + tokens.of(tool), SEARCH_ANSWER_TOKENS);
    const directThreshold = configured ?? menuTokens;
    // With nothing visible only the menu can say what awaits approval.
    remembered.direct = directTokens > 0 && directTokens <= directThreshold * (remembered.direct ? STAY_DIRECT : 1);
    return { mode, effective: mode === 'adaptive' && remembered.direct ? 'direct' : mode, directTokens, exact, menuTokens, directThreshold };
  }

  #count(principal: Principal): Remembered {
    const known = this.#remembered.get(principal);
    const version = this.#deps.version();
    if (known?.version === version) return known;
    let directTokens = 0;
    let exact = true;
    for (const tool of this.#deps.visible(principal)) {
      directTokens += this.#deps.tokens.of(tool);
      exact &&= this.#deps.tokens.isExact(tool);
    }
    const now = { version, directTokens, exact, direct: known?.direct ?? false };
    this.#remembered.set(principal, now);
    return now;
  }
}
