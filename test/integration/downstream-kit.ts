import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { createParser } from 'eventsource-parser';
import { createAuthenticator } from '../../src/proxy/downstream/authenticator.ts';
import { type ListenerOptions, createListener, type Listener } from '../../src/proxy/downstream/listener.ts';
import type { AgentHandler, AgentRequest, AgentSession } from '../../src/proxy/downstream/types.ts';
import { Emitter } from '../../src/proxy/events.ts';
import { rpcError } from '../../src/proxy/json/frame.ts';
import { FULL_GRANT, type Principal, type RawJson, type RawReply } from '../../src/proxy/model.ts';

/** The versions a legacy client of each kind would negotiate. */
export const LEGACY = '2025-11-25';
export const MODERN = '2026-07-28';

export type Answer = (request: AgentRequest) => RawReply | Promise<RawReply>;

/** A handler that answers by a table and lets tests wait for what it sees. */
export class TableHandler implements AgentHandler {
  readonly answers = new Map<string, Answer>();
  readonly requests: AgentRequest[] = [];
  readonly sessions = new Set<AgentSession>();
  readonly notifications: { readonly method: string; readonly params: RawJson | undefined }[] = [];
  readonly onOpened = new Emitter<AgentSession>();
  readonly onClosed = new Emitter<AgentSession>();
  readonly onNotified = new Emitter<string>();
  readonly onListening = new Emitter<ReadonlySet<string>>();
  capabilities: RawJson = '{"tools":{"listChanged":true}}';
  instructions: string | undefined = 'Search first.';

  async handle(request: AgentRequest): Promise<RawReply> {
    this.requests.push(request);
    const answer = this.answers.get(request.method);
    return answer === undefined ? { error: rpcError(-32601, 'Method not found') } : answer(request);
  }

  describe(): { readonly capabilities: RawJson; readonly instructions: string | undefined } {
    return { capabilities: this.capabilities, instructions: this.instructions };
  }

  opened(session: AgentSession): void {
    this.sessions.add(session);
    this.onOpened.fire(session);
  }

  closed(session: AgentSession): void {
    this.sessions.delete(session);
    this.onClosed.fire(session);
  }

  notified(_session: AgentSession, method: string, params: RawJson | undefined): void {
    this.notifications.push({ method, params });
    this.onNotified.fire(method);
  }

  listening(_session: AgentSession, uris: ReadonlySet<string>): void {
    this.onListening.fire(uris);
  }
}

/** The next event of an emitter. */
export function next<T>(emitter: Emitter<T>): Promise<T> {
  return new Promise((resolve) => {
    const subscription = emitter.event((event) => {
      subscription.dispose();
      resolve(event);
    });
  });
}

/** A promise with its handles outside. */
export function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

export const EDITOR: Principal = { id: 'editor', kind: 'editor', label: 'Editor', grant: FULL_GRANT };
export const AGENT: Principal = { id: 'agent-1', kind: 'agent', label: 'Agent one', grant: FULL_GRANT };

export interface Rig extends AsyncDisposable {
  readonly listener: Listener;
  readonly handler: TableHandler;
  readonly port: number;
  readonly url: string;
  /** The token of EDITOR. */
  readonly token: string;
  /** The token of AGENT. */
  readonly agentToken: string;
  readonly log: { readonly level: string; readonly message: string; readonly data: unknown }[];
  /** `Authorization` of EDITOR, content type and accept as clients send them. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Starts an endpoint; dispose it with `await using`. */
export async function startRig(options: Partial<ListenerOptions> = {}): Promise<Rig> {
  const token = randomBytes(32).toString('base64url');
  const agentToken = randomBytes(32).toString('base64url');
  const handler = new TableHandler();
  const log: { level: string; message: string; data: unknown }[] = [];
  const listener = createListener({
    handler,
    authenticator: createAuthenticator({ token, principal: EDITOR, agent: (hash) => (hash.toString('hex') === sha256Hex(agentToken) ? AGENT : undefined) }),
    port: 0,
    portRequired: false,
    serverInfo: { name: 'vestibule', title: 'Vestibule', version: '9.8.7' },
    log: (level, message, data) => log.push({ level, message, data }),
    ...options,
  });
  const { url, port } = await listener.listen();
  return {
    listener,
    handler,
    port,
    url,
    token,
    agentToken,
    log,
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    [Symbol.asyncDispose]: () => listener.close(0),
  };
}

function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Parsed body; undefined when it is not JSON. */
  readonly json: JsonRpc | undefined;
}

/** As much of a JSON-RPC message as tests look at. */
export interface JsonRpc {
  readonly id?: string | number | null;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: Readonly<Record<string, unknown>> };
}

export interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer;
}

