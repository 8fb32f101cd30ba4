import type { CatalogTool } from '../catalog/types.ts';
import type { MenuMode } from '../config/types.ts';
import type { AgentSession } from '../downstream/types.ts';
import type { MenuTool } from '../menu/types.ts';
import type { Principal, RawJson } from '../model.ts';
import { compileGlobs } from '../policy/glob.ts';
import { mayUse } from '../policy/grants.ts';
import type { ServedTools } from '../policy/served.ts';
import type { TokenCounter } from '../tokens/types.ts';
import { DefinitionTokens } from './definition-tokens.ts';
import { exposedDefinition } from './exposed-tool.ts';
import { MenuStates } from './menu-states.ts';
import { MAX_PROMOTED, Promotions } from './promotions.ts';
import { relistsInTurn } from './relisting-clients.ts';
import type { MenuState } from './types.ts';

/** A pin is for the few tools one always needs; who wants all of them wants direct mode. */
const MAX_PINNED = 64;

const BESIDE_DIRECT: ReadonlySet<string> = new Set(['read_cache', 'quarantine_security']);

/** What a person configured for the lists of one principal. */
export interface ListSettings {
  readonly mode: MenuMode;
  /** Globs over tool ids or names. */
  readonly pinned: readonly string[];
  readonly directThreshold: number | undefined;
}

/** What lists are made from. */
export interface ToolListDeps {
  readonly served: ServedTools;
  readonly menu: readonly MenuTool[];
  /** True when names of the single upstream pass unchanged: nothing of ours is listed beside its tools. */
  readonly noPrefix: boolean;
  settings(principal: Principal): ListSettings;
  /** False when the server does not offer this very definition to this session. */
  offers(session: AgentSession, tool: CatalogTool): boolean;
}

// The arrays live as long as the configuration that holds them.
const compiled = new WeakMap<readonly string[], (text: string) => boolean>();

/** What each session sees in `tools/list`: the menu with what is pinned and promoted, or every tool directly. */
export class ToolLists {
  readonly #deps: ToolListDeps;
  readonly #states: MenuStates;
  readonly #promotions: Promotions;
  readonly #tokens = new DefinitionTokens();
  readonly #gateways = new WeakSet<AgentSession>();

  constructor(deps: ToolListDeps) {
    this.#deps = deps;
    this.#promotions = new Promotions((session, tool) => deps.served.isServed(tool) && mayUse(session.principal, tool));
    this.#states = new MenuStates({
      version: () => `${deps.served.version} ${this.#tokens.version}`,
      tokens: this.#tokens,
      visible: (principal) => this.visible(principal),
      settings: (principal) => deps.settings(principal),
      menu: () => this.#menuFor('adaptive'),
    });
  }

  /** The served tools this principal may use, in catalog order. */
  *visible(principal: Principal): Iterable<CatalogTool> {
    for (const tool of this.#deps.served.all()) if (mayUse(principal, tool)) yield tool;
  }

  /** The tool of this id or exposed name, if it is served and this principal may use it. */
  find(principal: Principal, nameOrId: string): CatalogTool | undefined {
    const tool = this.#deps.served.find(nameOrId);
    return tool !== undefined && mayUse(principal, tool) ? tool : undefined;
  }

  /** How tools are listed for this principal now, and why. */
  state(principal: Principal): MenuState {
    return this.#states.of(principal);
  }

  /** The definitions a session sees now, raw. */
  definitions(session: AgentSession): RawJson[] {
    const { menu, tools } = this.#list(session);
    return [...menu.map(({ definition }) => definition), ...tools.map(exposedDefinition)];
  }

  /** What the list of a session costs in each model request; an estimate where not `isExact`. */
  tokens(session: AgentSession): number {
    const { menu, tools } = this.#list(session);
    return [...menu, ...tools].reduce((sum, tool) => sum + this.#tokens.of(tool), 0);
  }

  /** Whether every definition of a session's list was counted with the tokenizer. */
  isExact(session: AgentSession): boolean {
    const { menu, tools } = this.#list(session);
    return [...menu, ...tools].every((tool) => this.#tokens.isExact(tool));
  }

  /** Counts the definitions of these sessions' lists, and those they could have, as far as they are estimates. */
  settle(sessions: readonly AgentSession[], counter: TokenCounter): Promise<void> {
    const principals = new Set(sessions.map(({ principal }) => principal));
    return this.#tokens.settle([...this.#menuFor('adaptive'), ...this.#menuFor('direct'), ...[...principals].flatMap((principal) => [...this.visible(principal)])], counter);
  }

  /** True when tools that are found join this session's list in time to be called. */
  promotes(session: AgentSession): boolean {
    return !this.#gateways.has(session) && this.#states.of(session.principal).effective === 'adaptive' && relistsInTurn(session);
  }

  /**
   * Lists tools that a session found under their own names, best first.
   * @returns how many of the first are listed so now, and whether the session's list changed by it
   */
  promote(session: AgentSession, found: readonly CatalogTool[]): { readonly listed: number; readonly changed: boolean } {
    const pinned = new Set(this.#pinned(session.principal));
    const best = found.slice(0, MAX_PROMOTED);
    return { listed: best.length, changed: this.#promotions.add(session, best.filter((tool) => !pinned.has(tool))) };
  }

  /** Whether a session is that of another gateway. */
  isGateway(session: AgentSession): boolean {
    return this.#gateways.has(session);
  }

  /**
   * A session is that of another gateway: it is listed every tool, in any mode. It has a menu, a search and approvals of
   * its own, which a menu of ours would keep from every definition.
   * @returns false when that was known
   */
  takeAsGateway(session: AgentSession): boolean {
    if (this.#gateways.has(session)) return false;
    this.#gateways.add(session);
    return true;
  }

  /** A session called a tool by its own name. */
  used(session: AgentSession, nameOrId: string): void {
    this.#promotions.used(session, nameOrId);
  }

  #list(session: AgentSession): { readonly menu: readonly MenuTool[]; readonly tools: readonly CatalogTool[] } {
    const { principal } = session;
    const effective = this.#gateways.has(session) ? 'direct' : this.#states.of(principal).effective;
    const menu = this.#menuFor(effective);
    const offered = (tool: CatalogTool): boolean => this.#deps.offers(session, tool);
    if (effective === 'direct') return { menu, tools: [...this.visible(principal)].filter(offered) };
    const promoted = effective === 'adaptive' ? this.#promotions.of(session) : [];
    return { menu, tools: [...new Set([...this.#pinned(principal), ...promoted])].filter(offered) };
  }

  #menuFor(effective: MenuMode): readonly MenuTool[] {
    const { menu, noPrefix } = this.#deps;
    if (effective !== 'direct') return menu.filter((tool) => tool.offered());
    // Direct mode still needs a way to read what did not fit, and what the person wants agents to look into.
    return noPrefix ? [] : menu.filter((tool) => BESIDE_DIRECT.has(tool.name) && tool.offered());
  }

  #pinned(principal: Principal): readonly CatalogTool[] {
    const { pinned } = this.#deps.settings(principal);
    if (pinned.length === 0) return [];
    let matches = compiled.get(pinned);
    if (matches === undefined) {
      matches = compileGlobs(pinned);
      compiled.set(pinned, matches);
    }
    const tools: CatalogTool[] = [];
    for (const tool of this.visible(principal)) {
      if (!matches(tool.id) && !matches(tool.name)) continue;
      tools.push(tool);
      if (tools.length === MAX_PINNED) break;
    }
    return tools;
  }
}
