import { join } from 'node:path';
import { createCatalog } from '../proxy/catalog/catalog.ts';
import { definitionsOf as pinnedOf, scannedAs } from '../proxy/catalog/definitions.ts';
import type { Catalog } from '../proxy/catalog/types.ts';
import { formatOf } from './formats/formats.ts';
import { createConfigStore } from '../proxy/config/store.ts';
import type { ConfigSnapshot, UpstreamConfig } from '../proxy/config/types.ts';
import { VestibuleError } from '../proxy/errors.ts';
import { DisposableStore, type Disposable } from '../proxy/events.ts';
import type { ApprovalStatus, RawJson, ServerName } from '../proxy/model.ts';
import { openApprovalStore } from '../proxy/quarantine/approval-store.ts';
import { LockFile, lockFileIn } from '../proxy/quarantine/lockfile/lock-file.ts';
import { LockedApprovals } from '../proxy/quarantine/lockfile/locked-approvals.ts';
import type { DefinitionRef } from '../proxy/quarantine/types.ts';
import { findingsOf } from '../proxy/scanner/definition-findings.ts';
import type { Finding, Peer } from '../proxy/scanner/types.ts';
import { describeError } from './exit-code.ts';
import { printNote } from './print.ts';
import type { Places } from './places.ts';

/** What the files of a data folder say, for commands that need no running gateway. */
export interface State extends Disposable {
  readonly config: ConfigSnapshot;
  /** What was decided here, and what an accepted lock file of the workspace adds. */
  readonly approvals: LockedApprovals;
  /** What upstreams offered when they were last seen. */
  readonly catalog: Catalog;
}

/** A definition as last seen, with what was decided about it. */
export interface SeenDefinition {
  readonly ref: DefinitionRef;
  readonly raw: RawJson;
  readonly status: ApprovalStatus;
  /** What the scanner says about it: evidence, never a decision. */
  readonly findings: readonly Finding[];
}

/** Reads the configuration alone. */
export async function readConfig({ userFile, workspaceFile, configFiles }: Places): Promise<ConfigSnapshot> {
  const store = await createConfigStore({ userFile, workspaceFile, configFiles, formatOf });
  store.dispose();
  return store.snapshot;
}

/** Opens what commands read and decide on. @throws VestibuleError `data-folder-unreadable` */
export async function openState(places: Places): Promise<State> {
  const onProblem = (problem: VestibuleError): void => printNote(describeError(problem));
  const owned = new DisposableStore();
  try {
    const catalog = await createCatalog({ dir: join(places.data, 'catalog'), noPrefix: false, onProblem });
    owned.add({ dispose: () => void catalog.dispose() });
    const config = await readConfig(places);
    catalog.setServers(config.upstreams.map(({ name }) => name));
    const lock = await LockFile.open(lockFileIn(places.workspace));
    if (lock.content.kind === 'broken') onProblem(lock.content.problem);
    const approvals = owned.add(
      new LockedApprovals({
        store: await openApprovalStore(places.data, { onProblem }),
        lock,
        mode: 'ask',
        dataDir: places.data,
        isOfWorkspace: (server) => config.upstreams.some(({ name, origin }) => name === server && origin === 'workspace'),
      }),
    );
    return { config, approvals, catalog, dispose: () => owned.dispose() };
  } catch (error) {
    owned.dispose();
    throw error;
  }
}

/** Everything of a server that has to be approved, as it was last seen: its tools last. */
export function definitionsOf({ catalog, approvals }: Pick<State, 'catalog' | 'approvals'>, name: ServerName): SeenDefinition[] {
  const seen = catalog.server(name);
  if (seen === undefined) return [];
  const others = peersIn(catalog);
  return pinnedOf(seen).map(({ ref, raw }) => {
    const status = approvals.status(ref);
    const approvedRaw = status === 'changed' ? approvals.lastApproved(ref.server, ref.kind, ref.name)?.raw : undefined;
    const kind = scannedAs(ref.kind);
    return { ref, raw, status, findings: kind === undefined ? [] : findingsOf({ server: name, kind, raw, approvedRaw }, others) };
  });
}

const peers = new WeakMap<Catalog, readonly Peer[]>();

/** Every tool of a catalog that does not change any more, for comparing; one array, so that it is prepared once. */
function peersIn(catalog: Catalog): readonly Peer[] {
  let found = peers.get(catalog);
  if (found === undefined) {
    found = [...catalog.servers()].flatMap(({ tools }) => tools.map(({ server, name, description }) => ({ server, name, description })));
    peers.set(catalog, found);
  }
  return found;
}

/** What a person calls a definition: `server:name`, with what it is unless that is a tool. */
export function titleOf({ server, kind, name }: DefinitionRef): string {
  return kind === 'tool' ? `${server}:${name}` : `${kind}${name === '' ? '' : ` ${name}`} of ${server}`;
}

/** The server of this name. @throws VestibuleError `not-found`, telling why its entry cannot be used if there is one */
export function upstreamNamed(config: ConfigSnapshot, name: ServerName): UpstreamConfig {
  const found = config.upstreams.find((upstream) => upstream.name === name);
  if (found !== undefined) return found;
  const problem = config.problems.find(({ server, severity }) => server === name && severity === 'error');
  if (problem !== undefined) throw new VestibuleError('bad-config', problem.message, { action: problem.fix, at: problem.at });
  throw new VestibuleError('not-found', `There is no server named "${name}".`, { action: 'vestibule upstream list shows the names.' });
}
