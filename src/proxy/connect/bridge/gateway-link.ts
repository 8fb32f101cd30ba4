import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { VestibuleError } from '../../errors.ts';
import { exchange, NotReachedError, type Outgoing } from './exchange.ts';

/** How often a gateway that is not there is looked for, in milliseconds. */
const LOOK_EVERY_MS = 200;

/** Where the gateway is, and what lets the agent in. Both are asked anew each time: both may change. */
export interface GatewayLinkOptions {
  /** URLs to try, best first; none while no gateway runs. */
  readonly locate: () => Promise<readonly string[]>;
  /** @throws VestibuleError when there is none */
  readonly token: () => Promise<string>;
  /** How long a message waits for a gateway, in milliseconds. */
  readonly patienceMs: number;
}

/** A response, and where it came from. */
export interface Reached {
  readonly url: string;
  readonly response: IncomingMessage;
}

/** Sends requests to the gateway, wherever it is now; one that was not seen waits until there is a gateway again. */
export class GatewayLink {
  readonly #options: GatewayLinkOptions;

  constructor(options: GatewayLinkOptions) {
    this.#options = options;
  }

  /**
   * Sends a request to the gateway.
   * @param message.url where to, for a request that belongs to a session; else wherever a gateway is
   * @throws VestibuleError `connection-failed` when none came within the patience; NotReachedError when `url` is given
   *   and nobody is there
   */
  async send(message: Omit<Outgoing, 'url'> & { readonly url?: string }): Promise<Reached> {
    if (message.url !== undefined) {
      // Whoever took the port of a gateway that is gone must not be sent a token.
      if (!(await this.#options.locate()).includes(message.url)) throw new NotReachedError(`No gateway is at ${message.url} any more.`);
      return this.#sendTo(message.url, message);
    }
    const until = performance.now() + this.#options.patienceMs;
    for (;;) {
      for (const url of await this.#options.locate()) {
        try {
          return await this.#sendTo(url, message);
        } catch (error) {
          if (!(error instanceof NotReachedError)) throw error;
        }
      }
      if (performance.now() >= until) throw noGateway();
      await delay(LOOK_EVERY_MS, undefined, { signal: message.signal });
    }
  }

  async #sendTo(url: string, message: Omit<Outgoing, 'url'>): Promise<Reached> {
    const headers = { ...message.headers, authorization: `Bearer ${await this.#options.token()}` };
    return { url, response: await exchange({ ...message, url, headers }) };
  }
}

function noGateway(): VestibuleError {
  return new VestibuleError('connection-failed', 'No Vestibule gateway is running.', { action: 'Open the editor window that connected this agent, or start vestibule serve.' });
}
