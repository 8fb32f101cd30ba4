import type { Disposable } from '../proxy/events.ts';
import type { Dialogs, Offer } from './dialogs.ts';
import type { GatewayHost } from './gateway-host.ts';

/** Tells once of each content of a lock file that waits for the person; nothing is asked until they want to look. */
export function noticeLockFile(host: Pick<GatewayHost, 'snapshot' | 'onDidChange'>, dialogs: Pick<Dialogs, 'inform'>, review: () => unknown): Disposable {
  const noticed = new Set<string>();
  const look = (): void => {
    const { asks, digest, servers } = host.snapshot().lock;
    if (!asks || digest === undefined || noticed.has(digest)) return;
    noticed.add(digest);
    const offer: Offer = { label: 'Review', run: review };
    const tools = servers.reduce((sum, server) => sum + server.tools.length, 0);
    dialogs.inform(`This workspace shares approvals of ${tools} tools. They count for nothing until you have reviewed and accepted them.`, offer);
  };
  look();
  return host.onDidChange(look);
}
