import type { CatalogTool } from '../../catalog/types.ts';
import type { Clock } from '../../clock.ts';
import type { FlowConfig, ShareConfig } from '../../config/types.ts';
import type { ServerName } from '../../model.ts';
import { compileGlobs } from '../glob.ts';
import type { Health } from './health.ts';
import { Outliers, type MemberSnapshot } from './outliers.ts';
import { RetryBudget } from './retry-budget.ts';

/** How calls of a server went to others that offer the same tools, as a person sees it. */
export interface RoutesSnapshot {
  /** Calls that another server took because this one did not. */
  readonly failover?: { readonly to: readonly ServerName[]; readonly calls: number };
  /** Reads that a second server was asked as well: how many, how many of these it answered first, and how many more it may be asked now. */
  readonly hedge?: { readonly calls: number; readonly won: number; readonly left: number };
  /** This server and its stand-ins, compared. */
  readonly group?: readonly MemberSnapshot[];
  readonly canary?: { readonly server: ServerName; readonly share: number; readonly calls: number };
  /** Copies of calls: answered alike, answered otherwise, not answered, and not made for want of room. */
  readonly mirror?: { readonly server: ServerName; readonly share: number } & MirrorCounts;
}

/** How copies of calls went. */
export interface MirrorCounts {
  readonly same: number;
  readonly different: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Copies under way at once, of one server's calls; more are not made. */
const MAX_MIRRORED = 8;

/** What routes are judged by. */
export interface RoutesDeps {
  readonly clock: Clock;
  /** How calls of a server ended lately. */
  readonly healthOf: (server: ServerName) => Health;
  /** Whether there is a server of this name, and it is switched on. */
  readonly isKnown: (server: ServerName) => boolean;
  /** Who is out changed. */
  readonly changed: () => void;
}

/** Where calls of one server may go beside the server itself, and what came of it. Counts outlive changes of the file. */
export class Routes {
  readonly #server: ServerName;
  readonly #deps: RoutesDeps;
  readonly #hedges = new RetryBudget();
  #config: FlowConfig;
  #outliers: Outliers | undefined;
  #hedgesTool: (tool: CatalogTool) => boolean = () => false;
  #hedgesWon = 0;
  #failedOver = 0;
  #canary = 0;
  #mirroring = 0;
  readonly #mirrored = { same: 0, different: 0, failed: 0, skipped: 0 };

  constructor(server: ServerName, config: FlowConfig, deps: RoutesDeps) {
    this.#server = server;
    this.#deps = deps;
    this.#config = config;
    this.config = config;
  }

  /** Other rules from now on; counts, and who is out, stay. */
  set config(config: FlowConfig) {
    this.#config = config;
    const { hedge, outlier } = config;
    const members = [...new Set([this.#server, ...this.failover])];
    if (outlier === undefined || members.length === 1) this.#outliers = undefined;
    else if (this.#outliers === undefined) this.#outliers = new Outliers(outlier, members, this.#deps);
    else this.#outliers.apply(outlier, members);
    const matches = compileGlobs(hedge?.tools ?? ['*']);
    this.#hedgesTool = ({ id, name, tier }) => hedge !== undefined && tier === 'read' && (matches(name) || matches(id));
  }

  get config(): FlowConfig {
    return this.#config;
  }

  /** Who of this server and its stand-ins is taken out; undefined where nobody ever is. */
  get outliers(): Outliers | undefined {
    return this.#outliers;
  }

  /**
   * A read came that a second server may be asked as well.
   * @returns milliseconds without an answer after which to ask it; undefined for a tool that is not sent twice
   */
  hedgeAfterMs(tool: CatalogTool, first: ServerName): number | undefined {
    const { hedge } = this.#config;
    if (hedge === undefined || !this.#hedgesTool(tool)) return undefined;
    this.#hedges.earn(hedge);
    return (hedge.quantile === undefined ? undefined : this.#deps.healthOf(first).quantileMs(tool.name, hedge.quantile)) ?? hedge.afterMs;
  }

  /** Takes one second call from what is left of them, if there is one. */
  spendHedge(): boolean {
    return this.#hedges.spend();
  }

  /** The second server answered first. */
  hedgeWon(): void {
    this.#hedgesWon++;
  }

  /** Servers to try when this one cannot take a call, in order. */
  get failover(): readonly ServerName[] {
    return this.config.failover ?? [];
  }

  /** The server that gets this session's calls of a tool in place of this one, if any. A session stays with its server. */
  canary(tool: CatalogTool, session: string): ServerName | undefined {
    return within(this.config.canary, tool, `${tool.server}\0${session}`);
  }

  /** The server that gets a copy of this call, if any. */
  mirror(tool: CatalogTool, call: string): ServerName | undefined {
    return tool.tier === 'read' ? within(this.config.mirror, tool, call) : undefined;
  }

  /** Another server took a call. */
  took(how: 'failover' | 'canary'): void {
    if (how === 'failover') this.#failedOver++;
    else this.#canary++;
  }

  /** Room for one more copy; whoever got it says how the copy ended. Undefined where there is none. */
  beginMirror(): ((end: Exclude<keyof MirrorCounts, 'skipped'>) => void) | undefined {
    if (this.#mirroring >= MAX_MIRRORED) {
      this.#mirrored.skipped++;
      return undefined;
    }
    this.#mirroring++;
    return (end) => {
      this.#mirroring--;
      this.#mirrored[end]++;
    };
  }

  snapshot(): RoutesSnapshot {
    const { canary, failover, hedge, mirror } = this.config;
    return {
      ...(failover !== undefined && { failover: { to: failover, calls: this.#failedOver } }),
      ...(hedge !== undefined && { hedge: { calls: this.#hedges.spent, won: this.#hedgesWon, left: this.#hedges.left } }),
      ...(this.#outliers !== undefined && { group: this.#outliers.snapshot() }),
      ...(canary !== undefined && { canary: { server: canary.server, share: canary.share, calls: this.#canary } }),
      ...(mirror !== undefined && { mirror: { server: mirror.server, share: mirror.share, ...this.#mirrored } }),
    };
  }
}

function within(rule: ShareConfig | undefined, { id, name }: CatalogTool, about: string): ServerName | undefined {
  if (rule === undefined || shareOf(about) >= rule.share) return undefined;
  const matches = rule.tools === undefined ? () => true : compileGlobs(rule.tools);
  return matches(name) || matches(id) ? rule.server : undefined;
}

/** Where a text falls between 0 and 1, the same each time and spread evenly over texts: FNV-1a, its bits mixed once more. */
export function shareOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
