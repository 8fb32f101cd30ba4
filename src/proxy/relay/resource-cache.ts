import type { AgentRequest } from '../downstream/types.ts';
import { canonicalJson } from '../json/canonical.ts';
import { members, stringOf, withMembers } from '../json/slice.ts';
import type { RawJson, RawNotification, RawReply, ServerName } from '../model.ts';
import { asksFirst } from '../pipeline/asks-first.ts';
import type { Flow } from '../policy/flow/flow.ts';
import { unlessCancelled } from '../policy/flow/unless-cancelled.ts';
import type { Agents } from './agents.ts';
import { mapUris } from './map-uris.ts';
import { relayedMeta } from './meta.ts';
import { paramsOf } from './passing.ts';
import type { ResourceRoute } from './resource-routes.ts';

/** Longer addresses are not kept under: they would fill the memory. Characters. */
const MAX_URI = 4_096;

/** What a cache of resources needs of the house. */
export interface ResourceCacheDeps {
  readonly flow: Flow;
  readonly agents: Pick<Agents, 'isPaused' | 'of'>;
}

/**
 * Contents of resources that need no server, where a person wants it (`cache.resources`): kept for the same caller and
 * address, as long as the server itself allows, until the server says that they changed or anything is written to it.
 * Equal reads of one caller at the same time are made once. What failed is neither kept nor shared.
 */
export class ResourceCache {
  readonly #deps: ResourceCacheDeps;
  readonly #underWay = new Map<string, Promise<RawReply>>();

  constructor(deps: ResourceCacheDeps) {
    this.#deps = deps;
  }

  /**
   * The answer to resources/read, as the server gave it: it still has to be looked through.
   * @param route where it is read, which the caller was found to be allowed
   * @param fetch asks the server
   */
  async read(request: AgentRequest, route: ResourceRoute, fetch: () => Promise<RawReply>): Promise<RawReply> {
    const { agents, flow } = this.#deps;
    const { server, uri } = route;
    const rules = flow.of(server);
    const ms = rules?.resourceMs(uri) ?? 0;
    // What is paused is not read, be it known or not.
    const key = ms === 0 || agents.isPaused(server) ? undefined : keyOf(request, route);
    if (rules === undefined || key === undefined) return fetch();
    const { shared } = flow;
    const stored = shared === undefined ? undefined : await shared.find('resource', key, rules.area);
    const kept = stored === undefined ? flow.resources.find(key) : stored.kept;
    // Asking elsewhere takes a moment, in which a person may have changed their mind.
    if (stored !== undefined && (agents.isPaused(server) || !route.stillServed())) return fetch();
    if (kept !== undefined) {
      flow.resources.used(server, 'hit');
      this.#mention(request, server, kept.result);
      return { result: withTimeLeft(kept.result, kept.leftMs) };
    }
    const generation = flow.resources.generation(server);
    const turn = `${generation}\0${key}`;
    const first = this.#underWay.get(turn);
    if (first !== undefined) {
      const reply = await unlessCancelled(first, request.signal);
      const shared = reply !== undefined && isWhole(reply) && !agents.isPaused(server) && route.stillServed();
      flow.resources.used(server, shared ? 'hit' : 'miss');
      if (!shared) return fetch();
      this.#mention(request, server, reply.result);
      return reply;
    }
    flow.resources.used(server, 'miss');
    const mine = fetch();
    this.#underWay.set(turn, mine);
    try {
      const reply = await mine;
      if (isWhole(reply)) {
        const keepMs = Math.min(ms, timeToLive(reply.result) ?? ms);
        if (shared === undefined) flow.resources.put(key, server, reply.result, keepMs, generation, uri);
        else shared.put('resource', key, rules.area, reply.result, keepMs, stored?.epoch);
      }
      return reply;
    } finally {
      this.#underWay.delete(turn);
    }
  }

  /** A server said something by whatever connection: what it says has changed is not known any more. */
  heard(server: ServerName, { method, params }: RawNotification): void {
    const { flow } = this.#deps;
    if (method === 'notifications/resources/list_changed') flow.forgetResource(server, undefined);
    else if (method === 'notifications/resources/updated') flow.forgetResource(server, params === undefined ? undefined : stringOf(members(params)?.get('uri')));
  }

  /** What contents name may be asked for by whoever reads them (as after a read that was made). */
  #mention({ session }: AgentRequest, server: ServerName, result: RawJson): void {
    const agent = this.#deps.agents.of(session);
    mapUris(result, (uri) => {
      agent.mention(uri, server);
      return uri;
    });
  }
}

/** Undefined for a read whose answer may depend on more than its caller and address. */
function keyOf(request: AgentRequest, { server, uri }: ResourceRoute): string | undefined {
  const { session } = request;
  const params = paramsOf(request);
  if (uri.length > MAX_URI || [...params.keys()].some((name) => name !== 'uri' && name !== '_meta')) return undefined;
  const meta = relayedMeta(params.get('_meta'));
  if (meta !== undefined && [...(members(meta) ?? [])].some(([name]) => !TRACING.has(name))) return undefined;
  // What the agent called it decides how addresses are written in the answer; the era, what the answer holds.
  return canonicalJson(JSON.stringify([session.principal.id, session.era, server, uri, stringOf(params.get('uri'))]));
}

/** Members of `_meta` that no answer depends on. */
const TRACING: ReadonlySet<string> = new Set(['traceparent', 'tracestate', 'baggage']);

/** An answer that is one: no error, and no question (2026-07-28). */
function isWhole(reply: RawReply): reply is { readonly result: RawJson } {
  return 'result' in reply && !asksFirst(reply.result);
}

/** How long the server says that its answer holds, in milliseconds (2026-07-28); undefined where it says nothing. */
function timeToLive(result: RawJson): number | undefined {
  const raw = result.includes('"ttlMs"') ? members(result)?.get('ttlMs') : undefined;
  const ms = raw === undefined ? NaN : Number(raw);
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

/** What is left of the time that the server gave its answer. */
function withTimeLeft(result: RawJson, leftMs: number): RawJson {
  return timeToLive(result) === undefined ? result : withMembers(result, { ttlMs: String(Math.floor(leftMs)) });
}
