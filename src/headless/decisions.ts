import { VestibuleError } from '../proxy/errors.ts';
import { visible } from '../proxy/json/visible.ts';
import { openJournal } from '../proxy/journal/journal.ts';
import type { DecisionEntry, Journal } from '../proxy/journal/types.ts';
import { journalFolder } from './calls.ts';
import { leaveDecisions, takeDecisions } from './control.ts';
import { describeError } from './exit-code.ts';
import { printNote } from './print.ts';

/** A decision made on the command line, without who and when. */
export type Decision = Pick<DecisionEntry, 'action' | 'server' | 'subject' | 'digest' | 'diff'>;

/**
 * Writes decisions made on the command line into the call journal (contract §5). While a `serve` writes the journal
 * they are left for it.
 * @throws VestibuleError `data-folder-unreadable`, `data-folder-locked`
 */
export async function recordDecisions(dataDir: string, decisions: readonly Decision[]): Promise<void> {
  if (decisions.length === 0) return;
  const time = Date.now();
  const entries = decisions.map((decision) => ({ ...decision, time, by: 'cli' }));
  const report = (problem: VestibuleError): void => printNote(describeError(problem));
  const journal = await openUnlessWritten(dataDir);
  if (journal === undefined) return leaveDecisions(dataDir, entries, report);
  try {
    // A `serve` that ended meanwhile may have left some.
    for (const entry of [...(await takeDecisions(dataDir, report)), ...entries]) journal.decide(entry);
  } finally {
    await journal.close();
  }
}

/** The journal, or undefined while another process writes it. */
async function openUnlessWritten(dataDir: string): Promise<Journal | undefined> {
  try {
    return await openJournal({ dir: journalFolder(dataDir), log: (_level, message) => printNote(visible(message)) });
  } catch (error) {
    if (VestibuleError.is(error, 'data-folder-locked')) return undefined;
    throw error;
  }
}
