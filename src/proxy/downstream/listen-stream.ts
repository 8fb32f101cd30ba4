import type { ServerResponse } from 'node:http';
import { writeNotification, writeReply } from '../json/frame.ts';
import { elements, members, objectOf, stringOf, withMembers } from '../json/slice.ts';
import type { RawJson } from '../model.ts';
import { SERVER_INFO_KEY, SUBSCRIPTION_KEY } from './envelope.ts';
import type { ListenerLimits } from './limits.ts';
import { SseStream } from './sse-stream.ts';

/** What a modern caller wants to hear of. */
export interface ListenFilter {
  readonly tools: boolean;
  readonly prompts: boolean;
  readonly resources: boolean;
  /** Exact URIs of resources. */
  readonly uris: ReadonlySet<string>;
  /** Ids of tasks (extension `io.modelcontextprotocol/tasks`). */
  readonly tasks: ReadonlySet<string>;
}

/** Resource URIs, and tasks, that one stream may name. */
const MAX_NAMED = 1_000;

/** Reads `params.notifications` of a `subscriptions/listen`; undefined when it is missing or malformed. */
export function readFilter(params: RawJson | undefined): ListenFilter | undefined {
  const raw = params === undefined ? undefined : members(params)?.get('notifications');
  const wanted = raw === undefined ? undefined : members(raw);
  if (wanted === undefined) return undefined;
  const flags = ['toolsListChanged', 'promptsListChanged', 'resourcesListChanged'].map((key) => wanted.get(key) ?? 'false');
  if (flags.some((flag) => flag !== 'true' && flag !== 'false')) return undefined;
  const [uris, tasks] = [namesIn(wanted.get('resourceSubscriptions')), namesIn(wanted.get('taskIds'))];
  if (uris === undefined || tasks === undefined) return undefined;
  const [tools, prompts, resources] = flags.map((flag) => flag === 'true');
  return { tools: tools === true, prompts: prompts === true, resources: resources === true, uris, tasks };
}

/** The strings of a raw array; none when it is missing, undefined when it is something else or too long. */
function namesIn(raw: RawJson | undefined): ReadonlySet<string> | undefined {
  const all = elements(raw ?? '[]')?.map(stringOf);
  if (all === undefined || all.length > MAX_NAMED) return undefined;
  const named = all.filter((name) => name !== undefined);
  return named.length < all.length ? undefined : new Set(named);
}

/**
 * The part of a filter that the declared raw `capabilities` can deliver: what is acknowledged must be true.
 * @param tasks those the caller will be told of
 */
export function honoured(filter: ListenFilter, capabilities: RawJson, tasks: ReadonlySet<string>): ListenFilter {
  const declared = members(capabilities);
  const has = (feature: string, flag: string): boolean => {
    const raw = declared?.get(feature);
    return raw !== undefined && members(raw)?.get(flag) === 'true';
  };
  return {
    tools: filter.tools && has('tools', 'listChanged'),
    prompts: filter.prompts && has('prompts', 'listChanged'),
    resources: filter.resources && has('resources', 'listChanged'),
    uris: has('resources', 'subscribe') ? filter.uris : new Set(),
    tasks,
  };
}

/** One `subscriptions/listen` being answered: acknowledged first, then notifications, the result last. */
export class ListenStream {
  readonly filter: ListenFilter;
  readonly #id: RawJson;
  readonly #serverInfo: RawJson;
  readonly #stream: SseStream;

  /** `id` is the raw id of the listen request. `onClose` is called once, however the stream ends. */
  constructor(res: ServerResponse, id: RawJson, filter: ListenFilter, serverInfo: RawJson, limits: ListenerLimits, onClose: () => void) {
    this.filter = filter;
    this.#id = id;
    this.#serverInfo = serverInfo;
    this.#stream = new SseStream(res, limits, onClose);
    this.#send('notifications/subscriptions/acknowledged', objectOf([['notifications', writeFilter(filter)]]));
    if (!filter.tools && !filter.prompts && !filter.resources && filter.uris.size === 0 && filter.tasks.size === 0) this.end();
  }

  /** Sends a notification if it is one of those asked for. */
  offer(method: string, params: RawJson | undefined): void {
    if (this.#wants(method, params)) this.#send(method, params);
  }

  /** As `AgentRequest.congestion`. */
  congestion(): Promise<void> | undefined {
    return this.#stream.congestion();
  }

  /** Ends the subscription from our side: its result says that nothing was lost. */
  end(): void {
    const meta = objectOf([
      [SUBSCRIPTION_KEY, this.#id],
      [SERVER_INFO_KEY, this.#serverInfo],
    ]);
    this.#stream.send(writeReply(this.#id, { result: `{"resultType":"complete","_meta":${meta}}` }));
    this.#stream.end();
  }

  #wants(method: string, params: RawJson | undefined): boolean {
    switch (method) {
      case 'notifications/tools/list_changed':
        return this.filter.tools;
      case 'notifications/prompts/list_changed':
        return this.filter.prompts;
      case 'notifications/resources/list_changed':
        return this.filter.resources;
      case 'notifications/resources/updated': {
        const uri = params === undefined ? undefined : stringOf(members(params)?.get('uri'));
        return uri !== undefined && this.filter.uris.has(uri);
      }
      case 'notifications/tasks': {
        const id = params === undefined ? undefined : stringOf(members(params)?.get('taskId'));
        return id !== undefined && this.filter.tasks.has(id);
      }
      default:
        return false;
    }
  }

  #send(method: string, params: RawJson | undefined): void {
    const meta = params === undefined ? undefined : members(params)?.get('_meta');
    const stamped = withMembers(params, { _meta: withMembers(meta, { [SUBSCRIPTION_KEY]: this.#id }) });
    this.#stream.send(writeNotification(method, stamped));
  }
}

function writeFilter(filter: ListenFilter): RawJson {
  return JSON.stringify({
    ...(filter.tools && { toolsListChanged: true }),
    ...(filter.prompts && { promptsListChanged: true }),
    ...(filter.resources && { resourcesListChanged: true }),
    ...(filter.uris.size > 0 && { resourceSubscriptions: [...filter.uris] }),
    ...(filter.tasks.size > 0 && { taskIds: [...filter.tasks] }),
  });
}
