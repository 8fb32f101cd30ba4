import { createHash } from 'node:crypto';
import type { Principal, RawJson, RawReply } from '../model.ts';
import type { ListenStream } from './listen-stream.ts';
import type { ModernRequest } from './modern-request.ts';
import type { Member } from './session-table.ts';
import { AgentRequestError } from './types.ts';

/** What a modern request says of its sender. */
export interface ModernClient {
  readonly name: string;
  readonly version: string;
  /** Raw `clientInfo`. */
  readonly clientInfo: RawJson;
  /** Raw capabilities. */
  readonly capabilities: RawJson;
  readonly protocolVersion: string;
}

/**
 * The id under which requests count as one caller's. Capabilities belong to it: two windows of one client that can
 * do different things must not be taken for each other.
 */
export function callerId(principal: Principal, { name, version, capabilities }: Pick<ModernClient, 'name' | 'version' | 'capabilities'>): string {
  return createHash('sha256').update(JSON.stringify([principal.id, principal.profile?.name, name, version, capabilities])).digest('base64url');
}

/** A client of the stateless era, as far as it is known from one request to the next. */
export class ModernCaller implements Member {
  readonly id: string;
  readonly era = 'modern';
  readonly since = Date.now();
  readonly client: { readonly name: string; readonly version: string };
  readonly clientInfo: RawJson;
  readonly capabilities: RawJson;
  readonly protocolVersion: string;
  readonly #onListening: (caller: ModernCaller, uris: ReadonlySet<string>) => void;
  readonly #requests = new Set<ModernRequest>();
  readonly #listens = new Set<ListenStream>();
  #principal: Principal;
  #lastSeen = Date.now();

  /** `onListening` hears of every change of the resource URIs that are listened to. */
  constructor(id: string, principal: Principal, client: ModernClient, onListening: (caller: ModernCaller, uris: ReadonlySet<string>) => void) {
    this.id = id;
    this.client = { name: client.name, version: client.version };
    this.clientInfo = client.clientInfo;
    this.capabilities = client.capabilities;
    this.protocolVersion = client.protocolVersion;
    this.#principal = principal;
    this.#onListening = onListening;
  }

  get principal(): Principal {
    return this.#principal;
  }

  get lastSeen(): number {
    return this.#lastSeen;
  }

  get inFlight(): number {
    return this.#requests.size;
  }

  /** Listen streams open now. */
  get listens(): number {
    return this.#listens.size;
  }

  get streaming(): boolean {
    return this.#listens.size > 0;
  }

  /** Marks use. The principal is the same one, with the rights it has now. */
  touch(principal: Principal): void {
    this.#principal = principal;
    this.#lastSeen = Date.now();
  }

  notify(method: string, params?: RawJson): void {
    for (const stream of this.#listens) stream.offer(method, params);
  }

  congestion(): Promise<void> | undefined {
    for (const stream of this.#listens) {
      const congestion = stream.congestion();
      if (congestion !== undefined) return congestion;
    }
    return undefined;
  }

  request(): Promise<RawReply> {
    return Promise.reject(new AgentRequestError('unsupported', 'Clients of this era are asked through results'));
  }

  begin(request: ModernRequest): void {
    this.#requests.add(request);
  }

  end(request: ModernRequest): void {
    this.#lastSeen = Date.now();
    this.#requests.delete(request);
  }

  addListen(stream: ListenStream): void {
    this.#listens.add(stream);
    if (stream.filter.uris.size > 0) this.#tellListening();
  }

  removeListen(stream: ListenStream): void {
    this.#lastSeen = Date.now();
    if (this.#listens.delete(stream) && stream.filter.uris.size > 0) this.#tellListening();
  }

  endStreams(): void {
    for (const stream of this.#listens) stream.end();
  }

  close(): void {
    this.endStreams();
    for (const request of [...this.#requests]) request.cancel('The session has ended');
  }

  #tellListening(): void {
    this.#onListening(this, new Set([...this.#listens].flatMap((stream) => [...stream.filter.uris])));
  }
}
