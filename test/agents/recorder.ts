/* Stands between an agent and the gateway, and says what the agent asked and was answered. */
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

interface RecordedMessage {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: { readonly protocolVersion?: string; readonly clientInfo?: { readonly name?: string }; readonly _meta?: Readonly<Record<string, unknown>> };
}

export interface Recorder extends AsyncDisposable {
  readonly url: string;
  /** Methods agents sent, with the revision each was sent in, in order. */
  readonly asked: { readonly method: string; readonly version: string | undefined }[];
  /** Names of the tools in the answers of tools/list. */
  readonly tools: Set<string>;
}

/** Passes everything on to `target`. */
export async function startRecorder(target: string): Promise<Recorder> {
  const asked: Recorder['asked'] = [];
  const tools = new Set<string>();
  const to = new URL(target);
  const server = createServer((req, res) => {
    void (async () => {
      const body = await text(req);
      const message = parsed(body);
      const version = message?.params?._meta?.['io.modelcontextprotocol/protocolVersion'] ?? message?.params?.protocolVersion ?? req.headers['mcp-protocol-version'];
      if (message?.method !== undefined) asked.push({ method: message.method, version: typeof version === 'string' ? version : undefined });
      const out = request({ host: to.hostname, port: to.port, path: req.url, method: req.method, headers: { ...req.headers, host: to.host } }, (answer) => {
        res.writeHead(answer.statusCode ?? 502, answer.headers);
        if (message?.method === 'tools/list') void noteTools(answer, tools);
        answer.pipe(res);
      });
      out.on('error', () => res.destroy());
      res.on('close', () => out.destroy());
      out.end(body);
    })();
  });
  return { url: `http://127.0.0.1:${await listening(server)}${to.pathname}`, asked, tools, [Symbol.asyncDispose]: () => ended(server) };
}

/** A place where a model would be: it refuses everything, so that an agent that was asked something ends. */
export async function startNoModel(): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer((req, res) => {
    req.resume();
    res.writeHead(400, { 'content-type': 'application/json' }).end('{"error":{"type":"invalid_request_error","message":"there is no model here","code":400}}');
  });
  return { url: `http://127.0.0.1:${await listening(server)}`, [Symbol.asyncDispose]: () => ended(server) };
}

async function listening(server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

async function ended(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

function parsed(body: string): RecordedMessage | undefined {
  try {
    return JSON.parse(body) as RecordedMessage;
  } catch {
    return undefined;
  }
}

async function noteTools(answer: IncomingMessage, tools: Set<string>): Promise<void> {
  const body = await text(answer);
  for (const line of body.split('\n').map((part) => part.replace(/^data:\s*/, ''))) {
    const message = parsed(line) as { readonly result?: { readonly tools?: readonly { readonly name: string }[] } } | undefined;
    for (const { name } of message?.result?.tools ?? []) tools.add(name);
  }
}
