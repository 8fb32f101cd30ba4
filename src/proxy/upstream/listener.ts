import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../errors.ts';
import { fullJitter } from './backoff.ts';
import type { RpcConnection } from './rpc-connection.ts';
import { declares } from './server-info.ts';
import type { WriteLog } from './throttled-log.ts';

const LEAST_PAUSE_MS = 1_000;
const MOST_PAUSE_MS = 60_000;
/** How long the former stream stays open beside its successor, so that nothing falls between the two. */
const OVERLAP_MS = 2_000;

/** What a listener needs of whoever it listens for. */
export interface ListenerHooks {
  /** The resources to hear of, now. */
  watched(): ReadonlySet<string>;
  /** Announcements may have been missed between two streams. */
  readonly missed: () => void;
  readonly log: WriteLog;
}

/**
 * Keeps a `subscriptions/listen` open at a server of the modern era, for changes of its lists and of watched
 * resources; they arrive as notifications of the connection. Ends with the connection.
 */
export class ModernListener {
  readonly #connection: RpcConnection;
  readonly #hooks: ListenerHooks;
  #stream: AbortController | undefined;

  constructor(connection: RpcConnection, hooks: ListenerHooks) {
    this.#connection = connection;
    this.#hooks = hooks;
    this.update();
  }

  /** Listens anew: what is to be heard of has changed. */
  update(): void {
    const former = this.#stream;
    if (former !== undefined) setTimeout(() => former.abort(), OVERLAP_MS).unref();
    this.#stream = undefined;
    const filter = this.#filter();
    if (filter === undefined) return;
    this.#stream = new AbortController();
    void this.#run(`{"notifications":${filter}}`, this.#stream.signal);
  }

  async #run(params: string, signal: AbortSignal): Promise<void> {
    const { log, missed } = this.#hooks;
    for (let failures = 0; ; ) {
      const since = performance.now();
      try {
        const reply = await this.#connection.subscribe('subscriptions/listen', params, signal);
        if ('error' in reply) return log('protocol', `The server does not let us listen for changes: ${reply.error}`);
      } catch (error) {
        if (this.#connection.closed || signal.aborted) return;
        log('protocol', `Listening for changes was interrupted: ${messageOf(error)}`);
      }
      if (performance.now() - since > MOST_PAUSE_MS) failures = 0;
      await delay(LEAST_PAUSE_MS + fullJitter(failures++, LEAST_PAUSE_MS, MOST_PAUSE_MS), undefined, { ref: false });
      if (this.#connection.closed || isAborted(signal)) return;
      missed();
    }
  }

  /** Raw filter; undefined when there is nothing to hear of. */
  #filter(): string | undefined {
    const { info } = this.#connection;
    const watched = declares(info, 'resources', 'subscribe') ? [...this.#hooks.watched()] : [];
    const filter = {
      ...(declares(info, 'tools', 'listChanged') && { toolsListChanged: true }),
      ...(declares(info, 'prompts', 'listChanged') && { promptsListChanged: true }),
      ...(declares(info, 'resources', 'listChanged') && { resourcesListChanged: true }),
      ...(watched.length > 0 && { resourceSubscriptions: watched }),
    };
    return Object.keys(filter).length === 0 ? undefined : JSON.stringify(filter);
  }
}

/** Asked again after a wait: control flow analysis does not see that others change it meanwhile. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