/** Sends one HTTP request over a connection of its own; resolves when the headers of the answer are there. */
export async function open(port: number, { method = 'POST', path = '/mcp', headers = {}, body }: Sent): Promise<IncomingMessage> {
  const req = httpRequest({ host: '127.0.0.1', port, method, path, headers: headers as Record<string, string>, agent: false });
  // The endpoint may hang up while a refused body is still being sent.
  req.on('error', () => undefined);
  req.end(body);
  const [res] = (await once(req, 'response')) as [IncomingMessage];
  return res;
}

/** Sends one HTTP request and reads the whole answer. */
export async function send(port: number, sent: Sent): Promise<HttpAnswer> {
  const res = await open(port, sent);
  const chunks: Buffer[] = [];
  for await (const chunk of res) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  return { status: res.statusCode ?? 0, headers: res.headers, text, json: parse(text) };
}

/** POSTs one message with the headers of EDITOR and `extra`. */
export function post(rig: Rig, message: unknown, extra: Readonly<Record<string, string>> = {}): Promise<HttpAnswer> {
  return send(rig.port, { headers: { ...rig.headers, ...extra }, body: JSON.stringify(message) });
}

/** Opens a legacy session and returns the header that names it. */
export async function initialize(rig: Rig, extra: Readonly<Record<string, string>> = {}, protocolVersion = LEGACY): Promise<{ readonly 'mcp-session-id': string }> {
  const answer = await post(rig, initializeMessage(protocolVersion), extra);
  const id = answer.headers['mcp-session-id'];
  if (typeof id !== 'string') throw new Error(`No session: ${answer.status} ${answer.text}`);
  return { 'mcp-session-id': id };
}

export function initializeMessage(protocolVersion = LEGACY): unknown {
  return {
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion, capabilities: { roots: {} }, clientInfo: { name: 'raw', version: '1' } },
  };
}

/** POSTs one request of the stateless era, with its envelope and its headers. */
export function modernMessage(method: string, params: Readonly<Record<string, unknown>> = {}, id: string | number = 1): { readonly headers: Record<string, string>; readonly message: unknown } {
  const name = params['name'] ?? params['uri'];
  return {
    headers: {
      'mcp-protocol-version': MODERN,
      'mcp-method': method,
      ...(typeof name === 'string' && { 'mcp-name': name }),
    },
    message: { jsonrpc: '2.0', id, method, params: { ...params, _meta: { ...ENVELOPE, ...(params['_meta'] as object | undefined) } } },
  };
}

export const ENVELOPE = {
  'io.modelcontextprotocol/protocolVersion': MODERN,
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
};

export interface SseEvent {
  readonly id: string | undefined;
  readonly data: string;
  readonly message: JsonRpc | undefined;
}

/** Reads a response as server-sent events, one at a time. */
export class EventReader {
  readonly #res: IncomingMessage;
  readonly #ready: SseEvent[] = [];
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #parser;
  comments = 0;
  retry: number | undefined;

  constructor(res: IncomingMessage) {
    this.#res = res;
    this.#chunks = res[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    this.#parser = createParser({
      onEvent: ({ id, data }) => this.#ready.push({ id, data, message: parse(data) }),
      onComment: () => this.comments++,
      onRetry: (ms) => (this.retry = ms),
    });
  }

  /** The next event; undefined when the stream ended. */
  async next(): Promise<SseEvent | undefined> {
    while (this.#ready.length === 0) {
      if (!(await this.#feed())) return undefined;
    }
    return this.#ready.shift();
  }

  /** Resolves when at least `count` comments were read. */
  async commented(count: number): Promise<void> {
    while (this.comments < count) if (!(await this.#feed())) throw new Error('The stream ended');
  }

  close(): void {
    this.#res.destroy();
  }

  async #feed(): Promise<boolean> {
    const chunk = await this.#chunks.next();
    if (chunk.done === true) return false;
    this.#parser.feed(chunk.value.toString('utf8'));
    return true;
  }
}

/** Opens the GET stream of a legacy session. */
export async function listen(rig: Rig, session: Readonly<Record<string, string>>, lastEventId?: string): Promise<EventReader> {
  const headers = { ...rig.headers, ...session, ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) };
  const res = await open(rig.port, { method: 'GET', headers });
  if (res.statusCode !== 200) throw new Error(`GET answered ${res.statusCode ?? 0}`);
  return new EventReader(res);
}

/** Writes bytes on a fresh connection and returns all that comes back until the other side closes. */
export async function raw(port: number, bytes: string | Buffer): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(bytes);
  return readToEnd(socket);
}

/** All that comes on a socket until it is closed, even by a reset. */
export async function readToEnd(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk) => (text += chunk.toString('latin1')));
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('close', resolve));
  return text;
}

function parse(text: string): JsonRpc | undefined {
  try {
    return JSON.parse(text) as JsonRpc;
  } catch {
    return undefined;
  }
}
