import { Agent, request } from 'node:http';

/** A bare MCP client over one kept-alive connection: what it adds to a call is the cost of HTTP and nothing else. */
export class HttpCaller {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1, noDelay: true });
  readonly #url: URL;
  readonly #headers: Readonly<Record<string, string>>;
  #session: string | undefined;
  #id = 0;

  constructor(url: string, token?: string) {
    this.#url = new URL(url);
    this.#headers = {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    };
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
    this.#agent.destroy();
  }

  #post(message: unknown): Promise<string> {
    const body = JSON.stringify(message);
    return new Promise((resolve, reject) => {
      const sent = request(
        this.#url,
        {
          method: 'POST',
          agent: this.#agent,
          headers: {
            ...this.#headers,
            'content-length': Buffer.byteLength(body),
            ...(this.#session !== undefined && { 'mcp-session-id': this.#session, 'mcp-protocol-version': '2025-11-25' }),
          },
        },
        (response) => {
          const session = response.headers['mcp-session-id'];
          if (typeof session === 'string') this.#session = session;
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString();
            if ((response.statusCode ?? 500) < 300) resolve(text);
            else reject(new Error(`HTTP ${response.statusCode ?? 0}: ${text.slice(0, 500)}`));
          });
          response.on('error', reject);
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  }
}
