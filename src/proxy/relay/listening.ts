import type { AgentSession } from '../downstream/types.ts';
import type { Agents } from './agents.ts';
import type { ResourceAddress } from './exposed-uris.ts';
import type { ResourceRoutes } from './resource-routes.ts';

/** What one agent of the modern era listens to. */
interface Listened {
  readonly watched: Map<string, ResourceAddress>;
  /** What was asked last; an older request that is still being worked on gives way to it. */
  wanted: ReadonlySet<string>;
  working: Promise<void>;
}

/** Makes servers tell of the resources that agents of the modern era listen to (subscriptions/listen). */
export class Listening {
  readonly #agents: Agents;
  readonly #routes: ResourceRoutes;
  readonly #listened = new WeakMap<AgentSession, Listened>();

  constructor(agents: Agents, routes: ResourceRoutes) {
    this.#agents = agents;
    this.#routes = routes;
  }

  /**
   * The URIs an agent listens to are these now.
   * @returns resolves when the servers know; a server that does not tell of changes is not an error
   */
  update(session: AgentSession, uris: ReadonlySet<string>): Promise<void> {
    const listened = this.#listened.get(session) ?? { watched: new Map(), wanted: uris, working: Promise.resolve() };
    this.#listened.set(session, listened);
    listened.wanted = uris;
    listened.working = listened.working.then(() => this.#work(session, listened));
    return listened.working;
  }

  async #work(session: AgentSession, { watched, wanted }: Listened): Promise<void> {
    for (const [exposed, address] of watched) {
      if (wanted.has(exposed)) continue;
      watched.delete(exposed);
      await this.#agents.watch(session, address, false);
    }
    for (const exposed of wanted) {
      if (watched.has(exposed)) continue;
      const route = this.#routes.find(session.principal, exposed, (uri) => this.#agents.of(session).mentionedBy(uri));
      if (route === undefined) continue;
      const reply = await this.#agents.watch(session, route, true);
      if ('result' in reply) watched.set(exposed, route);
    }
  }
}
