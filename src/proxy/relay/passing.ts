import type { AgentRequest } from '../downstream/types.ts';
import { members, objectOf, withMembers } from '../json/slice.ts';
import type { Digest, RawJson, RawReply, ServerName } from '../model.ts';
import { UpstreamCallError } from '../upstream/types.ts';
import type { Agents } from './agents.ts';
import { failedReply, pausedReply } from './failures.ts';
import { linkRequestOf } from './link.ts';
import { progressTokenOf, relayedMeta } from './meta.ts';

/** A request of an agent that goes on to one upstream, and is no tool call. */
export interface Passing {
  readonly server: ServerName;
  /** Raw members that are written anew, in order: what the agent sees under another name. */
  readonly own: readonly (readonly [string, RawJson])[];
  /** Members of the agent's params that must not go along, besides those of `own`. */
  readonly without?: readonly string[];
  /** Digest of the definition the request is about: only a connection that listed it gets the request. */
  readonly definition?: Digest;
  /** True for an answer that may take as long as any may (`maxTimeoutSeconds`), without a sign of life. */
  readonly patient?: boolean;
  /** Asked when the connection stands: it may have brought another listing (security D5). */
  stillServed(): boolean;
  /** The answer when it is not. */
  readonly unserved: RawReply;
}

const NO_PARAMS: ReadonlyMap<string, RawJson> = new Map();

/** The raw members of a request's params; none when there are none. */
export function paramsOf(request: AgentRequest): ReadonlyMap<string, RawJson> {
  return (request.params === undefined ? undefined : members(request.params)) ?? NO_PARAMS;
}

/**
 * Sends a request that changes nothing on to an upstream, and again if the connection was lost meanwhile; unless a
 * person paused the server, who may also have it cancelled under way. Never rejects but for a defect of ours: what
 * fails becomes a JSON-RPC error.
 */
export async function passOn(agents: Agents, request: AgentRequest, passing: Passing): Promise<RawReply> {
  const { server } = passing;
  if (agents.isPaused(server)) return pausedReply(server);
  const flight = agents.enter(server, request.signal);
  try {
    const reply = await send(agents, request, passing, flight.signal);
    return flight.cancelled && 'error' in reply ? pausedReply(server) : reply;
  } finally {
    flight.dispose();
  }
}

async function send(agents: Agents, request: AgentRequest, passing: Passing, signal: AbortSignal): Promise<RawReply> {
  const { server, own, without = [], definition, unserved } = passing;
  const params = paramsOf(request);
  const kept = new Set([...own.map(([name]) => name), ...without]);
  const along = linkRequestOf(agents.of(request.session), params, (name) => !kept.has(name));
  const meta = relayedMeta(params.get('_meta'));
  const token = progressTokenOf(params.get('_meta'));
  for (let attempt = 1; ; attempt++) {
    try {
      const link = await agents.connect(server, request, along);
      if (!passing.stillServed() || (definition !== undefined && !link.offers(definition))) return unserved;
      // Connecting may take long enough for a person to pull the switch.
      if (agents.isPaused(server)) return pausedReply(server);
      return await link.request(request.method, objectOf(meta === undefined ? own : [...own, ['_meta', meta]]), {
        signal,
        patient: passing.patient,
        onProgress: token === undefined ? undefined : (progress) => request.notify('notifications/progress', withMembers(progress, { progressToken: token })),
        onNotification: ({ method, params: said }) => request.notify(method, said),
      });
    } catch (error) {
      const lost = error instanceof UpstreamCallError && (error.kind === 'connection-lost' || error.kind === 'session-lost');
      if (lost && attempt === 1 && !signal.aborted) continue;
      return failedReply(server, error);
    }
  }
}
