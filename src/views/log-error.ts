import type { LogOutputChannel } from 'vscode';
import { visibleLines } from './text.ts';

/** Logs an error with its stack; what an upstream may have put into its message stays text (security U2). */
export function logError(log: LogOutputChannel, error: unknown): void {
  log.error(visibleLines(error instanceof Error ? (error.stack ?? error.message) : String(error)));
}
