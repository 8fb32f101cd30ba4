/* The client's side of the three transports, as raw text. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { createParser } from 'eventsource-parser';
import { readLines } from '../lines.ts';
import { parse, stringify } from '../lossless.ts';
import type { Address, Message } from '../types.ts';

/** How a message is sent. */
export interface Sending {
  /** Header fields of this message; for transports that have them. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sends it in pieces that cut characters. */
  readonly split?: boolean;
  /** Aborting closes the response, where there is one. */
  readonly signal?: AbortSignal;
}

/** One connection to a server. */
export interface Wire {
  /** Resolves when the message was handed over: to a pipe, or with its response over HTTP. */
  send(message: Message, sending?: Sending): Promise<void>;
  /** Opens the stream of what belongs to no request, where that is the client's to do. */
  listen(headers: Readonly<Record<string, string>>): Promise<void>;
  close(): Promise<void>;
}

const PIECE = 5;

/** Opens a wire; `take` gets every message. */
export async function openWire(address: Address, take: (message: Message) => void): Promise<Wire> {
  switch (address.transport) {
    case 'stdio':
      return stdioWire(address, take);
    case 'sse':
      return sseWire(address.url, take);
    case 'http':
      return httpWire(address, take);
  }
}

function* pieces(bytes: Buffer): Iterable<Buffer> {
  for (let at = 0; at < bytes.length; at += PIECE) yield bytes.subarray(at, at + PIECE);
}

function stdioWire({ command, args }: Extract<Address, { transport: 'stdio' }>, take: (message: Message) => void): Wire {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  readLines(child.stdout, (line) => take(parse(line) as Message));
  return {
    async send(message, { split } = {}) {
      const bytes = Buffer.from(`${stringify(message)}\n`);
      if (split !== true) return void child.stdin.write(bytes);
      for (const piece of pieces(bytes)) {
        child.stdin.write(piece);
        await turn();
      }
    },
    listen: () => Promise.resolve(),
    async close() {
      child.stdin.end();
      await ended;
    },
  };
}

function post(url: string | URL, message: Message, headers: Readonly<Record<string, string>>, { split, signal }: Sending): Promise<Response> {
  const bytes = Buffer.from(stringify(message));
  const body = new ReadableStream({
    async start(controller) {
      for (const piece of split === true ? pieces(bytes) : [bytes]) {
        controller.enqueue(piece);
        await turn();
      }
      controller.close();
    },
  });
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    ...(split === true ? { body, duplex: 'half' as const } : { body: bytes }),
    ...(signal && { signal }),
  });
}

/** Reads an event stream to its end. */
async function read(response: Response, onEvent: (event: string | undefined, data: string) => void): Promise<void> {
  const parser = createParser({ onEvent: ({ event, data }) => data !== '' && onEvent(event, data) });
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) parser.feed(decoder.decode(chunk as Uint8Array, { stream: true }));
}

function httpWire({ url, token }: Extract<Address, { transport: 'http' | 'sse' }>, take: (message: Message) => void): Wire {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const closing = new AbortController();
  let session: Readonly<Record<string, string>> = {};
  return {
    async send(message, sending = {}) {
      const response = await post(url, message, { ...authorization, ...session, ...sending.headers }, sending);
      const id = response.headers.get('mcp-session-id');
      if (id !== null) session = { 'mcp-session-id': id };
      const type = response.headers.get('content-type') ?? '';
      if (type.startsWith('text/event-stream')) await read(response, (_event, data) => take(parse(data) as Message));
      else if (type.startsWith('application/json')) take(parse(await response.text()) as Message);
      else await response.arrayBuffer();
    },
    async listen(headers) {
      const response = await fetch(url, { headers: { accept: 'text/event-stream', ...authorization, ...session, ...headers }, signal: closing.signal });
      if (response.status !== 200) throw new Error(`GET answered ${response.status}`);
      void read(response, (_event, data) => take(parse(data) as Message)).catch(() => undefined);
    },
    async close() {
      closing.abort();
      if (session['mcp-session-id'] !== undefined) await fetch(url, { method: 'DELETE', headers: { ...authorization, ...session } });
    },
  };
}

async function sseWire(url: string, take: (message: Message) => void): Promise<Wire> {
  const closing = new AbortController();
  const response = await fetch(url, { headers: { accept: 'text/event-stream' }, signal: closing.signal });
  const endpoint = await new Promise<URL>((resolve, reject) => {
    read(response, (event, data) => {
      if (event === 'endpoint') resolve(new URL(data, url));
      else take(parse(data) as Message);
    }).catch((error: unknown) => reject(error as Error));
  });
  return {
    async send(message, sending = {}) {
      await (await post(endpoint, message, {}, sending)).arrayBuffer();
    },
    listen: () => Promise.resolve(),
    close() {
      closing.abort();
      return Promise.resolve();
    },
  };
}
