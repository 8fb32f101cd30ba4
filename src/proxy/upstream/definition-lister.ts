import { messageOf } from '../errors.ts';
import { elements, members, stringOf } from '../json/slice.ts';
import type { RawJson, ServerName } from '../model.ts';
import { excerpt, UpstreamError } from './failure.ts';
import type { Neighbours } from './neighbours.ts';
import { declares } from './server-info.ts';
import type { WriteLog } from './throttled-log.ts';
import type { CallOptions, Listing, UpstreamConnection } from './types.ts';

const MAX_PAGES = 64;
const MAX_COUNT = 10_000;
const MAX_MS = 120_000;

/** The lists a server may have. */
export type ListKind = 'tools' | 'prompts' | 'resources' | 'templates';

/** How one list is asked for. Without its tools a server is not used; without the rest it is. */
interface List {
  readonly capability: string;
  readonly method: string;
  readonly member: string;
  readonly maxBytes: number;
}

const MEBI = 1024 * 1024;
const LISTS: Readonly<Record<ListKind, List>> = {
  tools: { capability: 'tools', method: 'tools/list', member: 'tools', maxBytes: 64 * MEBI },
  prompts: { capability: 'prompts', method: 'prompts/list', member: 'prompts', maxBytes: 8 * MEBI },
  resources: { capability: 'resources', method: 'resources/list', member: 'resources', maxBytes: 16 * MEBI },
  templates: { capability: 'resources', method: 'resources/templates/list', member: 'resourceTemplates', maxBytes: 8 * MEBI },
};
/** The gateways among which a server is listed. */
interface Among {
  readonly server: ServerName;
  readonly neighbours: Neighbours;
}

const KINDS = Object.keys(LISTS) as ListKind[];

/** Which lists a notification says to have changed; none for any other notification. */
export function changedLists(method: string): readonly ListKind[] {
  switch (method) {
    case 'notifications/tools/list_changed':
      return ['tools'];
    case 'notifications/prompts/list_changed':
      return ['prompts'];
    case 'notifications/resources/list_changed':
      return ['resources', 'templates'];
    default:
      return [];
  }
}

/**
 * Everything one connection offers, each definition as the text that was received. A list is asked for again only
 * when it may have changed.
 */
export class DefinitionLister {
  readonly #connection: UpstreamConnection;
  readonly #options: CallOptions;
  readonly #log: WriteLog;
  readonly #among: Among | undefined;
  readonly #texts: Record<ListKind, readonly RawJson[]> = { tools: [], prompts: [], resources: [], templates: [] };
  readonly #stale = new Set<ListKind>(KINDS);

  /** @param among what tells a gateway that is its own upstream */
  constructor(connection: UpstreamConnection, options: CallOptions, log: WriteLog, among?: Among) {
    this.#connection = connection;
    this.#options = options;
    this.#log = log;
    this.#among = among;
  }

  /** These lists may have changed; all, when none is named. */
  forget(kinds: readonly ListKind[] = KINDS): void {
    for (const kind of kinds) this.#stale.add(kind);
  }

  /**
   * Asks for every list that may have changed.
   * @throws UpstreamError `handshake-failed` for an answer that is no list of tools, `bad-config` (`gateway-loop`) for one
   *   that leads back here; UpstreamCallError for none
   */
  async list(): Promise<Listing> {
    const kinds = [...this.#stale];
    this.#stale.clear();
    try {
      await Promise.all(kinds.map(async (kind) => (this.#texts[kind] = await this.#listOf(kind))));
    } catch (error) {
      this.forget(kinds);
      throw error;
    }
    return { info: this.#connection.info, source: this.#connection, ...this.#texts };
  }

  async #listOf(kind: ListKind): Promise<readonly RawJson[]> {
    try {
      return await listPages(this.#connection, LISTS[kind], this.#options, this.#log, kind === 'tools' ? this.#among : undefined);
    } catch (error) {
      if (kind === 'tools' || this.#connection.closed) throw error;
      // What was listed before is the better guess.
      this.#log('protocol', `${LISTS[kind].method} failed: ${messageOf(error)}`);
      return this.#texts[kind];
    }
  }
}

/**
 * Every page of one list. What is over the bounds (64 pages, 10,000 entries, some MiB, two minutes, a cursor that comes
 * twice) is left out and logged: the rest of the server still works.
 */
async function listPages(connection: UpstreamConnection, { capability, method, member, maxBytes }: List, options: CallOptions, log: WriteLog, among: Among | undefined): Promise<readonly RawJson[]> {
  if (!declares(connection.info, capability)) return [];
  const found: RawJson[] = [];
  const incomplete = (why: string): readonly RawJson[] => {
    log('protocol', `${method} was read only in part (${found.length} entries): it has ${why}.`);
    return found;
  };
  const cursors = new Set<RawJson>();
  let bytes = 0;
  let cursor: RawJson | undefined;
  const until = performance.now() + MAX_MS;
  const meta = among?.neighbours.asking(connection.info.name);
  for (let page = 1; ; page++) {
    const reply = await connection.call(method, paramsOf(cursor, meta), options);
    if ('error' in reply) throw unlistable(`The server answered ${method} with an error: ${excerpt(stringOf(members(reply.error)?.get('message')) ?? '', 300)}`, reply.error);
    if (meta !== undefined && page === 1) among?.neighbours.learn(among.server, reply.result);
    const all = members(reply.result);
    const entries = elements(all?.get(member) ?? '');
    if (entries === undefined) throw unlistable(`The server answered ${method} with something that is no list of ${member}.`, reply.result);
    for (const entry of entries) {
      bytes += Buffer.byteLength(entry);
      if (found.length === MAX_COUNT || bytes > maxBytes) return incomplete(`more than ${MAX_COUNT} entries or ${maxBytes / MEBI} MiB`);
      found.push(entry);
    }
    cursor = all?.get('nextCursor');
    if (cursor?.startsWith('"') !== true) return found;
    if (cursors.has(cursor)) return incomplete('given a cursor for the second time');
    if (performance.now() > until) return incomplete(`taken more than ${MAX_MS / 1000} s`);
    if (page === MAX_PAGES) return incomplete(`more than ${MAX_PAGES} pages`);
    cursors.add(cursor);
  }
}

function paramsOf(cursor: RawJson | undefined, meta: RawJson | undefined): RawJson | undefined {
  const all = [...(cursor === undefined ? [] : [`"cursor":${cursor}`]), ...(meta === undefined ? [] : [`"_meta":${meta}`])];
  return all.length === 0 ? undefined : `{${all.join(',')}}`;
}

function unlistable(message: string, answer: RawJson): UpstreamError {
  return new UpstreamError('handshake-failed', message, {
    action: 'Read the log of this server, and report this to its author.',
    evidence: [excerpt(answer, 500)],
  });
}
