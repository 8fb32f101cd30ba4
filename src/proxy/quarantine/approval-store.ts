import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { VestibuleError } from '../errors.ts';
import { Emitter, type Disposable, type Event } from '../events.ts';
import type { ApprovalStatus, Digest, RawJson, ServerName } from '../model.ts';
import { prepareFolder } from '../storage/atomic-file.ts';
import { Seal, type SealMemory } from '../storage/seal.ts';
import { StateFile } from '../storage/state-file.ts';
import { decodeState, encodeState, NO_STATE, type ApprovalState } from './approval-state.ts';
import {
  definitionsBefore,
  isLaunchRefused,
  isRefused,
  lastApproval,
  launchApproved,
  launchesBefore,
  refusedSince,
  statusOf,
  withApproved,
  withBlocked,
  withForgotten,
  withLaunch,
  withoutLaunches,
  type Decision,
} from './approvals.ts';
import { APPROVALS_VERSION, UNSEALED_APPROVALS_VERSION } from './approvals-format.ts';
import { ApprovedTexts } from './approved-texts.ts';
import { summaryOf, undone, withPast, type PastDecision } from './history.ts';
import { lastAccepted, lockDecision, withLockDecision, type LockDecision } from './lock-decisions.ts';
import type { ApprovalRecord, ApprovalStore, Decided, DecisionSummary, DefinitionKind, DefinitionRef } from './types.ts';

/**
 * Opens the approvals of a data folder: `approvals.json`, shared by every process that uses the folder. A file that
 * cannot be read, was changed by something else or is an older copy approves nothing.
 * @param options.onProblem hears of files that could not be used, once each
 * @param options.memory remembers elsewhere how far the file had come
 * @throws VestibuleError `data-folder-unreadable`
 */
export async function openApprovalStore(
  dataDir: string,
  options: { readonly onProblem: (problem: VestibuleError) => void; readonly memory?: SealMemory },
): Promise<FileApprovalStore> {
  await prepareFolder(dataDir);
  const file = await StateFile.open({
    path: join(dataDir, 'approvals.json'),
    version: APPROVALS_VERSION,
    seal: { by: new Seal(join(dataDir, 'approvals.key'), 'approvals', options.memory), unsealedVersion: UNSEALED_APPROVALS_VERSION },
    empty: NO_STATE,
    decode: decodeState,
    encode: encodeState,
    report: options.onProblem,
  });
  return new FileApprovalStore(file, new ApprovedTexts(join(dataDir, 'approved-texts'), options.onProblem));
}

/** Approvals in a file: what persons decided themselves, without what lock files add to it. */
export class FileApprovalStore implements ApprovalStore, Disposable {
  readonly #file: StateFile<ApprovalState>;
  readonly #texts: ApprovedTexts;
  readonly #changed = new Emitter<void>();

  constructor(file: StateFile<ApprovalState>, texts: ApprovedTexts) {
    this.#file = file;
    this.#texts = texts;
    file.onDidChange(() => {
      texts.refresh();
      this.#changed.fire();
    });
  }

  get onDidChange(): Event<void> {
    return this.#changed.event;
  }

