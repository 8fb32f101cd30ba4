import type { Event } from '../events.ts';
import type { Digest, RawJson, ServerName, Tier, ToolId } from '../model.ts';
import type { Listing } from '../upstream/types.ts';
import type { ToolRules } from './tool-rules.ts';

/** The annotations of a tool as it claims them; only an approved definition's are believed. */
export interface ToolAnnotations {
  readonly title?: string;
  readonly readOnlyHint?: boolean;
  readonly destructiveHint?: boolean;
  readonly idempotentHint?: boolean;
  readonly openWorldHint?: boolean;
}

/** The part of a definition that a person's configuration can change for agents. */
export interface ToolTexts {
  readonly description: string;
  /** Parsed; deep-frozen. */
  readonly inputSchema: Readonly<Record<string, unknown>>;
  readonly annotations: ToolAnnotations;
  readonly tier: Tier;
}

/** How what agents see of a tool, and give it, differs from what the upstream has (`tools.overrides`). */
export interface ToolShaping {
  /** As the upstream has it. */
  readonly own: ToolTexts;
  /** The schema that agents see, raw; undefined when it is the upstream's. */
  readonly inputSchema: RawJson | undefined;
  /** Parameters that an agent must not give: hidden, pinned, or called otherwise now. */
  readonly refused: ReadonlySet<string>;
  /** The upstream's names of parameters, by those agents see. */
  readonly renamed: ReadonlyMap<string, string>;
  /** Raw values by the upstream's names: always these, and where an agent gives none. */
  readonly pinned: ReadonlyMap<string, RawJson>;
  readonly defaults: ReadonlyMap<string, RawJson>;
}

/**
 * A definition that could be read. `raw` is the text exactly as received, and `digest` covers all of it: approvals are
 * over these. Description, schema, annotations and tier are as agents see them.
 */
export interface CatalogTool extends ToolTexts {
  readonly server: ServerName;
  /** The upstream's own name. */
  readonly name: string;
  /** What agents call it: an alias, or the upstream's own name. */
  readonly shownName: string;
  /** `server:` with the shown name. */
  readonly id: ToolId;
  /** The name agents see in direct mode (contract §4): `[a-zA-Z0-9_-]`, at most 46 characters. */
  readonly exposedName: string;
  readonly raw: RawJson;
  readonly digest: Digest;
  readonly title: string | undefined;
  /** Undefined when agents see the definition as it is. */
  readonly shaping: ToolShaping | undefined;
}

/** A prompt of a server. */
export interface CatalogPrompt {
  readonly server: ServerName;
  /** The upstream's own name. */
  readonly name: string;
  /** The name agents see, made as those of tools are. */
  readonly exposedName: string;
  readonly raw: RawJson;
  readonly digest: Digest;
  readonly title: string | undefined;
  readonly description: string;
}

/** A resource of a server, or a template of resources. */
export interface CatalogResource {
  readonly server: ServerName;
  /** The URI, or the URI template (RFC 6570), as the upstream has it. */
  readonly name: string;
  readonly raw: RawJson;
  readonly digest: Digest;
  readonly title: string | undefined;
  readonly description: string;
}

/** A definition that cannot be served, and why: never listed, never callable, shown to the person. */
export interface HeldDefinition {
  readonly server: ServerName;
  /** What it defines; a tool or the instructions when left out. */
  readonly kind?: 'prompt' | 'resource' | 'template';
  /** Its name if one could be read. */
  readonly name: string | undefined;
  /** Its place in the listing, from 0; -1 for the server's instructions. */
  readonly index: number;
  readonly problem: string;
  readonly fix: string;
}

/** What one upstream offers now, or offered when last seen. */
export interface ServerCatalog {
  readonly server: ServerName;
  /** Begins the names its definitions are exposed under; empty when names pass unchanged. */
  readonly slug: string;
  readonly tools: readonly CatalogTool[];
  readonly prompts: readonly CatalogPrompt[];
  readonly resources: readonly CatalogResource[];
  readonly templates: readonly CatalogResource[];
  /** Raw `capabilities` as the server declared them last. */
  readonly capabilities: RawJson;
  readonly held: readonly HeldDefinition[];
  /** The `instructions` string, if the server sends any; the digest is that of its JSON text. */
  readonly instructions: { readonly text: string; readonly digest: Digest } | undefined;
  /** What the server calls itself; untrusted. */
  readonly title: string | undefined;
  /** Which version a program says it is whose launch names none; untrusted. Undefined where the launch says it. */
  readonly version?: string | undefined;
  /** Milliseconds since epoch of the listing. */
  readonly seenAt: number;
}

export interface Catalog {
  readonly onDidChange: Event<{ readonly server: ServerName }>;
  servers(): Iterable<ServerCatalog>;
  server(name: ServerName): ServerCatalog | undefined;
  /** Exact lookup by `server:tool` or exposed name; never parses a separator. */
  find(nameOrId: string): CatalogTool | undefined;
  /** True when the definition of this digest was in the last listing that came by this connection (security D6). */
  isOffered(source: Listing['source'], digest: Digest): boolean;
  /** Fires when a connection lists something else than it did, or at first something else than its server is known for. */
  readonly onDidChangeOffer: Event<{ readonly server: ServerName }>;
}

/** The catalog as its owner sees it: who is in it, and what they list. */
export interface LiveCatalog extends Catalog {
  /**
   * Says which servers there are. One that is new shows what was remembered of it; one that is gone is taken out but
   * remembered.
   */
  setServers(names: readonly ServerName[]): void;
  /** Says what a person's configuration changes about the tools of which servers. Tools it changes nothing about stay the same objects. */
  setRules(rules: ReadonlyMap<ServerName, ToolRules>): void;
  /**
   * Takes in a fresh, complete listing; ignored for a server that is not set. What changed is out of the catalog when
   * the call returns; what is new is in it when the promise resolves, at once unless the listing is very large. A later
   * listing of the same server ends an earlier one. Never rejects.
   * @param version what the program says it is, where that has to be approved
   */
  accept(server: ServerName, listing: Listing, version?: string): Promise<void>;
  /** Forgets what a server listed, also on disk: after its launch changed, for example. */
  remove(server: ServerName): void;
  /** Writes what is still to be written. */
  dispose(): Promise<void>;
}
