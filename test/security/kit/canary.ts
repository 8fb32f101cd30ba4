import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

/** A listener that nobody may contact. */
export interface Canary extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** First bytes of every connection there was. */
  readonly contacts: readonly string[];
}

/** Opens a canary on this machine. */
export async function openCanary(): Promise<Canary> {
  const contacts: string[] = [];
  const server = createServer((socket) => {
    const at = contacts.push('') - 1;
    socket.on('data', (chunk) => {
      contacts[at] = `${contacts[at] ?? ''}${chunk.toString('latin1')}`;
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}');
    });
    socket.on('error', () => undefined);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    contacts,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, 'close');
    },
  };
}