  launchApproved(server: ServerName, fingerprint: Digest): boolean {
    return launchApproved(this.#file.state.servers, server, fingerprint);
  }

  async approveLaunch(server: ServerName, fingerprint: Digest, by: string): Promise<void> {
    const known = this.#file.state.servers;
    await this.#decide('approve-launch', by, (now, at) => {
      const approvedBefore = launchApproved(known, server, fingerprint);
      const refusedAnew = isLaunchRefused(now.servers, server, fingerprint) && !isLaunchRefused(known, server, fingerprint);
      const revoked = !launchApproved(now.servers, server, fingerprint) && (approvedBefore || refusedAnew);
      if (revoked) throw refusedMeanwhile(`The launch of "${server}" was revoked meanwhile.`);
      return { servers: withLaunch(now.servers, server, { digest: fingerprint, at, by }), past: { launches: [launchesBefore(now.servers, server)], digest: fingerprint } };
    });
  }

  /** Approves launches as they are now in one decision: for a start that approves everything there is. */
  async approveLaunches(approved: readonly { readonly server: ServerName; readonly fingerprint: Digest }[], by: string): Promise<void> {
    await this.#decide('approve-launch', by, (now, at) => ({
      servers: approved.reduce((servers, { server, fingerprint }) => withLaunch(servers, server, { digest: fingerprint, at, by }), now.servers),
      past: { launches: approved.map(({ server }) => launchesBefore(now.servers, server)) },
    }));
  }

  /** @param locked the launch of this server that a lock file names: it is refused along with those approved here */
  async revokeLaunch(server: ServerName, by: string, locked?: Digest): Promise<void> {
    await this.#decide('revoke-launch', by, (now, at) => ({
      servers: withoutLaunches(now.servers, server, { at, by }, locked),
      past: { launches: [launchesBefore(now.servers, server)], digest: undefined },
    }));
  }

  status(ref: DefinitionRef): ApprovalStatus {
    return statusOf(this.#file.state.servers, ref);
  }

  /** True when a person decided against this digest: no lock file may approve it. */
  refused(ref: DefinitionRef): boolean {
    return isRefused(this.#file.state.servers, ref);
  }

  /** True when a person took back this launch: no lock file may approve it. */
  launchRefused(server: ServerName, fingerprint: Digest): boolean {
    return isLaunchRefused(this.#file.state.servers, server, fingerprint);
  }

  lastApproved(server: ServerName, kind: DefinitionKind, name: string): ApprovalRecord | undefined {
    const last = lastApproval(this.#file.state.servers, server, kind, name);
    return last && { ...last, decision: 'approved', raw: this.#texts.get({ server, kind, name, digest: last.digest }) };
  }

  async approve(refs: readonly (DefinitionRef & { readonly raw: RawJson })[], by: string): Promise<void> {
    const known = this.#file.state.servers;
    await this.#decide('approve', by, async (now, at) => {
      const refused = refs.find((ref) => refusedSince(known, now.servers, ref));
      if (refused !== undefined) throw refusedMeanwhile(`${nameOf(refused)} was blocked or forgotten meanwhile.`);
      const servers = withApproved(now.servers, refs, { at, by });
      if (servers !== now.servers) await this.#texts.keep(refs, servers);
      return { servers, past: { definitions: definitionsBefore(now.servers, refs) } };
    });
  }

  async block(refs: readonly DefinitionRef[], by: string): Promise<void> {
    await this.#decide('block', by, (now, at) => ({ servers: withBlocked(now.servers, refs, { at, by }), past: { definitions: definitionsBefore(now.servers, refs) } }));
  }

  async forget(refs: readonly DefinitionRef[], by: string): Promise<void> {
    await this.#decide('forget', by, (now, at) => ({ servers: withForgotten(now.servers, refs, { at, by }), past: { definitions: definitionsBefore(now.servers, refs) } }));
  }

  lastDecision(): DecisionSummary | undefined {
    const last = this.#file.state.history.at(-1);
    return last && summaryOf(last);
  }

  async undo(id: string | undefined): Promise<DecisionSummary> {
    let summary: DecisionSummary | undefined;
    await this.#file.update((now) => {
      const past = id === undefined ? now.history.at(-1) : now.history.find((one) => one.id === id);
      if (past === undefined) throw new VestibuleError('not-found', 'There is no decision to undo.', { action: 'Decide anew instead.' });
      const next = undone(now, past.id);
      if (next === undefined) throw refusedMeanwhile('Something of this was decided again since.');
      summary = summaryOf(past);
      return next;
    });
    if (summary === undefined) throw new Error('an update that did not run');
    return summary;
  }

  acceptsDescriptions(server: ServerName, fingerprint: Digest): boolean {
    return this.#file.state.rules.get(server)?.digest === fingerprint;
  }

  async setAcceptsDescriptions(server: ServerName, fingerprint: Digest | undefined, by: string): Promise<void> {
    await this.#file.update((now) => ({ ...now, rules: switched(now.rules, server, fingerprint, by) }));
  }

  inspectable(server: ServerName, fingerprint: Digest): boolean {
    return this.#file.state.inspections.get(server)?.digest === fingerprint;
  }

  async setInspectable(server: ServerName, fingerprint: Digest | undefined, by: string): Promise<void> {
    await this.#file.update((now) => ({ ...now, inspections: switched(now.inspections, server, fingerprint, by) }));
  }

  /** What was decided about this content of a lock file. */
  lockDecision(file: string, digest: Digest): LockDecision | undefined {
    return lockDecision(this.#file.state.locks, file, digest);
  }

  /** The content of a lock file that was accepted last. */
  lastAcceptedLock(file: string): LockDecision | undefined {
    return lastAccepted(this.#file.state.locks, file);
  }

  /** Remembers what a person decided about the content of a lock file. */
  async decideLock(file: string, { digest, decision, launches }: Pick<LockDecision, 'digest' | 'decision' | 'launches'>, by: string): Promise<void> {
    await this.#decide(decision === 'accepted' ? 'accept-lock' : 'decline-lock', by, (now, at) => ({
      locks: withLockDecision(now.locks, file, { digest, decision, launches, at, by }),
      past: { lock: { file, was: now.locks.get(file) ?? [] }, digest },
    }));
  }

  dispose(): void {
    this.#file.dispose();
    this.#changed.dispose();
  }

  /** Takes a decision on what the file says now, and remembers what stood there before. */
  async #decide(action: Decided, by: string, decide: (now: ApprovalState, at: number) => Next | Promise<Next>): Promise<void> {
    const at = Date.now();
    await this.#file.update(async (now) => {
      const { past, servers = now.servers, locks = now.locks } = await decide(now, at);
      if (servers === now.servers && locks === now.locks) return now;
      const { definitions = [], launches = [], lock, digest } = past;
      return { ...now, servers, locks, history: withPast(now.history, { id: randomUUID(), action, at, by, definitions, launches, lock, digest }) };
    });
  }
}

/** What a decision makes of the state, and what it takes to undo it. */
interface Next extends Partial<Pick<ApprovalState, 'servers' | 'locks'>> {
  readonly past: Partial<Pick<PastDecision, 'definitions' | 'launches' | 'lock' | 'digest'>>;
}

/** Switches something on for a server at a launch, or off. */
function switched(all: ReadonlyMap<ServerName, Decision>, server: ServerName, fingerprint: Digest | undefined, by: string): ReadonlyMap<ServerName, Decision> {
  const next = new Map(all);
  if (fingerprint === undefined) next.delete(server);
  else next.set(server, { digest: fingerprint, at: Date.now(), by });
  return next;
}

function nameOf(ref: DefinitionRef): string {
  return ref.name === '' ? `"${ref.kind}" of "${ref.server}"` : `The ${ref.kind} "${ref.name}" of "${ref.server}"`;
}

function refusedMeanwhile(message: string): VestibuleError {
  return new VestibuleError('stale-decision', message, { action: 'Look at it again and decide anew.' });
}
