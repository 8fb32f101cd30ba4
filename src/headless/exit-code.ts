import { messageOf, VestibuleError, type VestibuleErrorReason } from '../proxy/errors.ts';
import { visible } from '../proxy/json/visible.ts';

/** Exit codes of contract §1. */
export const EXIT = { ok: 0, refused: 1, usage: 2, badConfig: 3, cannotBind: 4, dataFolder: 5 } as const;

const CODES: Readonly<Partial<Record<VestibuleErrorReason, number>>> = {
  usage: EXIT.usage,
  'bad-config': EXIT.badConfig,
  'cannot-bind': EXIT.cannotBind,
  'data-folder-locked': EXIT.dataFolder,
  'data-folder-unreadable': EXIT.dataFolder,
  'corrupt-file': EXIT.dataFolder,
};

/** The exit code for something that was thrown. */
export function exitCodeFor(error: unknown): number {
  return VestibuleError.is(error) ? (CODES[error.reason] ?? EXIT.refused) : EXIT.refused;
}

/** A thrown error as a person reads it: where, what, and what to do. */
export function describeError(error: unknown): string {
  if (!VestibuleError.is(error)) return `vestibule: ${visible(messageOf(error))}`;
  const where = error.at === undefined ? '' : `${visible(error.at.file)}:${error.at.line}:${error.at.column}: `;
  return `vestibule: ${where}${visible(error.message)}\n  ${visible(error.action)}`;
}
