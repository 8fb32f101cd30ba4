import { Client, said, type Exchange, type Identity } from './client/client.ts';
import type { Sending } from './client/wires.ts';
import { parse } from './lossless.ts';
import type { Address, Column, Era, Json } from './types.ts';

/** What the client of the matrix says of itself: everything, and something nobody knows. */
export const IDENTITY: Identity = {
  clientInfo: { name: 'matrix', title: 'The matrix', version: '1', websiteUrl: 'https://matrix.example', 'x-info': 1 },
  capabilities: {
    roots: { listChanged: true },
    sampling: { tools: {}, context: {} },
    elicitation: { form: {}, url: {} },
    extensions: { 'io.modelcontextprotocol/tasks': {} },
    experimental: { 'example.org/x': { n: [1] } },
    'x-capability': {},
  },
};

/** One of the two sides that are compared: the same client at the server itself, or at the gateway before it. */
export class Side {
  readonly era: Era;
  /** True when the server behind the gateway speaks another era than the agent. */
  readonly betweenEras: boolean;
  readonly client: Client;
  /** The answer of initialize or server/discover. */
  readonly opened: Json;
  /** True when the client speaks over pipes, where nothing can be closed but all of it. */
  readonly isStdio: boolean;
  readonly #address: Address;
  readonly #nameOf: (name: string) => string;
  readonly #others: Client[] = [];

  private constructor(era: Era, betweenEras: boolean, address: Address, nameOf: (name: string) => string, client: Client, opened: Json) {
    this.era = era;
    this.betweenEras = betweenEras;
    this.client = client;
    this.opened = opened;
    this.isStdio = address.transport === 'stdio';
    this.#address = address;
    this.#nameOf = nameOf;
  }

  /** @param nameOf how a tool or prompt of the server is called on this side */
  static async open({ agent, upstream }: Column, address: Address, nameOf: (name: string) => string): Promise<Side> {
    const client = new Client(agent, IDENTITY);
    return new Side(agent, agent !== upstream, address, nameOf, client, await client.open(address));
  }

  /** One more client, in a session of its own. */
  async another(): Promise<Client> {
    const client = new Client(this.era, IDENTITY);
    this.#others.push(client);
    await client.open(this.#address);
    return client;
  }

  name(name: string): string {
    return this.#nameOf(name);
  }

  call(tool: string, args: Json = {}, more: Json = {}, { client = this.client, ...sending }: Sending & { readonly client?: Client } = {}): Promise<Exchange> {
    return client.request('tools/call', { name: this.name(tool), arguments: args, ...more }, sending);
  }

  /** Calls a tool that says something in JSON. */
  async ask(tool: string, args: Json = {}): Promise<unknown> {
    return parse(said(await this.call(tool, args)));
  }

  /** Every page of a list, without what the gateway lists beside the server's. */
  async list(method: string, member: string): Promise<Json[]> {
    const found: Json[] = [];
    for (let params: Json = {}; ; ) {
      const result = (await this.client.request(method, params)).reply['result'] as Json;
      found.push(...(result[member] as Json[]));
      if (result['nextCursor'] === undefined) return found.filter(({ name }) => name !== 'read_cache');
      params = { cursor: result['nextCursor'] };
    }
  }

  async close(): Promise<void> {
    for (const client of [this.client, ...this.#others]) await client.close();
  }
}
