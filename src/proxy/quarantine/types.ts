import type { Event } from '../events.ts';
import type { ApprovalStatus, Digest, RawJson, ServerName } from '../model.ts';

/** What kind of definition a digest stands for. */
export type DefinitionKind = 'tool' | 'instructions';

/** One definition at one digest: what a decision binds to (compare-and-set, security D5). */
export interface DefinitionRef {
  readonly server: ServerName;
  readonly kind: DefinitionKind;
  /** Tool name; empty for instructions. */
  readonly name: string;
  readonly digest: Digest;
}

/** Why the gate keeps a definition back. `launch`: its server's launch is not approved; `denied`: by the servers file. */
export type Withheld = 'disabled' | 'denied' | 'launch' | Exclude<ApprovalStatus, 'approved'>;

/** What a person decided, and when. */
export interface ApprovalRecord {
  readonly digest: Digest;
  readonly decision: 'approved' | 'blocked';
  /** Milliseconds since epoch. */
  readonly at: number;
  /** Who decided: `person` in the editor, `cli`, `approve-all`. */
  readonly by: string;
  /** The approved text, kept so that a later change can be shown as a diff. */
  readonly raw: RawJson | undefined;
}

/** Approvals of launches and definitions. Only a person's act writes here; no MCP path reaches it (invariant I2). */
export interface ApprovalStore {
  /** Fires after any change, also by another process (within 1 s). */
  readonly onDidChange: Event<void>;
  /** True when this fingerprint of this server's launch was approved. */
  launchApproved(server: ServerName, fingerprint: Digest): boolean;
  /** @throws VestibuleError `stale-decision` when it was revoked elsewhere meanwhile; the latest refusal wins */
  approveLaunch(server: ServerName, fingerprint: Digest, by: string): Promise<void>;
  revokeLaunch(server: ServerName, by: string): Promise<void>;
  status(ref: DefinitionRef): ApprovalStatus;
  /** The last approved record of a definition, whatever its digest now. For diffs: reads a file, not for the call path. */
  lastApproved(server: ServerName, kind: DefinitionKind, name: string): ApprovalRecord | undefined;
  /**
   * Approves these digests, all or none. `raw` is the text they stand for (of instructions: their JSON string).
   * @throws VestibuleError `stale-decision` when one was blocked or forgotten elsewhere meanwhile
   */
  approve(refs: readonly (DefinitionRef & { readonly raw: RawJson })[], by: string): Promise<void>;
  block(refs: readonly DefinitionRef[], by: string): Promise<void>;
  /** Undoes both approval and block of these digests. */
  forget(refs: readonly DefinitionRef[], by: string): Promise<void>;
}
