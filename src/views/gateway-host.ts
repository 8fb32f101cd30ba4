import type { GatewayApi, GatewaySnapshot } from '../proxy/api.ts';
import { DisposableStore, Emitter, type Event } from '../proxy/events.ts';
import type { CallRecord } from '../proxy/journal/types.ts';
import type { UpstreamLogLine } from '../proxy/upstream/types.ts';
import { EMPTY_SNAPSHOT } from './present/view-state.ts';
import { problemOf, type Problem } from './problem.ts';

export type HostState =
  | { readonly kind: 'starting' }
  | { readonly kind: 'running'; readonly gateway: GatewayApi }
  | { readonly kind: 'failed'; readonly problem: Problem };

/** Many changes in a row become one refresh of what is shown, this many milliseconds after the first. */
const REFRESH_MS = 100;

/**
 * Holds the one gateway of this window: made on first need, replaced when what it was made from changes, and known
 * by its failure when it cannot be made. Views subscribe here and never notice a replacement.
 */
export class GatewayHost {
  readonly #create: () => Promise<GatewayApi>;
  readonly #changed = new Emitter<void>();
  readonly #called = new Emitter<CallRecord>();
  readonly #logged = new Emitter<UpstreamLogLine>();
  #state: HostState = { kind: 'starting' };
  #current: Promise<GatewayApi> | undefined;
  #subscriptions = new DisposableStore();
  #snapshot: GatewaySnapshot | undefined;
  #timer: NodeJS.Timeout | undefined;
  #disposed = false;

  constructor(create: () => Promise<GatewayApi>) {
    this.#create = create;
  }

  /** Something that is shown may have changed; at most one event per 100 ms. */
  get onDidChange(): Event<void> {
    return this.#changed.event;
  }

  get onDidCall(): Event<CallRecord> {
    return this.#called.event;
  }

  get onLog(): Event<UpstreamLogLine> {
    return this.#logged.event;
  }

  get state(): HostState {
    return this.#state;
  }

  /** The gateway's state as last shown, taken once per change; empty while there is no gateway. */
  snapshot(): GatewaySnapshot {
    if (this.#state.kind !== 'running') return EMPTY_SNAPSHOT;
    this.#snapshot ??= this.#state.gateway.snapshot();
    return this.#snapshot;
  }

  /**
   * The gateway, made if there is none; a failed one is tried again.
   * @throws whatever kept it from being made, as `state` then says
   */
  start(): Promise<GatewayApi> {
    return this.#current ?? this.#adopt(this.#make());
  }

  /** Ends the gateway and makes a new one. Errors end in `state`. */
  async restart(): Promise<void> {
    const old = this.#current;
    // Set before the first await: whoever asks meanwhile gets the new one, never the ending one.
    // One that cannot end properly must not keep its successor from starting.
    const ended = this.#end(old).catch(() => undefined);
    const next = this.#adopt(ended.then(() => this.#make()));
    await next.catch(() => undefined);
  }

  /** Ends the gateway. One that is still being made is ended when it is there. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    clearTimeout(this.#timer);
    for (const emitter of [this.#changed, this.#called, this.#logged]) emitter.dispose();
    await this.#end(this.#current);
  }

  /** Makes `next` the one to hand out, until it fails. */
  #adopt(next: Promise<GatewayApi>): Promise<GatewayApi> {
    this.#current = next;
    next.catch(() => {
      if (this.#current === next) this.#current = undefined;
    });
    return next;
  }

  async #make(): Promise<GatewayApi> {
    this.#set({ kind: 'starting' });
    try {
      if (this.#disposed) throw new Error('Vestibule is shutting down.');
      const gateway = await this.#create();
      this.#follow(gateway);
      this.#set({ kind: 'running', gateway });
      return gateway;
    } catch (error) {
      this.#set({ kind: 'failed', problem: problemOf(error) });
      throw error;
    }
  }

  #follow(gateway: GatewayApi): void {
    this.#subscriptions = new DisposableStore();
    this.#subscriptions.add(gateway.onDidChange(() => this.#refreshSoon()));
    this.#subscriptions.add(gateway.onDidCall((call) => this.#called.fire(call)));
    this.#subscriptions.add(gateway.onLog((line) => this.#logged.fire(line)));
  }

  async #end(gateway: Promise<GatewayApi> | undefined): Promise<void> {
    // A gateway that failed to come up has nothing to end.
    const live = await gateway?.catch(() => undefined);
    this.#subscriptions.dispose();
    await live?.dispose();
  }

  #set(state: HostState): void {
    this.#state = state;
    this.#refreshSoon();
  }

  #refreshSoon(): void {
    this.#snapshot = undefined;
    if (this.#disposed) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#changed.fire();
    }, REFRESH_MS);
  }
}
