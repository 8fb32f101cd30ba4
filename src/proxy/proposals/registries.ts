import type { GatewaySettings } from '../config/types.ts';
import type { VestibuleError } from '../errors.ts';
import { RegistryCache } from '../registry/cache.ts';
import { keptServers, lookUpServer, searchRegistry } from '../registry/client.ts';
import type { RegistryServer } from '../registry/types.ts';

const MAX_FOUND = 50;

/** What agents may hear of registries: what they answered a person before; and what those answer that a person wrote down for it. */
export class Registries {
  readonly #dataDir: string;
  readonly #settings: () => Pick<GatewaySettings, 'autonomy' | 'autonomous'>;
  readonly #report: (problem: VestibuleError) => void;

  constructor(dataDir: string, settings: () => Pick<GatewaySettings, 'autonomy' | 'autonomous'>, report: (problem: VestibuleError) => void) {
    this.#dataDir = dataDir;
    this.#settings = settings;
    this.#report = report;
  }

  /** A server of exactly this name; undefined where there is none, or the registry does not answer. */
  async lookUp(registry: string, name: string): Promise<RegistryServer | undefined> {
    try {
      return await lookUpServer({ name, version: 'latest' }, registry);
    } catch {
      // Whatever went wrong there, it is not on this list.
      return undefined;
    }
  }

  async kept(name: string): Promise<RegistryServer | undefined> {
    return keptServers(await this.#cache()).find((server) => server.name === name);
  }

  /** Servers by words of their names. @returns whether registries were asked */
  async search(query: string): Promise<{ readonly servers: readonly RegistryServer[]; readonly asked: boolean }> {
    const { autonomy, autonomous } = this.#settings();
    const cache = await this.#cache();
    const asked = autonomy === 'autonomous' && autonomous.registries.length > 0;
    if (!asked) {
      const words = query.toLowerCase().split(/\s+/).filter((word) => word !== '');
      return { servers: keptServers(cache).filter(({ name, description }) => words.every((word) => `${name} ${description}`.toLowerCase().includes(word))).slice(0, MAX_FOUND), asked };
    }
    const pages = await Promise.all(autonomous.registries.map((base) => searchRegistry(query, undefined, { base, cache }).then(({ servers }) => servers, () => [])));
    await cache.flush();
    return { servers: pages.flat().slice(0, MAX_FOUND), asked };
  }

  /** Opened anew each time: another process may have asked since. */
  #cache(): Promise<RegistryCache> {
    return RegistryCache.open(this.#dataDir, this.#report);
  }
}
