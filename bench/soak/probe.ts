// Looks into a running Node process through its inspector: what is left after a garbage collection.
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** What a process holds. */
export interface Sample {
  /** Bytes of the heap in use after a garbage collection. */
  readonly heap: number;
  /** Bytes of resident memory. */
  readonly rss: number;
  /** Open sockets, pipes, timers and the like. */
  readonly handles: number;
  /** Open file descriptors; 0 where the system does not tell. */
  readonly descriptors: number;
}

const EXPRESSION = `(() => {
  const { heapUsed: heap, rss } = process.memoryUsage();
  let descriptors = 0;
  try { descriptors = process.getBuiltinModule('fs').readdirSync('/proc/self/fd').length; } catch {}
  return { heap, rss, handles: process.getActiveResourcesInfo().length, descriptors };
})()`;

interface Answer {
  readonly id?: number;
  readonly result?: { readonly result?: { readonly value?: Sample } };
}

/** A port nobody listens on right now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** The inspector of a process that was started with `--inspect=PORT`. */
export class Probe implements Disposable {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      const answer = JSON.parse(String(data)) as Answer;
      this.#waiting.get(answer.id ?? 0)?.(answer);
    });
  }

  static async open(port: number): Promise<Probe> {
    const [target] = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as { readonly webSocketDebuggerUrl: string }[];
    if (target === undefined) throw new Error('nothing to inspect');
    const socket = new WebSocket(target.webSocketDebuggerUrl);
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve);
      socket.addEventListener('error', reject);
    });
    return new Probe(socket);
  }

  async sample(): Promise<Sample> {
    // What ended just now takes a moment to be let go of: sockets close, timers fire.
    await delay(1_500);
    for (let times = 0; times < 3; times++) await this.#ask('HeapProfiler.collectGarbage', {});
    const value = (await this.#ask('Runtime.evaluate', { expression: EXPRESSION, returnByValue: true })).result?.result?.value;
    if (value === undefined) throw new Error('the process does not tell');
    return value;
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }

  #ask(method: string, params: object): Promise<Answer> {
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      this.#waiting.set(id, (answer) => {
        this.#waiting.delete(id);
        resolve(answer);
      });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }
}
