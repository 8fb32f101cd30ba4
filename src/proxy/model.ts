/** The field's terms, shared by every room. Nothing here has behaviour beyond formatting and parsing. */

/** The key of an upstream in a servers file. Never the name a server claims for itself. */
export type ServerName = string;

/** `sha256-` + base64 of a SHA-256 (contract §5). */
export type Digest = `sha256-${string}`;

/** `server:tool` with the upstream's own names. */
export type ToolId = `${string}:${string}`;

/** How much harm a tool may do. Judged from the approved definition; unannotated counts as destructive. */
export type Tier = 'read' | 'write' | 'destructive';

/** MCP eras: `legacy` has sessions (2024-11-05 … 2025-11-25), `modern` is stateless (2026-07-28 on). */
export type Era = 'legacy' | 'modern';

/** Text that is known to be one complete JSON value. Relayed as it was received. */
export type RawJson = string;

/** A JSON-RPC answer as raw text of its `result` or `error` member. */
export type RawReply = { readonly result: RawJson } | { readonly error: RawJson };

/** A JSON-RPC notification as raw text. */
export interface RawNotification {
  readonly method: string;
  readonly params: RawJson | undefined;
}

/** What a principal may use. Globs match tool ids (`server:tool`) or bare tool names. */
export interface Grant {
  readonly servers: readonly string[] | 'all';
  readonly tools: readonly string[] | 'all';
  readonly tier: Tier;
}

/** How much an agent may call in each hour, day or month (UTC). */
export interface Budget {
  readonly calls?: number;
  /** Tokens of results, estimated. */
  readonly tokens?: number;
  readonly per: 'hour' | 'day' | 'month';
}

/** A budget with what is used of it in the present period. */
export interface BudgetSnapshot extends Budget {
  readonly usedCalls: number;
  readonly usedTokens: number;
  /** Milliseconds since epoch. */
  readonly resetsAt: number;
}

/** A named part of what is served: what an agent sees that connects to `/mcp/p/<name>`. */
export interface Profile {
  readonly name: string;
  /** Narrows the grant of whoever comes through it. */
  readonly grant: Grant;
}

/** Who is calling. `id` is stable and is what stored results, consent and the journal are bound to. */
export interface Principal {
  readonly id: string;
  readonly kind: 'editor' | 'agent' | 'local' | 'person';
  readonly label: string;
  readonly grant: Grant;
  /** Calls a minute it may make, where a person said so for it alone. */
  readonly perMinute?: number;
  /** What it may call in a period, where a person said so for it alone. */
  readonly budget?: Budget;
  /** The profile this caller came through, if any: it may use what both cover. */
  readonly profile?: Profile;
}

/** How much of a rate is left, as a person sees it. */
export interface RateSnapshot {
  readonly what: string;
  readonly tool?: string;
  readonly perMinute: number;
  /** Whole calls that would go through now. */
  readonly left: number;
}

/** A grant that withholds nothing. */
export const FULL_GRANT: Grant = { servers: 'all', tools: 'all', tier: 'destructive' };

/** Formats a tool id. */
export function toolId(server: ServerName, tool: string): ToolId {
  return `${server}:${tool}`;
}

/** The five statuses a definition can have at its current digest (contract §5). */
export type ApprovalStatus = 'pending' | 'approved' | 'changed' | 'blocked';
