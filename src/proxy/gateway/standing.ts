import { definitionsOf, scannedAs, versionOf, type PinnedDefinition } from '../catalog/definitions.ts';
import type { Catalog, CatalogTool } from '../catalog/types.ts';
import type { ConfigStore } from '../config/store.ts';
import type { UpstreamConfig } from '../config/types.ts';
import { VestibuleError } from '../errors.ts';
import type { Digest, ServerName } from '../model.ts';
import type { GateInput } from '../quarantine/gate.ts';
import { fingerprintOf, namesNoVersion } from '../quarantine/launch.ts';
import type { LockedApprovals } from '../quarantine/lockfile/locked-approvals.ts';
import type { Scannable, StandingDefinition } from '../scanner/definition-findings.ts';
import type { Peer } from '../scanner/types.ts';
import type { UpstreamInfo } from '../upstream/types.ts';

/** What servers are looked up in. */
export interface StandingDeps {
  readonly approvals: LockedApprovals;
  readonly catalog: Catalog;
  readonly config: ConfigStore;
  readonly workspaceTrusted: boolean;
}

/** How each server stands: whether it is configured, and what of it a person approved. Decides nothing. */
export class Standing {
  readonly #deps: StandingDeps;

  constructor(deps: StandingDeps) {
    this.#deps = deps;
  }

  /** The entry of a server; undefined when it is not configured. */
  entry(server: ServerName): UpstreamConfig | undefined {
    return this.#deps.config.snapshot.upstreams.find((entry) => entry.name === server);
  }

  /** @throws VestibuleError `not-found` */
  entryOrThrow(server: ServerName): UpstreamConfig {
    const entry = this.entry(server);
    if (entry !== undefined) return entry;
    throw new VestibuleError('not-found', `There is no server named "${server}".`, { action: 'Check the name in the servers file.' });
  }

  /** Whether this entry may be started or dialled as it is. */
  launchApproved(entry: UpstreamConfig): boolean {
    if (entry.origin === 'workspace' && !this.#deps.workspaceTrusted) return false;
    return this.#deps.approvals.launchApproved(entry.name, fingerprintOf(entry));
  }

  /** What the gate needs to know of a server; undefined when it is not configured. */
  gateInput(server: ServerName): GateInput | undefined {
    const config = this.entry(server);
    return config && { config, approvals: this.#deps.approvals, launchApproved: this.launchApproved(config), versionHeld: config.newVersion === 'hold' && this.#versionWaits(server) };
  }

  /** A version counts only where the launch does not say it: elsewhere a change of it is no change of what was approved. */
  versionIn(server: ServerName, { version }: UpstreamInfo): string | undefined {
    const config = this.entry(server);
    return config !== undefined && namesNoVersion(config) ? version : undefined;
  }

  /** Whether the rules of this entry may take effect: a file that came with a folder nobody trusts may hide tools, but not rewrite them. */
  mayRule({ origin, tools }: UpstreamConfig): boolean {
    const rules = Object.keys(tools.alias).length + Object.keys(tools.overrides).length > 0;
    return rules && (origin === 'user' || this.#deps.workspaceTrusted);
  }

  /** The servers whose waiting definitions agents may look at. */
  inspectable(): readonly ServerName[] {
    const { approvals, config } = this.#deps;
    return config.snapshot.upstreams.filter((entry) => approvals.inspectable(entry.name, fingerprintOf(entry))).map(({ name }) => name);
  }

  /** Fingerprints of the workspace's servers whose launch is the one the lock file names. */
  lockedLaunches(): readonly Digest[] {
    const { content } = this.#deps.approvals;
    if (content.kind !== 'read') return [];
    const own = this.#deps.config.snapshot.upstreams.filter(({ origin }) => origin === 'workspace');
    return own.filter((entry) => content.lock.get(entry.name)?.fingerprint === fingerprintOf(entry)).map(fingerprintOf);
  }

  /** Every definition that holds text of a server's, for the scanner. */
  scannable(): Scannable {
    const { approvals, catalog, config } = this.#deps;
    const servers = config.snapshot.upstreams.map(({ name }) => name);
    const seen = servers.map((name) => catalog.server(name)).filter((server) => server !== undefined);
    const tools = seen.flatMap((server) => server.tools);
    const standing = ({ ref, raw }: PinnedDefinition): readonly StandingDefinition[] => {
      const kind = scannedAs(ref.kind);
      if (kind === undefined) return [];
      const status = approvals.status(ref);
      const approvedRaw = status === 'changed' ? approvals.lastApproved(ref.server, ref.kind, ref.name)?.raw : undefined;
      return [{ server: ref.server, kind, raw, digest: ref.digest, awaits: status === 'pending' || status === 'changed', approvedRaw }];
    };
    return {
      servers,
      peers: tools.map(peerOf),
      definitions: seen.flatMap((server) => definitionsOf(server).flatMap(standing)),
    };
  }

  /** Whether the program behind a launch that names no version is one that nobody approved. */
  #versionWaits(server: ServerName): boolean {
    const version = this.#deps.catalog.server(server)?.version;
    return version !== undefined && this.#deps.approvals.status(versionOf(server, version).ref) !== 'approved';
  }
}

/** A tool as its server describes it, for comparing. Pure. */
export function peerOf({ server, name, description, shaping }: CatalogTool): Peer {
  return { server, name, description: shaping?.own.description ?? description };
}
