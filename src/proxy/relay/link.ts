import type { Catalog } from '../catalog/types.ts';
import type { UpstreamConfig } from '../config/types.ts';
import { rpcError } from '../json/frame.ts';
import { withoutTasks } from '../json/tasks-extension.ts';
import type { Digest, RawJson, RawNotification, RawReply, ServerName } from '../model.ts';
import type { LookAside } from '../pipeline/look-aside.ts';
import type { LinkOptions, UpstreamLink } from '../pipeline/types.ts';
import type { CallOptions, ClientRequest, Sender, UpstreamConnection } from '../upstream/types.ts';
import type { Agent } from './agent.ts';
import type { Ask } from './asking.ts';
import { bridgedCall } from './bridge/bridge.ts';
import { withSafeUrls } from './elicitation.ts';
import { exposedInputRequests } from './exposed-question.ts';
import type { ExposedUris } from './exposed-uris.ts';
import { mapTaskUris, mapUris } from './map-uris.ts';
import { senderOf } from './meta.ts';
import { relayedNotification, type Exposure } from './notifications.ts';

/** What of an agent's request goes along with whatever is sent upstream for it. */
export interface LinkRequest {
  /** Raw members of its params that are not ours, each after a comma; empty when there are none. */
  readonly extra: string;
  /** Who a request of the modern era speaks for. */
  readonly sender: Sender;
}

/**
 * What goes along of a request with these params.
 * @param passes whether the member of this name does; `_meta` never does, the relay writes it itself
 */
export function linkRequestOf(agent: Agent, params: ReadonlyMap<string, RawJson>, passes: (name: string) => boolean): LinkRequest {
  let extra = '';
  for (const [name, value] of params) if (name !== '_meta' && passes(name)) extra += `,${JSON.stringify(name)}:${value}`;
  return { extra, sender: senderOf(params.get('_meta')) ?? agent.sender };
}

/** The same for a call whose answer must not be a task: nobody could wait for it. */
export function finishedAtOnce(own: LinkRequest): LinkRequest {
  const { clientInfo, capabilities, logLevel } = own.sender;
  return { ...own, sender: { clientInfo, capabilities: withoutTasks(capabilities), logLevel } };
}

/** What a link is made of. */
export interface LinkParts {
  readonly agent: Agent;
  /** Puts a request on the stream of the agent's own. */
  readonly ask: Ask;
  /** As `AgentRequest.congestion`. */
  readonly congestion: () => Promise<void> | undefined;
  readonly own: LinkRequest;
  readonly server: ServerName;
  readonly exposure: Exposure;
  readonly uris: ExposedUris;
  readonly config: UpstreamConfig;
  readonly connection: UpstreamConnection;
  readonly catalog: Catalog;
  readonly look: LookAside;
  /** Told of what the server says in the course of the request. */
  readonly heard: (notification: RawNotification) => void;
}

/** The way from one request of an agent to one upstream, over a connection that speaks for this agent. */
export class Link implements UpstreamLink {
  readonly #parts: LinkParts;

  constructor(parts: LinkParts) {
    this.#parts = parts;
  }

  offers(digest: Digest): boolean {
    return this.#parts.catalog.isOffered(this.#parts.connection, digest);
  }

  async request(method: string, params: RawJson, options: LinkOptions): Promise<RawReply> {
    const { agent, ask, connection, own, server, uris } = this.#parts;
    const whole = own.extra === '' ? params : `${params.slice(0, -1)}${own.extra}}`;
    const meant = uris.unwrapStrings(server, whole);
    const callOptions = this.#callOptions(options);
    const reply = await agent.during(server, ask, () =>
      connection.info.era === agent.era
        ? connection.call(method, meant, callOptions)
        : bridgedCall({ method, params: meant, options: callOptions, connection, sender: own.sender, ask: this.#asking(options) }),
    );
    return this.#exposed(withSafeUrls(reply), method === 'tasks/get' ? mapTaskUris : mapUris);
  }

  /** The answer with resources called what the agent calls them, which it may now ask for. */
  #exposed(reply: RawReply, map: typeof mapUris): RawReply {
    if ('error' in reply) return reply;
    const { agent, server, exposure } = this.#parts;
    const result = map(reply.result, (uri) => {
      agent.mention(uri, server);
      return exposure.expose(uri);
    });
    const shown = exposedInputRequests(server, exposure, result);
    return shown === reply.result ? reply : { result: shown };
  }

  /** How the server may ask the agent, its model or its person something in the course of the request. */
  #asking({ asks, found }: LinkOptions): (question: ClientRequest) => Promise<RawReply> {
    const { agent, ask, server } = this.#parts;
    return (question) => (asks?.() === false ? Promise.resolve({ error: rpcError(-32603, 'Nobody can be asked in this call') }) : agent.ask(server, question, ask, found));
  }

  #callOptions(options: LinkOptions): CallOptions {
    const { signal, patient, onProgress, onNotification, found, headers } = options;
    const { congestion, own, server, exposure, config, look, heard } = this.#parts;
    return {
      timeoutMs: (patient === true ? config.maxTimeoutSeconds : config.timeoutSeconds) * 1000,
      maxTimeoutMs: config.maxTimeoutSeconds * 1000,
      signal,
      congestion,
      sender: own.sender,
      ...(headers && { headers }),
      ...(onProgress && { onProgress: (params) => onProgress(look.progress(server, params, found)) }),
      onNotification: (notification: RawNotification) => {
        heard(notification);
        const relayed = relayedNotification(exposure, notification);
        const looked = relayed && look.notification(server, relayed, found);
        if (looked !== undefined) onNotification?.(looked);
      },
      // Over a shared connection nobody can be held responsible for the answer: it is refused.
      ...(!config.shared && { onRequest: this.#asking(options) }),
    };
  }
}
