/* The one client of the matrix: it speaks either era over any transport, and keeps everything as it came. */
import { Emitter } from '../../../src/proxy/events.ts';
import { stringify } from '../lossless.ts';
import type { Address, Era, Json, Message } from '../types.ts';
import { openWire, type Sending, type Wire } from './wires.ts';

const VERSION = { legacy: '2025-11-25', modern: '2026-07-28' } as const;
const P = 'io.modelcontextprotocol/';

/** Who the client says it is. */
export interface Identity {
  readonly clientInfo: Json;
  readonly capabilities: Json;
}

/** What one request came to. */
export interface Exchange {
  readonly reply: Json;
  /** Notifications and questions that came before the answer, but for what changed at the server. */
  readonly heard: readonly Json[];
}

/** Answers a question of the server. */
export type Answering = (method: string, params: Json | undefined) => unknown;

export class Client {
  readonly era: Era;
  /** Everything that came, but answers. */
  readonly heard: Message[] = [];
  answering: Answering = () => {
    throw new Error('Nobody answers here.');
  };
  /** `_meta` of every request. */
  logLevel: string | undefined;
  readonly #identity: Identity;
  readonly #came = new Emitter<Message>();
  readonly #answers = new Map<number, (message: Message) => void>();
  #wire: Wire | undefined;
  #lastId = 0;

  constructor(era: Era, identity: Identity) {
    this.era = era;
    this.#identity = identity;
  }

  /** Connects, and begins a session where the era has them. Resolves with the answer of initialize or server/discover. */
  async open(address: Address): Promise<Json> {
    this.#wire = await openWire(address, (message) => this.#take(message));
    if (this.era === 'modern') return (await this.request('server/discover')).reply;
    const { reply } = await this.request('initialize', { protocolVersion: VERSION.legacy, ...this.#identity });
    await this.notify('notifications/initialized');
    await this.#wire.listen(this.#headers('', {}));
    return reply;
  }

  /** Sends a request; in the modern era it is repeated with answers as long as the server asks. */
  async request(method: string, params: Json = {}, sending: Sending = {}): Promise<Exchange> {
    const since = this.heard.length;
    for (let answers: Json = {}; ; ) {
      const answer = await this.send(method, { ...params, ...answers }, sending).answer;
      const reply: Json = answer.error === undefined ? { result: answer.result } : { error: answer.error };
      if (this.era === 'legacy' || answer.result?.['resultType'] !== 'input_required') {
        return { reply, heard: this.heard.slice(since).filter(({ method: said = '' }) => !ASIDE.test(said)).map(({ method: said, params: about }) => ({ method: said, ...(about && { params: about }) })) };
      }
      answers = this.#answersTo(answer.result);
    }
  }

  /** Sends a request once. @returns its id, and the answer to come */
  send(method: string, params: Json = {}, sending: Sending = {}): { readonly id: number; readonly answer: Promise<Message> } {
    const id = ++this.#lastId;
    const whole = this.era === 'legacy' ? params : { ...params, _meta: { ...(params['_meta'] as Json | undefined), ...this.#envelope() } };
    const answer = new Promise<Message>((resolve, reject) => {
      this.#answers.set(id, resolve);
      this.#opened.send({ jsonrpc: '2.0', id, method, params: whole } as Message, { headers: this.#headers(method, whole), ...sending }).catch((error: unknown) => reject(error as Error));
    });
    return { id, answer };
  }

  async notify(method: string, params?: Json): Promise<void> {
    await this.#opened.send({ jsonrpc: '2.0', method, ...(params && { params }) } as Message, { headers: this.#headers(method, params ?? {}) });
  }

  /** Resolves with the message of this method, past or to come, that is the so manieth of the client's life. */
  hears(method: string, times = 1): Promise<Message> {
    const it = (): Message | undefined => this.heard.filter((message) => message.method === method)[times - 1];
    return new Promise((resolve) => {
      const look = (): boolean => {
        const message = it();
        if (message !== undefined) resolve(message);
        return message !== undefined;
      };
      if (look()) return;
      const subscription = this.#came.event(() => {
        if (look()) subscription.dispose();
      });
    });
  }

  /** How many messages of this method came so far. */
  count(method: string): number {
    return this.heard.filter((message) => message.method === method).length;
  }

  async close(): Promise<void> {
    await this.#wire?.close();
  }

  get #opened(): Wire {
    if (this.#wire === undefined) throw new Error('The client is not connected.');
    return this.#wire;
  }

  #take(message: Message): void {
    const { id, method } = message;
    if (method === undefined) {
      this.#answers.get(Number(id))?.(message);
      this.#answers.delete(Number(id));
      return;
    }
    this.heard.push(message);
    this.#came.fire(message);
    if (id !== undefined) void this.#respond(id, method, message.params);
  }

  async #respond(id: number | string, method: string, params: Json | undefined): Promise<void> {
    const answer = await this.#answerTo(method, params);
    if (answer !== undefined) await this.#opened.send({ jsonrpc: '2.0', id, ...answer } as Message, { headers: this.#headers('', {}) });
  }

  /** Undefined leaves the question open. */
  async #answerTo(method: string, params: Json | undefined): Promise<Json | undefined> {
    try {
      const result = await this.answering(method, params);
      return result === undefined ? undefined : { result };
    } catch (error) {
      return { error: { code: -32000, message: (error as Error).message } };
    }
  }

  #answersTo(result: Json): Json {
    const responses: Record<string, unknown> = {};
    for (const [key, asked] of Object.entries(result['inputRequests'] as Readonly<Record<string, Message>>)) {
      this.heard.push(asked);
      responses[key] = this.answering(asked.method ?? '', asked.params);
    }
    return { inputResponses: responses, ...('requestState' in result && { requestState: result['requestState'] }) };
  }

  #envelope(): Json {
    const { clientInfo, capabilities } = this.#identity;
    return {
      [`${P}protocolVersion`]: VERSION.modern,
      [`${P}clientInfo`]: clientInfo,
      [`${P}clientCapabilities`]: capabilities,
      ...(this.logLevel !== undefined && { [`${P}logLevel`]: this.logLevel }),
    };
  }

  #headers(method: string, params: Json): Record<string, string> {
    const headers = { 'mcp-protocol-version': VERSION[this.era] };
    if (this.era === 'legacy') return method === 'initialize' ? {} : headers;
    const name = params['name'] ?? params['uri'] ?? params['taskId'];
    return { ...headers, 'mcp-method': method, ...(typeof name === 'string' && { 'mcp-name': encoded(name) }) };
  }
}

/** What tells of changes comes by a stream of its own, at its own time. */
const ASIDE = /list_changed$|resources\/updated$|tasks(\/status)?$|subscriptions\/acknowledged$/;

function encoded(text: string): string {
  return /^[\x21-\x7e]*$/.test(text) ? text : `=?base64?${Buffer.from(text).toString('base64')}?=`;
}

/** The JSON in the only text of a tool's result. @throws when there is none */
export function said(exchange: Exchange): string {
  const content = (exchange.reply['result'] as Json | undefined)?.['content'] as readonly { readonly text?: string }[] | undefined;
  const text = content?.[0]?.text;
  if (text === undefined) throw new Error(`no text in ${stringify(exchange.reply).slice(0, 2000)}`);
  return text;
}
