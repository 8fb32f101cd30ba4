import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../errors.ts';
import { fullJitter } from './backoff.ts';
import type { RpcConnection } from './rpc-connection.ts';
import { elements, members, stringOf } from '../json/slice.ts';
import { declaresTasks, TASKS_EXTENSION } from '../json/tasks-extension.ts';
import { declares } from './server-info.ts';
import { settledWithin } from '../settled-within.ts';
import type { WriteLog } from './throttled-log.ts';
import type { Sender } from './types.ts';

const LEAST_PAUSE_MS = 1_000;
const MOST_PAUSE_MS = 60_000;
/** How long the former stream stays open beside its successor, so that nothing falls between the two. */
const OVERLAP_MS = 2_000;
/** How long a server may take to say what it tells of. */
const ACKNOWLEDGE_MS = 2_000;

/** Servers tell of tasks whoever declares that it knows what they are; agents that listen did. */
const LISTENS_TO_TASKS: Sender = { clientInfo: undefined, capabilities: JSON.stringify({ extensions: { [TASKS_EXTENSION]: {} } }) };

/** What a listener needs of whoever it listens for. */
export interface ListenerHooks {
  /** The resources to hear of, now. */
  watched(): ReadonlySet<string>;
  /** The tasks to hear of, now. */
  tasks(): ReadonlySet<string>;
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
    void this.#run(`{"notifications":${filter}}`, this.#hooks.tasks().size > 0 ? LISTENS_TO_TASKS : undefined, this.#stream.signal);
  }

  /** Listens anew, for a task as well. @returns whether the server says that it tells of it */
  async hears(taskId: string): Promise<boolean> {
    let agreed = false;
    let agree: () => void = () => undefined;
    const acknowledged = new Promise<void>((resolve) => (agree = resolve));
    const subscription = this.#connection.onNotification(({ method, params }) => {
      if (method !== 'notifications/subscriptions/acknowledged') return;
      const told = elements(members(members(params ?? '')?.get('notifications') ?? '')?.get('taskIds') ?? '') ?? [];
      agreed ||= told.some((id) => stringOf(id) === taskId);
      // Those of other streams come by the same way: only that it is not told takes its time.
      if (agreed) agree();
    });
    this.update();
    await settledWithin(acknowledged, ACKNOWLEDGE_MS);
    subscription.dispose();
    return agreed;
  }

  async #run(params: string, sender: Sender | undefined, signal: AbortSignal): Promise<void> {
    const { log, missed } = this.#hooks;
    for (let failures = 0; ; ) {
      const since = performance.now();
      try {
        const reply = await this.#connection.subscribe('subscriptions/listen', params, signal, sender);
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
    const tasks = declaresTasks(info.capabilities) ? [...this.#hooks.tasks()] : [];
    const filter = {
      ...(declares(info, 'tools', 'listChanged') && { toolsListChanged: true }),
      ...(declares(info, 'prompts', 'listChanged') && { promptsListChanged: true }),
      ...(declares(info, 'resources', 'listChanged') && { resourcesListChanged: true }),
      ...(watched.length > 0 && { resourceSubscriptions: watched }),
      ...(tasks.length > 0 && { taskIds: tasks }),
    };
    return Object.keys(filter).length === 0 ? undefined : JSON.stringify(filter);
  }
}

/** Asked again after a wait: control flow analysis does not see that others change it meanwhile. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
