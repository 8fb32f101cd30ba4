import { inBatches } from '../batches.ts';
import { definitionsOf } from '../catalog/definitions.ts';
import { messageOf } from '../errors.ts';
import type { ServerName } from '../model.ts';
import type { GatewayOptions } from '../options.ts';
import { settledWithin } from '../settled-within.ts';
import { fingerprintOf } from '../quarantine/launch.ts';
import type { UpstreamHub } from '../upstream/hub.ts';
import type { Decisions } from './decisions.ts';
import type { OpenedParts } from './parts.ts';
import type { Standing } from './standing.ts';

/** Upstreams are connected a few at a time, so that a start stays responsive. */
export const CONNECTED_AT_ONCE = 4;
/** How long agents wait for `approveAll` to see the first listings, in milliseconds. */
const SETTLE_MS = 20_000;
/** How long after a start agents wait for servers that were never listed: what they ask first is asked with names they know. */
const FIRST_LISTINGS_MS = 2_000;

/** What listings need. */
export interface ListingsDeps {
  readonly parts: Pick<OpenedParts, 'approvals' | 'catalog' | 'config'>;
  readonly hub: UpstreamHub;
  readonly standing: Standing;
  readonly decisions: Decisions;
  readonly log: GatewayOptions['log'];
}

/** When servers are connected to be listed, and what follows a listing. */
export class Listings {
  readonly #deps: ListingsDeps;
  /** Servers whose first listing in this process is approved as it comes (`approveAll`). */
  readonly #toApprove = new Set<ServerName>();
  /** Listings that are being read. */
  readonly #accepting = new Map<ServerName, Promise<void>>();

  constructor(deps: ListingsDeps) {
    this.#deps = deps;
  }

  /** Ends what lost its approval, and lists for the first time what gained it; resolves when that is done, or failed. */
  follow(): Promise<void> {
    const { hub, parts, standing } = this.#deps;
    const unlisted: ServerName[] = [];
    const eager: ServerName[] = [];
    for (const upstream of hub.all()) {
      const { config, state } = upstream;
      if (!standing.launchApproved(config)) {
        if (state.kind !== 'quarantined') void upstream.stop();
      } else if (state.kind === 'idle' || state.kind === 'quarantined') {
        if (parts.catalog.server(config.name) === undefined) unlisted.push(config.name);
        else if (!config.lazy) eager.push(config.name);
      }
    }
    const connect = async (server: ServerName): Promise<void> => {
      // A failure is the upstream's state now, shown where the person looks; the supervisor tries again.
      await hub.get(server)?.connect().catch(() => undefined);
      await this.#accepting.get(server);
    };
    void inBatches(eager, CONNECTED_AT_ONCE, connect);
    return inBatches(unlisted, CONNECTED_AT_ONCE, connect);
  }

  /** Resolves when agents may ask after a start: what they ask first waits a moment for first listings. @param followed of `follow` */
  async settled(followed: Promise<void>): Promise<void> {
    await settledWithin(followed, FIRST_LISTINGS_MS);
  }

  /** Follows a listing that came. @param accepted resolves when all of it is in the catalog: at once, unless it is very large */
  listed(server: ServerName, accepted: Promise<void>): void {
    const { decisions, log, parts } = this.#deps;
    const done = accepted
      .then(async () => {
        if (!this.#toApprove.delete(server)) return await decisions.acceptDescriptions(server);
        const catalog = parts.catalog.server(server);
        if (catalog !== undefined) await decisions.approve(definitionsOf(catalog).map(({ ref }) => ref), 'approve-all');
      })
      .catch((error: unknown) => log('error', `The tools of a server could not be approved: ${messageOf(error)}`, { server }))
      .finally(() => {
        if (this.#accepting.get(server) === done) this.#accepting.delete(server);
      });
    this.#accepting.set(server, done);
  }

  /** Connects if needed, lists anew, and resolves when the listing is in the catalog. @throws VestibuleError as connecting does */
  async refresh(server: ServerName): Promise<void> {
    await this.#deps.hub.get(server)?.refresh();
    await this.#accepting.get(server);
  }

  /** `--approve-all`: approves every launch, and each server's first listing of this process. */
  async approveEverything(): Promise<void> {
    const { upstreams } = this.#deps.parts.config.snapshot;
    const enabled = upstreams.filter((entry) => entry.enabled).map((entry) => entry.name);
    // First, for the approval of a launch already has it connected and listed.
    for (const server of enabled) this.#toApprove.add(server);
    await this.#deps.parts.approvals.approveLaunches(upstreams.map((entry) => ({ server: entry.name, fingerprint: fingerprintOf(entry) })), 'approve-all');
    const listed = inBatches(enabled, CONNECTED_AT_ONCE, async (server) => {
      await this.refresh(server).catch(() => undefined);
    });
    await settledWithin(listed, SETTLE_MS);
  }
}
