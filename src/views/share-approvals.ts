import type { GatewayApi, UpstreamSnapshot } from '../proxy/api.ts';
import type { Lock, LockedServer } from '../proxy/quarantine/lockfile/lock-format.ts';
import { saveLock } from '../proxy/quarantine/lockfile/save-lock.ts';
import type { Dialogs, Offer } from './dialogs.ts';

/** What sharing needs from the rest of the editor side. */
export interface ShareContext {
  readonly gateway: () => Promise<GatewayApi>;
  readonly dialogs: Dialogs;
  /** The lock file of this window's workspace; undefined without a trusted folder. */
  readonly file: () => string | undefined;
  readonly openFile: (path: string) => Promise<void>;
}

/** Writes what is approved of the workspace's servers to its lock file (contract §5). */
export async function shareApprovals({ gateway, dialogs, file, openFile }: ShareContext): Promise<void> {
  const path = file();
  if (path === undefined) return dialogs.fail({ message: 'There is no trusted folder to share approvals in.', action: 'Open the folder whose servers you approved, and trust it.' });
  const lock = approvedLock((await gateway()).snapshot().upstreams);
  if (lock.size === 0) return dialogs.fail({ message: 'Nothing of a server of this workspace is approved.', action: 'Approve what your team may use first.' });
  await saveLock(path, lock);
  const open: Offer = { label: 'Open', run: () => openFile(path) };
  dialogs.inform('Approvals were written to .vscode/vestibule.lock.json. Commit it to share them.', open);
}

/** Everything of the workspace's servers that is approved at its digest now; a server only with its launch. */
function approvedLock(upstreams: readonly UpstreamSnapshot[]): Lock {
  const shared = upstreams.filter(({ config, launch }) => config.origin === 'workspace' && launch.approved);
  return new Map(
    shared.map(({ name, launch, instructions, tools }): [string, LockedServer] => [
      name,
      {
        fingerprint: launch.fingerprint,
        instructions: instructions?.status === 'approved' ? instructions.digest : undefined,
        tools: new Map(tools.filter(({ status }) => status === 'approved').map((tool) => [tool.name, tool.digest])),
      },
    ]),
  );
}
