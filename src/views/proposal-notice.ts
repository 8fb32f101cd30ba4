import type { Disposable } from '../proxy/events.ts';
import type { Dialogs } from './dialogs.ts';
import type { GatewayHost } from './gateway-host.ts';
import { launchLine } from './present/launch.ts';
import { oneLine } from './text.ts';

/** Tells once of each proposal; nothing happens until the person looks. */
export function noticeProposals(host: Pick<GatewayHost, 'snapshot' | 'onDidChange'>, dialogs: Pick<Dialogs, 'inform'>, review: () => unknown): Disposable {
  const noticed = new Set<string>();
  const look = (): void => {
    const { proposals = [] } = host.snapshot();
    const fresh = proposals.filter(({ id }) => !noticed.has(id));
    for (const id of noticed) if (!proposals.some((proposal) => proposal.id === id)) noticed.delete(id);
    for (const { id } of fresh) noticed.add(id);
    const [first] = fresh;
    if (first !== undefined) dialogs.inform(`An agent asks for ${fresh.length === 1 ? `a server: ${oneLine(launchLine(first), 200)}` : `${fresh.length} servers`}.`, { label: 'Review', run: review });
  };
  look();
  return host.onDidChange(look);
}
