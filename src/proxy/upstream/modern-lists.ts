import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../errors.ts';
import { fullJitter } from './backoff.ts';
import type { RpcConnection } from './rpc-connection.ts';
import { declares } from './server-info.ts';
import type { WriteLog } from './throttled-log.ts';

const LEAST_PAUSE_MS = 1_000;
const MOST_PAUSE_MS = 60_000;

/**
 * Keeps a `subscriptions/listen` open at a modern server that announces changes of its tools; the announcements
 * arrive as notifications of the connection. Ends with the connection.
 * @param missed called when announcements may have been missed between two subscriptions
 */
export async function watchModernLists(connection: RpcConnection, missed: () => void, log: WriteLog): Promise<void> {
  if (connection.info.era !== 'modern' || !declares(connection.info, 'tools', 'listChanged')) return;
  for (let failures = 0; ; failures++) {
    const since = performance.now();
    try {
      const reply = await connection.subscribe('subscriptions/listen', '{"notifications":{"toolsListChanged":true}}');
      if ('error' in reply) return log('protocol', `The server does not let us listen for changes: ${reply.error}`);
    } catch (error) {
      if (connection.closed) return;
      log('protocol', `Listening for changes was interrupted: ${messageOf(error)}`);
    }
    if (performance.now() - since > MOST_PAUSE_MS) failures = 0;
    await delay(LEAST_PAUSE_MS + fullJitter(failures, LEAST_PAUSE_MS, MOST_PAUSE_MS), undefined, { ref: false });
    if (connection.closed) return;
    missed();
  }
}
