import { join } from 'node:path';
import { VestibuleError } from '../../errors.ts';
import { Emitter, DisposableStore, type Disposable, type Event } from '../../events.ts';
import type { ApprovalStatus, Digest, RawJson, ServerName } from '../../model.ts';
import { readTextIfExists, writeFileAtomic } from '../../storage/atomic-file.ts';
import { fileNameFor } from '../../storage/names.ts';
import type { FileApprovalStore } from '../approval-store.ts';
import type { ApprovalRecord, ApprovalStore, DecisionSummary, DefinitionKind, DefinitionRef } from '../types.ts';
import { contentOf, type LockContent, type LockFile } from './lock-file.ts';
import { parseLock, type LockedServer } from './lock-format.ts';

/** When the content of a lock file counts: after a person accepted it, or (they chose so) always. */
export type LockMode = 'ask' | 'always';

/** What a lock file counts for now. */
export type LockStanding = 'none' | 'broken' | 'waiting' | 'accepted' | 'declined' | 'always';

/** What the approvals of a workspace are made of. */
export interface LockedApprovalsParts {
  readonly store: FileApprovalStore;
  /** Undefined where no lock file counts: without a workspace, in an untrusted one, or switched off. */
  readonly lock: LockFile | undefined;
  readonly mode: LockMode;
  /** Folder of the person's own state, where the content accepted last is kept for comparison. */
  readonly dataDir: string;
  /** Lock files speak for the workspace's own servers only, never for a person's server of the same name. */
  readonly isOfWorkspace: (server: ServerName) => boolean;
}

/**
 * A person's own approvals, and beneath them what the workspace's lock file approves. The person's decision always
 * comes first: what they blocked or took back stays so whatever the lock says. The lock counts only at the very
 * content that was accepted; at any other, or broken, it approves nothing.
 */
export class LockedApprovals implements ApprovalStore, Disposable {
  readonly #parts: LockedApprovalsParts;
  readonly #owned = new DisposableStore();
  readonly #changed = this.#owned.add(new Emitter<void>());

  constructor(parts: LockedApprovalsParts) {
    this.#parts = parts;
    const { store, lock } = parts;
    this.#owned.add(store);
    this.#owned.add(store.onDidChange(() => this.#changed.fire()));
    if (lock === undefined) return;
    this.#owned.add(lock);
    this.#owned.add(lock.onDidChange(() => this.#changed.fire()));
  }

  get onDidChange(): Event<void> {
    return this.#changed.event;
  }

  /** What the lock file says now. */
  get content(): LockContent {
    return this.#parts.lock?.content ?? { kind: 'none' };
  }

  /** Absolute path of the lock file that is followed, if any. */
  get lockPath(): string | undefined {
    return this.#parts.lock?.path;
  }

  get standing(): LockStanding {
    const { lock, mode, store } = this.#parts;
    if (lock === undefined || lock.content.kind !== 'read') return this.content.kind === 'broken' ? 'broken' : 'none';
    if (mode === 'always') return 'always';
    return store.lockDecision(lock.path, lock.content.digest)?.decision ?? 'waiting';
  }

  /** Reads the lock file now instead of at the next look. */
  async lookAnew(): Promise<void> {
    await this.#parts.lock?.reload();
  }

