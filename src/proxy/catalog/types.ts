import type { Event } from '../events.ts';
import type { Digest, RawJson, ServerName, Tier, ToolId } from '../model.ts';

/** The annotations of a tool as it claims them; only an approved definition's are believed. */
export interface ToolAnnotations {
  readonly title?: string;
  readonly readOnlyHint?: boolean;
  readonly destructiveHint?: boolean;
  readonly idempotentHint?: boolean;
  readonly openWorldHint?: boolean;
}

/** A definition that could be read. `raw` is the text exactly as received; `digest` covers all of it. */
export interface CatalogTool {
  readonly server: ServerName;
  /** The upstream's own name. */
  readonly name: string;
  readonly id: ToolId;
  /** The name agents see in direct mode (contract §4): `[a-zA-Z0-9_-]`, at most 46 characters. */
  readonly exposedName: string;
  readonly raw: RawJson;
  readonly digest: Digest;
  readonly title: string | undefined;
  readonly description: string;
  /** Parsed; deep-frozen. */
  readonly inputSchema: Readonly<Record<string, unknown>>;
  readonly annotations: ToolAnnotations;
  readonly tier: Tier;
}

/** A definition that cannot be served, and why: never listed, never callable, shown to the person. */
export interface HeldDefinition {
  readonly server: ServerName;
  /** Its name if one could be read. */
  readonly name: string | undefined;
  readonly index: number;
  readonly problem: string;
  readonly fix: string;
}

/** What one upstream offers now, or offered when last seen. */
export interface ServerCatalog {
  readonly server: ServerName;
  readonly tools: readonly CatalogTool[];
  readonly held: readonly HeldDefinition[];
  /** Raw `instructions` string with its digest, if the server sends any. */
  readonly instructions: { readonly text: string; readonly digest: Digest } | undefined;
  /** What the server calls itself; untrusted. */
  readonly title: string | undefined;
  /** Milliseconds since epoch of the listing. */
  readonly seenAt: number;
}

export interface Catalog {
  readonly onDidChange: Event<{ readonly server: ServerName }>;
  servers(): Iterable<ServerCatalog>;
  server(name: ServerName): ServerCatalog | undefined;
  /** Exact lookup by `server:tool` or exposed name; never parses a separator. */
  find(nameOrId: string): CatalogTool | undefined;
}
