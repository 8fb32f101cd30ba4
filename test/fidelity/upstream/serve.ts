/* Serves the fixture: `serve.ts stdio legacy|modern` as a program, over Streamable HTTP and HTTP+SSE in this process. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readLines } from '../lines.ts';
import { parse, stringify } from '../lossless.ts';
import type { Address, Era, Message, Transport } from '../types.ts';
import { Fixture } from './fixture.ts';

/** A running fixture. */
export interface Served extends AsyncDisposable {
  readonly address: Address;
}

/** Bytes of a piece of a message that is sent in pieces: characters of three and four bytes never fit it evenly. */
const PIECE = 5;

/** Writes texts one after the other, some of them in pieces, each in a turn of its own. */
class Writer {
  readonly #write: (bytes: Buffer) => void;
  #last: Promise<void> = Promise.resolve();

  constructor(write: (bytes: Buffer) => void) {
    this.#write = write;
  }

  write(content: string, split: boolean): Promise<void> {
    const bytes = Buffer.from(content);
    this.#last = this.#last.then(async () => {
      if (!split) return this.#write(bytes);
      for (let at = 0; at < bytes.length; at += PIECE) {
        this.#write(bytes.subarray(at, at + PIECE));
        await turn();
      }
    });
    return this.#last;
  }
}

/** Starts the fixture, or says how to. */
export async function serve(transport: Transport, era: Era): Promise<Served> {
  if (transport === 'stdio') {
    const args = [fileURLToPath(import.meta.url), 'stdio', era];
    return { address: { transport, command: process.execPath, args }, [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const handler = transport === 'sse' ? serveSse() : era === 'legacy' ? serveSessions() : serveStateless();
  const server = createServer((req, res) => void handler(req, res));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    address: { transport, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp` },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type Handler = (req: IncomingMessage, res: ServerResponse) => Promise<void>;

const isAnswer = ({ id, method }: Message, to: Message['id']): boolean => method === undefined && id === to;

function eventStream(res: ServerResponse): ServerResponse {
  res.writeHead(200, { 'content-type': 'text/event-stream' });
  res.flushHeaders();
  return res;
}

/** An event stream that ends with the answer to one request; it is opened by the first message. */
function answering(res: ServerResponse, id: Message['id']): (message: Message, split?: boolean) => void {
  const writer = new Writer((bytes) => void res.write(bytes));
  return (message, split = false) => {
    if (!res.headersSent) eventStream(res);
    const written = writer.write(`data: ${stringify(message)}\n\n`, split);
    if (isAnswer(message, id)) void written.then(() => res.end());
  };
}

/** Streamable HTTP with sessions (2025-03-26 to 2025-11-25). */
function serveSessions(): Handler {
  interface Session {
    readonly fixture: Fixture;
    readonly posts: Map<number | string, ReturnType<typeof answering>>;
    standalone?: Writer;
  }
  const sessions = new Map<string, Session>();
  const open = (): Session => {
    const session: Session = {
      posts: new Map(),
      fixture: new Fixture('legacy', (message, during, split) => {
        const post = during === undefined ? undefined : session.posts.get(during);
        if (post === undefined) void session.standalone?.write(`data: ${stringify(message)}\n\n`, split === true);
        else post(message, split);
        if (during !== undefined && isAnswer(message, during)) session.posts.delete(during);
      }),
    };
    return session;
  };
  return async (req, res) => {
    const named = String(req.headers['mcp-session-id']);
    if (req.method === 'GET' || req.method === 'DELETE') {
      const session = sessions.get(named);
      if (session === undefined) res.writeHead(404).end();
      else if (req.method === 'GET') {
        eventStream(res);
        session.standalone = new Writer((bytes) => void res.write(bytes));
      } else {
        sessions.delete(named);
        res.writeHead(204).end();
      }
      return;
    }
    const message = parse(await text(req)) as Message;
    let session = sessions.get(named);
    if (message.method === 'initialize') {
      const id = randomUUID();
      sessions.set(id, (session = open()));
      res.setHeader('mcp-session-id', id);
    }
    if (session === undefined) return void res.writeHead(404).end();
    if (message.id === undefined || message.method === undefined) res.writeHead(202).end();
    else session.posts.set(message.id, answering(res, message.id));
    session.fixture.receive(message);
  };
}

/** Streamable HTTP without sessions (2026-07-28). Ids are of each client: the fixture gets its own. */
function serveStateless(): Handler {
  const posts = new Map<number | string, ReturnType<typeof answering>>();
  let last = 0;
  const fixture = new Fixture('modern', (message, during, split) => posts.get(during ?? '')?.(message, split));
  return async (req, res) => {
    if (req.method !== 'POST') return void res.writeHead(405).end();
    const message = parse(await text(req)) as Message;
    if (message.id === undefined) {
      res.writeHead(202).end();
      return fixture.receive(message);
    }
    const own = `request ${++last}`;
    const answer = answering(res, message.id);
    posts.set(own, (sent, split) => answer(isAnswer(sent, own) ? { ...sent, id: message.id ?? '' } : ofClient(sent, own, message.id), split));
    res.once('close', () => {
      posts.delete(own);
      fixture.closed(own);
    });
    fixture.receive({ ...message, id: own });
  };
}

/** A listen stream is named by the client's id of the request that opened it. */
function ofClient(message: Message, own: string, id: Message['id']): Message {
  const key = 'io.modelcontextprotocol/subscriptionId';
  const meta = message.params?.['_meta'] as Readonly<Record<string, unknown>> | undefined;
  return meta?.[key] === own ? { ...message, params: { ...message.params, _meta: { ...meta, [key]: id } } } : message;
}

/** HTTP+SSE (2024-11-05): one stream for everything, posts to the address it names first. */
function serveSse(): Handler {
  const fixtures = new Map<string, Fixture>();
  return async (req, res) => {
    if (req.method === 'GET') {
      const id = randomUUID();
      eventStream(res);
      const writer = new Writer((bytes) => void res.write(bytes));
      fixtures.set(id, new Fixture('legacy', (message, _during, split) => void writer.write(`event: message\ndata: ${stringify(message)}\n\n`, split === true)));
      res.once('close', () => fixtures.delete(id));
      return void writer.write(`event: endpoint\ndata: /messages?session=${id}\n\n`, false);
    }
    const fixture = fixtures.get(new URL(req.url ?? '', 'http://localhost').searchParams.get('session') ?? '');
    const body = await text(req);
    if (fixture === undefined) return void res.writeHead(404).end();
    res.writeHead(202).end();
    fixture.receive(parse(body) as Message);
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const writer = new Writer((bytes) => void process.stdout.write(bytes));
  const fixture = new Fixture(process.argv[3] as Era, (message, _during, split) => void writer.write(`${stringify(message)}\n`, split === true));
  readLines(process.stdin, (line) => fixture.receive(parse(line) as Message));
  process.stdin.on('end', () => process.exit(0));
}
