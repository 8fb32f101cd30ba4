import type { CatalogResource } from '../catalog/types.ts';
import type { AgentRequest, AgentSession } from '../downstream/types.ts';
import { rpcError } from '../json/frame.ts';
import { stringOf } from '../json/slice.ts';
import type { RawJson, RawReply } from '../model.ts';
import type { LookThrough } from '../pipeline/look-through.ts';
import { mayUseContent } from '../policy/content-grants.ts';
import type { ServedContent } from '../policy/served-content.ts';
import type { Agents } from './agents.ts';
import { exposedResource } from './exposed-content.ts';
import type { ExposedUris } from './exposed-uris.ts';
import { refuseCursor } from './paging.ts';
import { paramsOf, passOn } from './passing.ts';
import type { ResourceCache } from './resource-cache.ts';
import type { ResourceRoute, ResourceRoutes } from './resource-routes.ts';

/** What resources are answered from. */
export interface ResourcesDeps {
  readonly content: ServedContent;
  readonly uris: ExposedUris;
  readonly routes: ResourceRoutes;
  readonly agents: Agents;
  readonly cache: ResourceCache;
  readonly lookThrough: LookThrough;
}

/** resources/*: lists of what is approved and granted; reading and watching what belongs to one of these servers. */
export class Resources {
  readonly #deps: ResourcesDeps;

  constructor(deps: ResourcesDeps) {
    this.#deps = deps;
  }

  /** The definitions of resources a session may read, raw. */
  visible(session: AgentSession): readonly RawJson[] {
    return [...this.#deps.content.servers()].flatMap(({ resources }) =>
      resources
        .filter((resource) => this.#isVisible(session, resource))
        .map((resource) => exposedResource(resource, 'uri', this.#deps.uris.expose(resource.server, resource.name))),
    );
  }

  /** The definitions of templates a session may use, raw. */
  visibleTemplates(session: AgentSession): readonly RawJson[] {
    return [...this.#deps.content.servers()].flatMap(({ templates }) =>
      templates
        .filter((template) => this.#isVisible(session, template))
        .map((template) => exposedResource(template, 'uriTemplate', this.#deps.uris.exposeTemplate(template.server, template.name))),
    );
  }

  list(request: AgentRequest): RawReply {
    return refuseCursor(request) ?? { result: `{"resources":[${this.visible(request.session).join(',')}]}` };
  }

  listTemplates(request: AgentRequest): RawReply {
    return refuseCursor(request) ?? { result: `{"resourceTemplates":[${this.visibleTemplates(request.session).join(',')}]}` };
  }

  async read(request: AgentRequest): Promise<RawReply> {
    const exposed = stringOf(paramsOf(request).get('uri'));
    if (exposed === undefined) return NEEDS_URI;
    const route = this.#route(request, exposed);
    const unserved = notFound(request, exposed);
    if (route === undefined) return unserved;
    const reply = await this.#deps.cache.read(request, route, () =>
      passOn(this.#deps.agents, request, {
        server: route.server,
        own: [['uri', JSON.stringify(route.uri)]],
        stillServed: () => route.stillServed(),
        unserved,
      }),
    );
    return this.#deps.lookThrough(route.server, reply);
  }

  /** resources/subscribe and resources/unsubscribe, of the legacy era. */
  async watch(request: AgentRequest, on: boolean): Promise<RawReply> {
    const exposed = stringOf(paramsOf(request).get('uri'));
    if (exposed === undefined) return NEEDS_URI;
    const route = this.#route(request, exposed);
    if (route === undefined) return notFound(request, exposed);
    return this.#deps.lookThrough(route.server, await this.#deps.agents.watch(request.session, route, on));
  }

  #isVisible(session: AgentSession, { server, name, digest }: CatalogResource): boolean {
    return mayUseContent(session.principal, server, name) && this.#deps.agents.offers(session, server, digest);
  }

  #route({ session }: AgentRequest, exposed: string): ResourceRoute | undefined {
    return this.#deps.routes.find(session.principal, exposed, (uri) => this.#deps.agents.of(session).mentionedBy(uri));
  }
}

const NEEDS_URI: RawReply = { error: rpcError(-32602, 'It needs a string "uri"') };

/** Unknown, not approved or not granted: an agent must not learn which. */
function notFound({ session }: AgentRequest, uri: string): RawReply {
  return { error: rpcError(session.era === 'legacy' ? -32002 : -32602, 'Resource not found', { uri }) };
}
