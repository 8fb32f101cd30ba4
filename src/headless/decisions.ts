import { VestibuleError } from '../proxy/errors.ts';
import { visible } from '../proxy/json/visible.ts';
import { openJournal } from '../proxy/journal/journal.ts';
import type { DecisionEntry } from '../proxy/journal/types.ts';
import { journalFolder } from './calls.ts';
import { leaveDecisions } from './control.ts';
import { describeError } from './exit-code.ts';
import { printNote } from './print.ts';

/** A decision made on the command line, without who and when. */
export type Decision = Pick<DecisionEntry, 'action' | 'server' | 'subject' | 'digest'>;

/**
 * Writes decisions made on the command line into the call journal (contract §5). While a `serve` writes the journal
 * they are left for it.
 * @throws VestibuleError `data-folder-unreadable`, `data-folder-locked`
 */
export async function recordDecisions(dataDir: string, decisions: readonly Decision[]): Promise<void> {
  if (decisions.length === 0) return;
  const time = Date.now();
  const entries = decisions.map((decision) => ({ ...decision, time, by: 'cli' }));
  try {
    const journal = await openJournal({ dir: journalFolder(dataDir), log: (_level, message) => printNote(visible(message)) });
    for (const entry of entries) journal.decide(entry);
    await journal.close();
  } catch (error) {
    if (!VestibuleError.is(error, 'data-folder-locked')) throw error;
    await leaveDecisions(dataDir, entries, (problem) => printNote(describeError(problem)));
  }
}
