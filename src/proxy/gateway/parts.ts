import { join } from 'node:path';
import { openAgentStore } from '../agents/agent-store.ts';
import { LastSeen } from '../agents/last-seen.ts';
import { Spending } from '../agents/spending.ts';
import type { AgentStore } from '../agents/types.ts';
import { createCatalog } from '../catalog/catalog.ts';
import type { LiveCatalog } from '../catalog/types.ts';
import { createConfigStore, type ConfigStore } from '../config/store.ts';
import { openConsentStore } from '../consent/consent-store.ts';
import type { ConsentStore } from '../consent/types.ts';
import type { VestibuleError } from '../errors.ts';
import type { Disposable } from '../events.ts';
import { openJournal } from '../journal/journal.ts';
import type { Journal } from '../journal/types.ts';
import type { GatewayOptions } from '../options.ts';
import { openResultStore } from '../output/store.ts';
import type { ResultStore } from '../output/types.ts';
import { openPauseStore } from '../pause/pause-store.ts';
import type { PauseStore } from '../pause/types.ts';
import { openProposalStore } from '../proposals/proposal-store.ts';
import type { ProposalStore } from '../proposals/types.ts';
import { openApprovalStore } from '../quarantine/approval-store.ts';
import { LockFile, lockFileIn } from '../quarantine/lockfile/lock-file.ts';
import { LockedApprovals } from '../quarantine/lockfile/locked-approvals.ts';
import type { Redactor } from '../redaction/redactor.ts';
import { Learning, learnedFileIn } from '../search/learning.ts';
import { StateProblems } from '../state-problems.ts';
import { KeptText } from '../storage/kept-text.ts';
import { sealMemory } from '../storage/seal-memory.ts';
import { EraMemory } from '../upstream/eras.ts';
import { sweepOrphans } from '../upstream/orphans.ts';

/** What a gateway keeps in files, opened. */
export interface OpenedParts {
  /** Folder of what only this program reads. */
  readonly stateDir: string;
  readonly eras: EraMemory;
  readonly problems: StateProblems;
  readonly approvals: LockedApprovals;
  readonly config: ConfigStore;
  readonly catalog: LiveCatalog;
  readonly journal: Journal & { readonly redactor: Redactor };
  readonly results: ResultStore & Disposable;
  readonly pauses: PauseStore;
  readonly consents: ConsentStore;
  readonly indexFile: KeptText;
  readonly learning: Learning;
  readonly agents: AgentStore;
  readonly seen: LastSeen;
  readonly spending: Spending;
  readonly proposals: ProposalStore;
}

/**
 * Opens the files of a state folder, and ends what a gateway that was killed left running.
 * @throws VestibuleError `data-folder-unreadable` when the state folder cannot be used
 */
export async function openParts(options: GatewayOptions): Promise<OpenedParts> {
  const stateDir = join(options.dataDir, 'state');
  const report = (error: VestibuleError): void => options.log('error', error.message, { action: error.action });
  const problems = new StateProblems();
  const sealed = { onProblem: (error: VestibuleError) => problems.add(error), memory: sealMemory(options.secrets) };
  const store = await openApprovalStore(options.dataDir, sealed);
  await sweepOrphans(stateDir);
  const [config, catalog, journal, results, pauses, consents, indexFile, agents, eras] = await Promise.all([
    createConfigStore({
      userFile: join(options.dataDir, 'servers.json'),
      ...(options.workspaceFolder !== undefined && { workspaceFile: join(options.workspaceFolder, '.vscode', 'vestibule.json') }),
      configFiles: options.configFiles ?? [],
      formatOf: options.formatOf,
      workspaceTrusted: options.workspaceTrusted ?? true,
    }),
    createCatalog({ dir: join(options.dataDir, 'catalog'), noPrefix: options.noPrefix ?? false, onProblem: report }),
    openJournal({ dir: join(options.logDir ?? options.dataDir, 'journal'), log: options.log }),
    openResultStore({ dir: join(options.dataDir, 'results') }),
    openPauseStore(options.dataDir, { onProblem: report }),
    openConsentStore(options.dataDir, sealed),
    KeptText.open(join(options.dataDir, 'search-index.json'), 'The search index', report),
    openAgentStore(options.dataDir, { onProblem: report, memory: sealed.memory }),
    EraMemory.open(stateDir),
  ]);
  const seen = await LastSeen.open(options.dataDir, { onProblem: report, isKnown: (name) => agents.all.some((agent) => agent.name === name) });
  const spending = await Spending.open(options.dataDir, { onProblem: report, general: () => config.snapshot.gateway.limits.budget });
  const proposals = await openProposalStore(options.dataDir, { onProblem: report });
  const lock = await followedLock(options);
  const approvals = new LockedApprovals({
    store,
    lock,
    mode: options.lockfile === 'always' ? 'always' : 'ask',
    dataDir: options.dataDir,
    isOfWorkspace: (server) => config.snapshot.upstreams.some(({ name, origin }) => name === server && origin === 'workspace'),
  });
  const learning = await Learning.open({
    file: learnedFileIn(options.dataDir),
    workspace: { folder: options.workspaceTrusted === false ? undefined : options.workspaceFolder, openFiles: options.openFiles ?? (() => []) },
    wanted: () => config.snapshot.gateway.learn,
    report,
  });
  return { stateDir, problems, approvals, config, catalog, journal, results, pauses, consents, indexFile, learning, agents, seen, spending, proposals, eras };
}

/** Writes what is still to be written, and closes everything. */
export async function closeParts(parts: OpenedParts): Promise<void> {
  await parts.seen.flush();
  await parts.spending.flush();
  for (const part of [parts.spending, parts.proposals, parts.config, parts.approvals, parts.results, parts.pauses, parts.consents, parts.problems]) part.dispose();
  await parts.catalog.dispose();
  await parts.indexFile.flush();
  await parts.learning.close();
  await parts.journal.close();
}

/** The lock file to follow: none without a workspace, in an untrusted one, or switched off. */
async function followedLock({ lockfile = 'off', workspaceFolder, workspaceTrusted = true }: GatewayOptions): Promise<LockFile | undefined> {
  return lockfile === 'off' || workspaceFolder === undefined || !workspaceTrusted ? undefined : LockFile.open(lockFileIn(workspaceFolder));
}
