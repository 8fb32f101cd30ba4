import type { GatewayApi } from '../proxy/api.ts';
import type { Dialogs } from './dialogs.ts';
import { confirmLock, lockDocument, shownLaunches } from './present/lock.ts';
import { isStaleDecision, problemOf } from './problem.ts';

/** What reviewing a lock file needs from the rest of the editor side. */
export interface LockReviewContext {
  readonly gateway: () => Promise<GatewayApi>;
  readonly dialogs: Dialogs;
  /** Opens a read-only document. */
  readonly preview: (title: string, text: string) => Promise<void>;
  /** Opens the native diff editor on two texts. */
  readonly compare: (title: string, before: string, after: string) => Promise<void>;
}

/**
 * Shows what the lock file of the workspace would approve (what changed, if content was accepted before), and asks to
 * accept or decline it at this very content.
 */
export async function reviewLockFile({ gateway, dialogs, preview, compare }: LockReviewContext): Promise<void> {
  const api = await gateway();
  const snapshot = api.snapshot();
  const { digest, standing, text } = snapshot.lock;
  if (digest === undefined) {
    const problem = snapshot.problems.find(({ at }) => standing === 'broken' && at?.file === snapshot.lock.path);
    if (standing === 'broken') dialogs.fail({ message: problem?.message ?? 'The lock file cannot be read.', action: problem?.fix ?? 'Repair it.' });
    else dialogs.inform('No lock file counts here: the workspace has none, is not trusted, or the setting “vestibule.lockfile” is off.');
    return;
  }
  const launches = shownLaunches(snapshot);
  const before = await api.acceptedLockText();
  await preview('What the lock file would approve', lockDocument(snapshot));
  if (before !== undefined && before !== text) await compare('Lock file (accepted ↔ now)', before, text);
  if (standing === 'always') return dialogs.inform('This lock file counts without being asked about, by the setting “vestibule.lockfile”.');
  const decide = async (decision: 'accepted' | 'declined', shown: typeof launches): Promise<void> => {
    try {
      await api.decideLock(digest, decision, shown);
    } catch (error) {
      if (!isStaleDecision(error)) throw error;
      dialogs.fail({ message: problemOf(error).message, action: 'Nothing was decided; review it again.' });
    }
  };
  if (await dialogs.confirm(confirmLock(snapshot), { label: 'Decline', run: () => decide('declined', []) })) await decide('accepted', launches);
}
