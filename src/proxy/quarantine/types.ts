import type { Event } from '../events.ts';
import type { ApprovalStatus, Digest, RawJson, ServerName } from '../model.ts';

/**
 * What kind of definition a digest stands for. `resources` is leave to list and read what a server holds; `version` is what
 * a program says it is whose command fetches it without naming a version.
 */
export type DefinitionKind = (typeof DEFINITION_KINDS)[number];
export const DEFINITION_KINDS = ['tool', 'instructions', 'prompt', 'template', 'resources', 'version'] as const;

/** Narrows what was read from a file. */
export function isDefinitionKind(text: unknown): text is DefinitionKind {
  return DEFINITION_KINDS.some((kind) => kind === text);
}

/** One definition at one digest: what a decision binds to (compare-and-set, security D5). */
export interface DefinitionRef {
  readonly server: ServerName;
  readonly kind: DefinitionKind;
  /** Name of a tool or prompt, URI template of a template; empty for instructions and resources. */
  readonly name: string;
  readonly digest: Digest;
}

/**
 * Why the gate keeps a definition back. `launch`: its server's launch is not approved; `denied`: by the servers file;
 * `version`: the program behind an approved launch is not the approved one, and the servers file says to hold it.
 */
export type Withheld = 'disabled' | 'denied' | 'launch' | 'version' | Exclude<ApprovalStatus, 'approved'>;

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

/** What can be decided, and undone. */
export const DECIDED = ['approve', 'block', 'forget', 'approve-launch', 'revoke-launch', 'accept-lock', 'decline-lock'] as const;
export type Decided = (typeof DECIDED)[number];

/** A decision that can be undone. */
export interface DecisionSummary {
  readonly id: string;
  readonly action: Decided;
  /** Milliseconds since epoch. */
  readonly at: number;
  readonly by: string;
  /** The definitions it was about; empty for a launch or a lock file. */
  readonly refs: readonly DefinitionRef[];
  /** The server whose launch it was about. */
  readonly server: ServerName | undefined;
  /** Digest of the launch or lock content it was about. */
  readonly digest: Digest | undefined;
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
  /** Takes back both approval and block of these digests; no lock file approves them from then on. */
  forget(refs: readonly DefinitionRef[], by: string): Promise<void>;
  /** The newest decision that can be undone. */
  lastDecision(): DecisionSummary | undefined;
  /**
   * Puts back what stood before a decision (default: the newest), and tells which it was.
   * @throws VestibuleError `not-found` when there is none, `stale-decision` when it was overtaken by a later one
   */
  undo(id: string | undefined): Promise<DecisionSummary>;
  /** Whether the person wrote the rule that accepts clean description-only changes of this server, for this launch. */
  acceptsDescriptions(server: ServerName, fingerprint: Digest): boolean;
  /** Writes or takes back that rule; undefined takes it back. */
  setAcceptsDescriptions(server: ServerName, fingerprint: Digest | undefined, by: string): Promise<void>;
  /** Whether the person lets agents look at the waiting definitions of this server, for this launch. */
  inspectable(server: ServerName, fingerprint: Digest): boolean;
  /** Opens a server to that look, or closes it; undefined closes it. */
  setInspectable(server: ServerName, fingerprint: Digest | undefined, by: string): Promise<void>;
}
