import { randomBytes } from 'node:crypto';
import type { GatewayApi } from '../proxy/api.ts';
import type { Endpoint } from '../proxy/downstream/types.ts';

/** Remembers the port of this workspace. */
export interface PortMemory {
  get(): number | undefined;
  set(port: number): void;
}

/**
 * The endpoint of this window: one token for the whole activation, and the port it had last time if that is free, so
 * that what VS Code cached stays valid.
 */
export class EditorEndpoint {
  /** 256 random bits; in memory only. */
  readonly token = randomBytes(32).toString('base64url');
  readonly #start: () => Promise<GatewayApi>;
  readonly #memory: PortMemory;
  #wanted = false;

  constructor(start: () => Promise<GatewayApi>, memory: PortMemory) {
    this.#start = start;
    this.#memory = memory;
  }

  /** The port to try first. */
  get port(): number | undefined {
    return this.#memory.get();
  }

  /**
   * Where the endpoint listens, listening first if need be.
   * @throws when there is no gateway or it cannot bind
   */
  async listen(): Promise<Endpoint> {
    this.#wanted = true;
    return this.#listenOn(await this.#start());
  }

  /**
   * Makes a new gateway listen before it is handed out, if the one before it did or agents of other programs have a
   * token for it: those cannot wake it.
   * @throws when the one before it listened and this one cannot; agents alone are no reason to have no gateway
   */
  async resume(gateway: GatewayApi): Promise<void> {
    if (this.#wanted) await this.#listenOn(gateway);
    else if (gateway.snapshot().agents.length > 0) await this.#listenOn(gateway).catch(() => undefined);
  }

  async #listenOn(gateway: GatewayApi): Promise<Endpoint> {
    const endpoint = await gateway.listen();
    this.#memory.set(endpoint.port);
    return endpoint;
  }
}
