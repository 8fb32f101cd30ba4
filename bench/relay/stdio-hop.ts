// The cheapest hop from HTTP to stdio there can be: the body of a request is a line to the server, the server's next line
// is the answer, and nothing is looked at but the id, where one server answers everybody.
// Usage: node stdio-hop.ts each|one COMMAND ARGUMENT…   (a server for each connection, or one for all; prints `{"port":N}`)
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';

interface Message {
  id?: unknown;
}

type Answered = (line: string) => void;

const [, , mode = 'one', command = '', ...args] = process.argv;

/** A server process, and who waits for its answers in the order they asked, or by id. */
class Server {
  readonly #child: ChildProcess;
  readonly #queue: Answered[] = [];
  readonly #byId = new Map<number, Answered>();
  #lastId = 0;

  constructor() {
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    if (this.#child.stdout === null) throw new Error('no pipe from the server');
    createInterface(this.#child.stdout).on('line', (line) => this.#answered(line));
  }

  /** Sends a line; `answered` hears of the answer, where one is due. */
  send(body: string, answered: Answered | undefined): void {
    if (answered === undefined) this.#write(body);
    else if (mode === 'each') {
      this.#queue.push(answered);
      this.#write(body);
    } else {
      const message = JSON.parse(body) as Message;
      const { id } = message;
      message.id = ++this.#lastId;
      this.#byId.set(this.#lastId, (line) => answered(JSON.stringify({ ...(JSON.parse(line) as Message), id })));
      this.#write(JSON.stringify(message));
    }
  }

  end(): void {
    this.#child.stdin?.end();
  }

  #write(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  #answered(line: string): void {
    if (mode === 'each') return this.#queue.shift()?.(line);
    const { id } = JSON.parse(line) as Message;
    const answered = this.#byId.get(Number(id));
    this.#byId.delete(Number(id));
    answered?.(line);
  }
}

const ofConnection = new WeakMap<Socket, Server>();
const forAll = mode === 'each' ? undefined : new Server();

function serverOf(socket: Socket): Server {
  if (forAll !== undefined) return forAll;
  let server = ofConnection.get(socket);
  if (server === undefined) {
    const started = new Server();
    server = started;
    ofConnection.set(socket, started);
    socket.once('close', () => started.end());
  }
  return server;
}

const hop = createServer((req, res) => {
  const chunks: Buffer[] = [];
  req.on('data', (chunk: Buffer) => chunks.push(chunk));
  req.on('end', () => {
    const body = Buffer.concat(chunks).toString();
    const asks = body.includes('"id":');
    serverOf(req.socket).send(
      body,
      asks ? (line) => res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(line) }).end(line) : undefined,
    );
    if (!asks) res.writeHead(202).end();
  });
});
hop.listen(0, '127.0.0.1', () => {
  const address = hop.address();
  if (address !== null && typeof address === 'object') process.stdout.write(`${JSON.stringify({ port: address.port })}\n`);
});
