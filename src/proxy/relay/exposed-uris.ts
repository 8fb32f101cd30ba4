import type { Catalog, CatalogTool } from '../catalog/types.ts';
import { members, stringOf } from '../json/slice.ts';
import type { RawJson, ServerName } from '../model.ts';
import type { ServedContent } from '../policy/served-content.ts';
import type { ServedTools } from '../policy/served.ts';
import { matchTemplate, templateParts, type TemplatePart } from './uri-template.ts';

/** What the URIs are of. */
export interface ExposedUrisDeps {
  readonly catalog: Catalog;
  readonly content: ServedContent;
  readonly tools: ServedTools;
}

/** A resource as its server calls it. */
export interface ResourceAddress {
  readonly server: ServerName;
  readonly uri: string;
}

/** `scheme://slug/rest`, as `wrap` makes it. */
const WRAPPED = /^(mcpx|ui):\/\/([a-zA-Z0-9-]{1,12})\/(.+)$/s;

/**
 * The URIs agents see. They are the upstreams' own while only one served server has them; one that several have is
 * wrapped, for each of them: `mcpx://<slug>/<percent-encoded>`, `ui://<slug>/<percent-encoded>` for user interfaces.
 */
export class ExposedUris {
  readonly #deps: ExposedUrisDeps;
  #version = '';
  /** URIs and URI templates that several servers have. */
  #shared: ReadonlySet<string> = new Set();
  #slugs: ReadonlyMap<string, ServerName> = new Map();
  #wrappedTemplates: readonly { readonly server: ServerName; readonly template: string; readonly wrapped: readonly TemplatePart[] }[] = [];

  constructor(deps: ExposedUrisDeps) {
    this.#deps = deps;
  }

  /** What agents call this resource of a server. */
  expose(server: ServerName, uri: string): string {
    this.#refresh();
    const slug = this.#shared.has(uri) ? this.#slugOf(server) : '';
    return slug === '' ? uri : `${prefixOf(uri, slug)}${encodeURIComponent(uri)}`;
  }

  /** What agents call this resource template of a server; its expressions stay as they are (RFC 6570). */
  exposeTemplate(server: ServerName, template: string): string {
    this.#refresh();
    const slug = this.#shared.has(template) ? this.#slugOf(server) : '';
    return slug === '' ? template : wrapTemplate(template, slug);
  }

  /** Whose resource an agent means by a wrapped URI; undefined for one that is not wrapped. */
  unwrap(exposed: string): ResourceAddress | undefined {
    const match = WRAPPED.exec(exposed);
    if (match === null) return undefined;
    const [, scheme = '', slug = '', rest = ''] = match;
    this.#refresh();
    const server = this.#slugs.get(slug);
    if (server === undefined) return undefined;
    const expanded = this.#expanded(server, exposed);
    if (expanded !== undefined) return { server, uri: expanded };
    const uri = decoded(rest);
    // Servers name their own interfaces ui://…: only a wrapped one holds another such URI.
    return uri === undefined || (scheme === 'ui') !== uri.startsWith('ui://') ? undefined : { server, uri };
  }

  /** Which template of a server an agent means, as the server has it. */
  unwrapTemplate(exposed: string): { readonly server: ServerName; readonly template: string } | undefined {
    this.#refresh();
    return this.#wrappedTemplates.find(({ server, template }) => wrapTemplate(template, this.#slugOf(server)) === exposed);
  }

  /** Raw JSON for a server, with strings that are wrapped URIs of its own as it knows them; other text untouched. */
  unwrapStrings(server: ServerName, raw: RawJson): RawJson {
    const slug = raw.includes(`://`) ? this.#slugOf(server) : '';
    if (slug === '' || !raw.includes(`://${slug}/`)) return raw;
    return raw.replace(/"(?:mcpx|ui):\/\/[^"\\]*"/g, (text) => {
      const address = this.unwrap(text.slice(1, -1));
      return address?.server === server ? JSON.stringify(address.uri) : text;
    });
  }

  /** The URI an expansion of a wrapped template stands for: its text decoded, its expressions as the agent filled them. */
  #expanded(server: ServerName, exposed: string): string | undefined {
    for (const one of this.#wrappedTemplates) {
      const values = one.server === server ? matchTemplate(one.wrapped, exposed) : undefined;
      if (values === undefined) continue;
      let next = 0;
      return templateParts(one.template).map((part) => ('literal' in part ? part.literal : (values[next++] ?? ''))).join('');
    }
    return undefined;
  }

  #slugOf(server: ServerName): string {
    return this.#deps.catalog.server(server)?.slug ?? '';
  }

  #refresh(): void {
    const { catalog, content, tools } = this.#deps;
    const version = `${content.version}/${tools.version}`;
    if (version === this.#version) return;
    this.#version = version;
    const owners = new Map<string, ServerName>();
    const shared = new Set<string>();
    const own = (server: ServerName, uri: string): void => {
      const owner = owners.get(uri) ?? server;
      owners.set(uri, owner);
      if (owner !== server) shared.add(uri);
    };
    for (const { server, resources, templates } of content.servers()) {
      for (const { name } of [...resources, ...templates]) own(server, name);
    }
    for (const tool of tools.all()) {
      const uri = interfaceOf(tool);
      if (uri !== undefined) own(tool.server, uri);
    }
    this.#shared = shared;
    this.#slugs = new Map([...catalog.servers()].map(({ server, slug }) => [slug, server]));
    this.#wrappedTemplates = [...content.servers()].flatMap(({ server, templates }) =>
      templates
        .filter(({ name }) => shared.has(name))
        .map(({ name }) => ({ server, template: name, wrapped: templateParts(wrapTemplate(name, this.#slugOf(server))) })),
    );
  }
}

const interfaces = new WeakMap<CatalogTool, string | undefined>();

/** The URI of the user interface that belongs to a tool (MCP Apps), if there is one. */
export function interfaceOf(tool: CatalogTool): string | undefined {
  if (interfaces.has(tool)) return interfaces.get(tool);
  const meta = tool.raw.includes('resourceUri') ? members(members(tool.raw)?.get('_meta') ?? '') : undefined;
  const uri = stringOf(members(meta?.get('ui') ?? '')?.get('resourceUri') ?? meta?.get('ui/resourceUri'));
  interfaces.set(tool, uri);
  return uri;
}

function prefixOf(uri: string, slug: string): string {
  return `${uri.startsWith('ui://') ? 'ui' : 'mcpx'}://${slug}/`;
}

function wrapTemplate(template: string, slug: string): string {
  const parts = templateParts(template).map((part) => ('literal' in part ? encodeURIComponent(part.literal) : part.expression));
  return `${prefixOf(template, slug)}${parts.join('')}`;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
