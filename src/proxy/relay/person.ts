import type { Catalog } from '../catalog/types.ts';
import type { UpstreamConfig } from '../config/types.ts';
import { VestibuleError } from '../errors.ts';
import type { Digest, RawJson, RawReply, ServerName } from '../model.ts';
import type { CallSession, LinkOptions, UpstreamLink } from '../pipeline/types.ts';
import type { UpstreamHub } from '../upstream/hub.ts';
import type { UpstreamConnection } from '../upstream/types.ts';

/** What a person's own calls go through. */
export interface PersonSessionDeps {
  readonly hub: UpstreamHub;
  readonly catalog: Catalog;
}

/** The session of calls that a person makes without an agent: servers cannot ask anything back in them. */
export function personSession({ catalog, hub }: PersonSessionDeps): CallSession {
  return {
    id: 'person',
    client: 'Vestibule',
    async connect(server: ServerName): Promise<UpstreamLink> {
      const upstream = hub.get(server);
      if (upstream === undefined) throw new VestibuleError('not-found', `There is no server named "${server}".`, { action: 'Use another server.' });
      return new PersonLink(catalog, upstream.config, await upstream.connect());
    },
  };
}

class PersonLink implements UpstreamLink {
  readonly #catalog: Catalog;
  readonly #config: UpstreamConfig;
  readonly #connection: UpstreamConnection;

  constructor(catalog: Catalog, config: UpstreamConfig, connection: UpstreamConnection) {
    this.#catalog = catalog;
    this.#config = config;
    this.#connection = connection;
  }

  offers(digest: Digest): boolean {
    return this.#catalog.isOffered(this.#connection, digest);
  }

  request(method: string, params: RawJson, { headers, signal }: LinkOptions): Promise<RawReply> {
    const { maxTimeoutSeconds, timeoutSeconds } = this.#config;
    return this.#connection.call(method, params, { timeoutMs: timeoutSeconds * 1000, maxTimeoutMs: maxTimeoutSeconds * 1000, signal, ...(headers && { headers }) });
  }
}
