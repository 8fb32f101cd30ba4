import { connect, type Socket } from 'node:net';

/** An idle connection is not used again after this: servers close theirs after five seconds. In milliseconds. */
const FRESH_MS = 1_000;

/**
 * A bare MCP client over one kept-alive connection. HTTP is written out by hand, so that the client takes little of what is
 * measured: what a gateway adds to a server on stdio is measured with a client in between.
 */
export class HttpCaller {
  readonly #host: string;
  readonly #port: number;
  /** What every request begins with. */
  readonly #head: string;
  #session: string | undefined;
  #id = 0;
  #socket: Socket | undefined;
  #usedAt = 0;
  #received: Buffer = Buffer.alloc(0);
  #waiting: { readonly resolve: (body: string) => void; readonly reject: (error: Error) => void } | undefined;

  constructor(url: string, token?: string) {
    const { host, hostname, port, pathname, search } = new URL(url);
    this.#host = hostname;
    this.#port = Number(port);
    const authorization = token === undefined ? '' : `authorization: Bearer ${token}\r\n`;
    this.#head = `POST ${pathname}${search} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\naccept: application/json, text/event-stream\r\n${authorization}`;
  }

  /** Opens a session in the way of 2025-11-25. */
  async initialize(): Promise<void> {
    await this.request('initialize', {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'bench', version: '1' },
    });
    await this.#post({ jsonrpc: '2.0', method: 'notifications/initialized' });
  }

  /** @returns the raw answer, JSON or event stream. @throws Error unless it is a result */
  async request(method: string, params: unknown): Promise<string> {
    const text = await this.#post({ jsonrpc: '2.0', id: ++this.#id, method, params });
    if (!text.includes('"result"') || text.includes('"isError":true')) throw new Error(`${method}: ${text.slice(0, 500)}`);
    return text;
  }

  close(): void {
    this.#socket?.destroy();
  }

  #post(message: unknown): Promise<string> {
    const body = JSON.stringify(message);
    const session = this.#session === undefined ? '' : `mcp-session-id: ${this.#session}\r\nmcp-protocol-version: 2025-11-25\r\n`;
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#connection().write(`${this.#head}${session}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    });
  }

  #connection(): Socket {
    const now = performance.now();
    const stale = now - this.#usedAt > FRESH_MS;
    this.#usedAt = now;
    if (this.#socket?.writable === true && !stale) return this.#socket;
    this.#socket?.destroy();
    this.#received = Buffer.alloc(0);
    const socket = connect({ host: this.#host, port: this.#port, noDelay: true });
    const lost = (error?: Error): void => {
      if (this.#socket === socket) this.#waiting?.reject(error ?? new Error('the connection was closed'));
    };
    socket.on('data', (chunk) => this.#read(chunk));
    socket.on('error', lost);
    socket.on('close', () => lost());
    this.#socket = socket;
    return socket;
  }

  #read(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const end = this.#received.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = this.#received.toString('latin1', 0, end);
    const body = bodyOf(head, this.#received.subarray(end + 4));
    if (body === undefined) return;
    this.#received = Buffer.alloc(0);
    this.#session ??= /\r\nmcp-session-id: *([^\r]+)/i.exec(head)?.[1];
    if (/\r\nconnection: *close/i.test(head)) this.#socket?.destroy();
    const waiting = this.#waiting;
    this.#waiting = undefined;
    const status = Number(head.slice(9, 12));
    if (status < 300) waiting?.resolve(body);
    else waiting?.reject(new Error(`HTTP ${status}: ${body.slice(0, 500)}`));
  }
}

/** The body of a response, undefined while some of it is to come. */
function bodyOf(head: string, rest: Buffer): string | undefined {
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length !== undefined) return rest.length < Number(length) ? undefined : rest.toString('utf8', 0, Number(length));
  return /\r\ntransfer-encoding: *chunked/i.test(head) ? unchunked(rest) : '';
}

/** RFC 9112 §7.1, without trailers. */
function unchunked(rest: Buffer): string | undefined {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const line = rest.indexOf('\r\n', at);
    if (line < 0) return undefined;
    const size = Number.parseInt(rest.toString('latin1', at, line), 16);
    const next = line + 2 + size;
    if (rest.length < next + 2) return undefined;
    if (size === 0) return Buffer.concat(parts).toString('utf8');
    parts.push(rest.subarray(line + 2, next));
    at = next + 2;
  }
}
