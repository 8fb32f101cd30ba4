import type { Digest, ServerName } from '../../model.ts';
import { compareWithLock, type LockDifference, type OfferedServer } from './compare-lock.ts';
import type { Lock } from './lock-format.ts';

/** A workspace's server as it is now. */
export interface PresentServer {
  readonly fingerprint: Digest;
  /** What it was last seen to offer; undefined while it was never listed. */
  readonly offered: OfferedServer | undefined;
}

/** What a lock would approve of one server, and how that server differs from it. */
export interface LockedServerReport {
  readonly server: ServerName;
  /** `absent`: the workspace has no such server; `other`: it has, with another launch than the lock names. */
  readonly launch: 'same' | 'other' | 'absent';
  readonly fingerprint: Digest;
  readonly instructions: boolean;
  readonly tools: readonly string[];
  /** Undefined while the server was never listed: then nobody knows yet. */
  readonly differences: readonly LockDifference[] | undefined;
}

/** Describes a lock for the person who decides about it, servers in the order of the file. */
export function describeLock(lock: Lock, present: (server: ServerName) => PresentServer | undefined): readonly LockedServerReport[] {
  return [...lock].map(([server, locked]) => {
    const now = present(server);
    return {
      server,
      launch: now === undefined ? 'absent' : now.fingerprint === locked.fingerprint ? 'same' : 'other',
      fingerprint: locked.fingerprint,
      instructions: locked.instructions !== undefined,
      tools: [...locked.tools.keys()],
      differences: now?.offered && compareWithLock(locked, now.offered),
    };
  });
}
