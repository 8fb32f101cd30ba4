import type { Digest } from '../../model.ts';
import type { LockedServer } from './lock-format.ts';

/** What a server offers now. */
export interface OfferedServer {
  readonly instructions: Digest | undefined;
  readonly tools: ReadonlyMap<string, Digest>;
}

/** How what a server offers differs from its lock. */
export interface LockDifference {
  readonly kind: 'missing' | 'changed' | 'unlocked';
  /** Undefined: its instructions. */
  readonly tool: string | undefined;
}

/**
 * Compares a server with its lock. `unlocked` is offered but was never shared: it waits for approval like anything new,
 * so the lock still holds.
 */
export function compareWithLock(locked: LockedServer, offered: OfferedServer): readonly LockDifference[] {
  const kindOf = (before: Digest | undefined, now: Digest | undefined): LockDifference['kind'] | undefined => {
    if (before === now) return undefined;
    if (before === undefined) return 'unlocked';
    return now === undefined ? 'missing' : 'changed';
  };
  const differences: LockDifference[] = [];
  const note = (tool: string | undefined, kind: LockDifference['kind'] | undefined): void => {
    if (kind !== undefined) differences.push({ kind, tool });
  };
  note(undefined, kindOf(locked.instructions, offered.instructions));
  const names = new Set([...locked.tools.keys(), ...offered.tools.keys()]);
  for (const tool of [...names].sort()) note(tool, kindOf(locked.tools.get(tool), offered.tools.get(tool)));
  return differences;
}
