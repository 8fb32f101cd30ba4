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
  readonly onDidChange: Event<void>;
  /** True when this fingerprint of this server's launch was approved. */
  launchApproved(server: ServerName, fingerprint: Digest): boolean;
  approveLaunch(server: ServerName, fingerprint: Digest, by: string): Promise<void>;
  revokeLaunch(server: ServerName, by: string): Promise<void>;
  status(ref: DefinitionRef): ApprovalStatus;
  /** The last approved record of a definition, whatever its digest now. */
  lastApproved(server: ServerName, kind: DefinitionKind, name: string): ApprovalRecord | undefined;
  approve(refs: readonly (DefinitionRef & { readonly raw: RawJson })[], by: string): Promise<void>;
  block(refs: readonly DefinitionRef[], by: string): Promise<void>;
  /** Back to pending (undo). */
  forget(refs: readonly DefinitionRef[], by: string): Promise<void>;
}
