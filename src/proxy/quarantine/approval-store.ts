import { join } from 'node:path';
import { VestibuleError } from '../errors.ts';
import { Emitter, type Disposable, type Event } from '../events.ts';
import type { ApprovalStatus, Digest, RawJson, ServerName } from '../model.ts';
import { prepareFolder } from '../storage/atomic-file.ts';
import { StateFile } from '../storage/state-file.ts';
import {
  lastApproval,
  launchApproved,
  NO_APPROVALS,
  refusedSince,
  statusOf,
  withApproved,
  withBlocked,
  withForgotten,
  withLaunch,
  withoutLaunches,
  type Approvals,
} from './approvals.ts';
import { APPROVALS_VERSION, decodeApprovals, encodeApprovals } from './approvals-format.ts';
import { ApprovedTexts } from './approved-texts.ts';
import type { ApprovalRecord, ApprovalStore, DefinitionKind, DefinitionRef } from './types.ts';

/**
 * Opens the approvals of a data folder: `approvals.json`, shared by every process that uses the folder. A file that
 * cannot be read approves nothing.
 * @param options.onProblem hears of files that could not be used, once each
 * @throws VestibuleError `data-folder-unreadable`
 */
export async function openApprovalStore(
  dataDir: string,
  options: { readonly onProblem: (problem: VestibuleError) => void },
): Promise<ApprovalStore & Disposable> {
  await prepareFolder(dataDir);
  const file = await StateFile.open({
    path: join(dataDir, 'approvals.json'),
    version: APPROVALS_VERSION,
    empty: NO_APPROVALS,
    decode: decodeApprovals,
    encode: encodeApprovals,
    report: options.onProblem,
  });
  return new FileApprovalStore(file, new ApprovedTexts(join(dataDir, 'approved-texts'), options.onProblem));
}

class FileApprovalStore implements ApprovalStore, Disposable {
  readonly #file: StateFile<Approvals>;
  readonly #texts: ApprovedTexts;
  readonly #changed = new Emitter<void>();

  constructor(file: StateFile<Approvals>, texts: ApprovedTexts) {
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
    return launchApproved(this.#file.state, server, fingerprint);
  }

  async approveLaunch(server: ServerName, fingerprint: Digest, by: string): Promise<void> {
    const known = this.#file.state;
    await this.#file.update((now) => {
      const revoked = launchApproved(known, server, fingerprint) && !launchApproved(now, server, fingerprint);
      if (revoked) throw refusedMeanwhile(`The launch of "${server}" was revoked meanwhile.`);
      return withLaunch(now, server, { digest: fingerprint, at: Date.now(), by });
    });
  }

  async revokeLaunch(server: ServerName): Promise<void> {
    await this.#file.update((now) => withoutLaunches(now, server));
  }

  status(ref: DefinitionRef): ApprovalStatus {
    return statusOf(this.#file.state, ref);
  }

  lastApproved(server: ServerName, kind: DefinitionKind, name: string): ApprovalRecord | undefined {
    const last = lastApproval(this.#file.state, server, kind, name);
    return last && { ...last, decision: 'approved', raw: this.#texts.get({ server, kind, name, digest: last.digest }) };
  }

  async approve(refs: readonly (DefinitionRef & { readonly raw: RawJson })[], by: string): Promise<void> {
    const known = this.#file.state;
    await this.#file.update(async (now) => {
      const refused = refs.find((ref) => refusedSince(known, now, ref));
      if (refused !== undefined) throw refusedMeanwhile(`${nameOf(refused)} was blocked or forgotten meanwhile.`);
      const next = withApproved(now, refs, { at: Date.now(), by });
      if (next !== now) await this.#texts.keep(refs, next);
      return next;
    });
  }

  async block(refs: readonly DefinitionRef[], by: string): Promise<void> {
    await this.#file.update((now) => withBlocked(now, refs, { at: Date.now(), by }));
  }

  async forget(refs: readonly DefinitionRef[]): Promise<void> {
    await this.#file.update((now) => withForgotten(now, refs));
  }

  dispose(): void {
    this.#file.dispose();
    this.#changed.dispose();
  }
}

function nameOf(ref: DefinitionRef): string {
  return ref.kind === 'tool' ? `The tool "${ref.name}" of "${ref.server}"` : `The instructions of "${ref.server}"`;
}

function refusedMeanwhile(message: string): VestibuleError {
  return new VestibuleError('stale-decision', message, { action: 'Look at it again and decide anew.' });
}
