import type { AddressInfo, Server } from 'node:net';

/** Where endpoints listen. An address, never a name: a name may resolve to what others can reach. */
export const LOOPBACK = '127.0.0.1';

/**
 * Has a server listen on this machine alone.
 * @param port 0 lets the system choose
 * @param failed hears of errors once it listens: one that nobody heard would end the process
 * @returns the port it listens on
 * @throws whatever the system says; the server may be told to listen again then
 */
export function listenOnLoopback(server: Server, port: number, failed: (error: Error) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: LOOPBACK, port, exclusive: true }, () => {
      server.off('error', reject);
      server.on('error', failed);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** The values of `Host` by which a client addresses such a server. */
export function hostsAt(port: number): readonly string[] {
  // Clients leave the port out where it is the scheme's own.
  const suffixes = port === 80 ? [':80', ''] : [`:${port}`];
  return [LOOPBACK, 'localhost'].flatMap((name) => suffixes.map((suffix) => name + suffix));
}