  launchApproved(server: ServerName, fingerprint: Digest): boolean {
    const { store, mode, lock } = this.#parts;
    if (store.launchApproved(server, fingerprint)) return true;
    const { content } = this;
    if (lock === undefined || content.kind !== 'read') return false;
    if (this.#counted(server)?.fingerprint !== fingerprint || store.launchRefused(server, fingerprint)) return false;
    return mode === 'always' || store.lockDecision(lock.path, content.digest)?.launches.includes(fingerprint) === true;
  }

  approveLaunch(server: ServerName, fingerprint: Digest, by: string): Promise<void> {
    return this.#parts.store.approveLaunch(server, fingerprint, by);
  }

  revokeLaunch(server: ServerName, by: string): Promise<void> {
    return this.#parts.store.revokeLaunch(server, by, this.#locked(server)?.fingerprint);
  }

  status(ref: DefinitionRef): ApprovalStatus {
    const own = this.#parts.store.status(ref);
    if (own === 'approved' || own === 'blocked') return own;
    const locked = lockedDigest(this.#counted(ref.server), ref);
    if (locked === undefined) return own;
    if (locked !== ref.digest) return 'changed';
    return this.#parts.store.refused(ref) ? own : 'approved';
  }

  /** True when a person decided against this digest. */
  refused(ref: DefinitionRef): boolean {
    return this.#parts.store.refused(ref);
  }

  /** Whether the lock file, if it counted, would approve what the person's own decisions do not. */
  get approvesMore(): boolean {
    const { content } = this;
    if (content.kind !== 'read') return false;
    const { store, isOfWorkspace } = this.#parts;
    for (const [server, locked] of content.lock) {
      if (!isOfWorkspace(server)) continue;
      if (!store.launchApproved(server, locked.fingerprint) && !store.launchRefused(server, locked.fingerprint)) return true;
      for (const ref of lockedRefs(server, locked)) if (store.status(ref) !== 'approved' && !store.refused(ref)) return true;
    }
    return false;
  }

  lastApproved(server: ServerName, kind: DefinitionKind, name: string): ApprovalRecord | undefined {
    return this.#parts.store.lastApproved(server, kind, name);
  }

  approve(refs: readonly (DefinitionRef & { readonly raw: RawJson })[], by: string): Promise<void> {
    return this.#parts.store.approve(refs, by);
  }

  block(refs: readonly DefinitionRef[], by: string): Promise<void> {
    return this.#parts.store.block(refs, by);
  }

  forget(refs: readonly DefinitionRef[], by: string): Promise<void> {
    return this.#parts.store.forget(refs, by);
  }

  lastDecision(): DecisionSummary | undefined {
    return this.#parts.store.lastDecision();
  }

  undo(id: string | undefined): Promise<DecisionSummary> {
    return this.#parts.store.undo(id);
  }

  acceptsDescriptions(server: ServerName, fingerprint: Digest): boolean {
    return this.#parts.store.acceptsDescriptions(server, fingerprint);
  }

  setAcceptsDescriptions(server: ServerName, fingerprint: Digest | undefined, by: string): Promise<void> {
    return this.#parts.store.setAcceptsDescriptions(server, fingerprint, by);
  }

  approveLaunches(approved: readonly { readonly server: ServerName; readonly fingerprint: Digest }[], by: string): Promise<void> {
    return this.#parts.store.approveLaunches(approved, by);
  }

  inspectable(server: ServerName, fingerprint: Digest): boolean {
    return this.#parts.store.inspectable(server, fingerprint);
  }

  setInspectable(server: ServerName, fingerprint: Digest | undefined, by: string): Promise<void> {
    return this.#parts.store.setInspectable(server, fingerprint, by);
  }

  /**
   * Accepts or declines the lock file at the content that was shown.
   * @param launches fingerprints of the launches that were shown with it; it approves no others
   * @throws VestibuleError `stale-decision` when the file says something else by now
   */
  async decideLock(digest: Digest, decision: 'accepted' | 'declined', launches: readonly Digest[], by: string): Promise<void> {
    const { lock, store, dataDir } = this.#parts;
    await this.lookAnew();
    const { content } = this;
    if (lock === undefined || content.kind !== 'read' || content.digest !== digest) {
      throw new VestibuleError('stale-decision', 'The lock file has changed since it was shown.', { action: 'Nothing was decided; look at it again.' });
    }
    if (decision === 'accepted') await writeFileAtomic(keptTextFile(dataDir, lock.path), content.text);
    await store.decideLock(lock.path, { digest, decision, launches }, by);
  }

  /** The content that was accepted last, as text; undefined when none was, or it is lost: it is only for comparison. */
  async acceptedText(): Promise<string | undefined> {
    const { lock, store, dataDir } = this.#parts;
    const accepted = lock && store.lastAcceptedLock(lock.path);
    if (lock === undefined || accepted === undefined) return undefined;
    try {
      const file = keptTextFile(dataDir, lock.path);
      const { text, digest } = contentOf(parseLock((await readTextIfExists(file)) ?? '', file));
      return digest === accepted.digest ? text : undefined;
    } catch {
      return undefined;
    }
  }

  dispose(): void {
    this.#owned.dispose();
  }

  /** What the lock says of a server, if it counts now. */
  #counted(server: ServerName): LockedServer | undefined {
    const { standing } = this;
    return standing === 'accepted' || standing === 'always' ? this.#locked(server) : undefined;
  }

  #locked(server: ServerName): LockedServer | undefined {
    const { content } = this;
    return content.kind === 'read' && this.#parts.isOfWorkspace(server) ? content.lock.get(server) : undefined;
  }
}

function lockedDigest(locked: LockedServer | undefined, { kind, name }: DefinitionRef): Digest | undefined {
  switch (kind) {
    case 'instructions':
      return locked?.instructions;
    case 'tool':
      return locked?.tools.get(name);
    default:
      // A lock says nothing of prompts, templates and resources: what approves a tool must not approve those.
      return undefined;
  }
}

function* lockedRefs(server: ServerName, { instructions, tools }: LockedServer): Generator<DefinitionRef> {
  if (instructions !== undefined) yield { server, kind: 'instructions', name: '', digest: instructions };
  for (const [name, digest] of tools) yield { server, kind: 'tool', name, digest };
}

function keptTextFile(dataDir: string, lockPath: string): string {
  return join(dataDir, 'accepted-locks', `${fileNameFor(lockPath)}.json`);
}
