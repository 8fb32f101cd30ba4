import type { CatalogResource } from '../catalog/types.ts';
import type { Principal, ServerName } from '../model.ts';
import { mayUseContent } from '../policy/content-grants.ts';
import type { ServedContent, ServedServer } from '../policy/served-content.ts';
import type { ExposedUris, ResourceAddress } from './exposed-uris.ts';
import { literalLength, matchTemplate, templateParts, type TemplatePart } from './uri-template.ts';

/** Where to read a resource, and what allows it. */
export interface ResourceRoute extends ResourceAddress {
  /** Asked again when a connection stands. */
  stillServed(): boolean;
}

/** What routes are found in. */
export interface ResourceRoutesDeps {
  readonly content: ServedContent;
  readonly uris: ExposedUris;
}

/** Decides which server an agent means by a URI, and whether it may read that. */
export class ResourceRoutes {
  readonly #deps: ResourceRoutesDeps;
  readonly #parts = new WeakMap<CatalogResource, readonly TemplatePart[]>();
  #version = -1;
  #owners: ReadonlyMap<string, ServerName> = new Map();

  constructor(deps: ResourceRoutesDeps) {
    this.#deps = deps;
  }

  /**
   * A listed resource first; then one that a template makes; then one that a result mentioned. Undefined when none of
   * these allows it.
   * @param mentioned the server whose result last mentioned this URI to the agent
   */
  find(principal: Principal, exposed: string, mentioned: (uri: string) => ServerName | undefined): ResourceRoute | undefined {
    const { content, uris } = this.#deps;
    const owner = this.#ownerOf(exposed);
    const address = owner === undefined ? uris.unwrap(exposed) : { server: owner, uri: exposed };
    const server = address?.server ?? this.#byTemplate(principal, exposed) ?? mentioned(exposed);
    if (server === undefined) return undefined;
    const uri = address?.uri ?? exposed;
    const stillServed = (): boolean => {
      const served = content.of(server);
      return served !== undefined && mayUseContent(principal, server, uri) && (served.readable || this.#templateFor(served, principal, uri) !== undefined);
    };
    return stillServed() ? { server, uri, stillServed } : undefined;
  }

  /** The served template of a server that makes this URI, if the principal may use it. */
  #templateFor({ server, templates }: ServedServer, principal: Principal, uri: string): CatalogResource | undefined {
    return templates.find((template) => mayUseContent(principal, server, template.name) && matchTemplate(this.#partsOf(template), uri) !== undefined);
  }

  /** Of several servers whose templates make this URI, the one whose template says most of it. */
  #byTemplate(principal: Principal, uri: string): ServerName | undefined {
    let best: { readonly server: ServerName; readonly length: number } | undefined;
    for (const served of this.#deps.content.servers()) {
      const template = this.#templateFor(served, principal, uri);
      if (template === undefined) continue;
      const length = literalLength(this.#partsOf(template));
      if (best === undefined || length > best.length) best = { server: served.server, length };
    }
    return best?.server;
  }

  #ownerOf(uri: string): ServerName | undefined {
    const { content, uris } = this.#deps;
    if (content.version !== this.#version) {
      this.#version = content.version;
      const owners = new Map<string, ServerName>();
      for (const { server, resources } of content.servers()) {
        for (const { name } of resources) if (uris.expose(server, name) === name) owners.set(name, server);
      }
      this.#owners = owners;
    }
    return this.#owners.get(uri);
  }

  #partsOf(template: CatalogResource): readonly TemplatePart[] {
    const parts = this.#parts.get(template) ?? templateParts(template.name);
    this.#parts.set(template, parts);
    return parts;
  }
}
