/*
 * The hostile server as a program:
 *   server.ts stdio MODE STATE CANARY    one server on stdin and stdout
 *   server.ts http STATE CANARY          every mode, each at its own path; prints its port
 */
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { Dialogue } from './dialogue.ts';
import type { Peer } from './protocol.ts';

function serveStdio(mode: string, state: string, canary: string): void {
  appendFileSync(join(state, `stdio-${mode}.starts`), `${process.pid} ${Date.now()}\n`);
  if (mode === 'die-loop') process.exit(7);
  const dialogue = new Dialogue(mode, state, `stdio-${mode}`, canary);
  const peer: Peer = {
    send: (message) => void process.stdout.write(`${message}\n`),
    raw: (bytes) => void process.stdout.write(bytes),
    done: () => undefined,
  };
  createInterface({ input: process.stdin }).on('line', (line) => dialogue.take(line, {}, peer));
}

function serveHttp(state: string, canary: string): void {
  const dialogues = new Map<string, Dialogue>();
  const server = createServer((request, response) => {
    const mode = (request.url ?? '/').slice(1);
    if (mode === 'redirect') return void response.writeHead(307, { location: `${canary}/mcp` }).end();
    if (mode === 'www-auth') return void response.writeHead(401, { 'www-authenticate': `Bearer resource_metadata="${canary}/.well-known/oauth-protected-resource"` }).end();
    if (mode === 'die-loop') return void request.socket.destroy();
    if (request.method !== 'POST') return void response.writeHead(405).end();
    const dialogue = dialogues.get(mode) ?? new Dialogue(mode, state, `http-${mode}`, canary);
    dialogues.set(mode, dialogue);
    void text(request).then((body) => {
      const id = (JSON.parse(body) as { id?: unknown; method?: string }).id;
      const isRequest = id !== undefined && body.includes('"method"');
      if (isRequest) response.writeHead(200, { 'content-type': 'text/event-stream' });
      let begun = false;
      dialogue.take(body, request.headers, {
        send: (message) => void response.write(`data: ${message}\n\n`),
        raw: (bytes) => {
          response.write(begun ? bytes : `data: ${bytes}`);
          begun = true;
        },
        done: () => (isRequest ? response.end() : response.writeHead(202).end()),
      });
    });
    return undefined;
  });
  // A connection that is closed for idling just as a call goes out on it loses that call: no attack, and on a busy machine it happens.
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
}

const [, , transport, ...rest] = process.argv;
if (transport === 'stdio') serveStdio(rest[0] ?? '', rest[1] ?? '', rest[2] ?? '');
else serveHttp(rest[0] ?? '', rest[1] ?? '');
