import type { GatewayApi } from '../proxy/api.ts';
import type { DecisionSummary } from '../proxy/quarantine/types.ts';
import type { Dialogs } from './dialogs.ts';
import type { Confirmation } from './present/confirmation.ts';
import { isStaleDecision, problemOf } from './problem.ts';
import { oneLine, plural } from './text.ts';
import { subjectInSentence } from './present/subject.ts';

/** Undoing needs the gateway, and somebody to ask. */
export interface UndoContext {
  readonly gateway: () => Promise<GatewayApi>;
  readonly dialogs: Dialogs;
}

/**
 * Asks to put back what stood before a decision, and does so.
 * @param decision default: the newest there is
 */
export async function undoDecision({ gateway, dialogs }: UndoContext, decision?: DecisionSummary): Promise<void> {
  const api = await gateway();
  const subject = decision ?? api.snapshot().lastDecision;
  if (subject === undefined) return dialogs.inform('There is no decision to undo.');
  if (!(await dialogs.confirm(confirmUndo(subject)))) return;
  try {
    await api.undo(subject.id);
  } catch (error) {
    if (!isStaleDecision(error)) throw error;
    dialogs.fail({ message: problemOf(error).message, action: 'Nothing was undone; decide anew instead.' });
  }
}

const WORDS: Readonly<Record<DecisionSummary['action'], string>> = {
  approve: 'the approval',
  block: 'the block',
  forget: 'the withdrawal',
  'approve-launch': 'the approval of the launch',
  'revoke-launch': 'the withdrawal of the launch',
  'accept-lock': 'accepting the lock file',
  'decline-lock': 'declining the lock file',
};

/** Asks to undo, naming what the decision was about and when it was made. */
export function confirmUndo({ action, at, refs, server }: DecisionSummary): Confirmation {
  const names = refs.slice(0, 25).map((ref) => `${oneLine(ref.server, 60)}: ${ref.kind === 'tool' ? oneLine(ref.name, 80) : subjectInSentence(ref)}`);
  const rest = refs.length - names.length;
  const about = refs.length > 0 ? ` of ${plural(refs.length, 'definition')}` : server === undefined ? '' : ` of “${oneLine(server, 60)}”`;
  return {
    message: `Undo ${WORDS[action]}${about}?`,
    detail: [...names, ...(rest > 0 ? [`and ${rest} more`] : []), `Decided ${new Date(at).toLocaleString()}. What stood before stands again.`].join('\n'),
    yes: 'Undo',
    needsDocument: false,
  };
}
