import { members, objectOf } from '../json/slice.ts';
import type { RawJson } from '../model.ts';

const ENVELOPE = 'io.modelcontextprotocol/';
/** Members under the protocol's own prefix that belong to the request and not to the connection. */
const CARRIED = new Set(['io.modelcontextprotocol/related-task']);

/**
 * The part of a request's `_meta` that is relayed: everything but the progress token (each leg has its own) and
 * the modern envelope (it describes the agent's connection to us, not ours to the upstream).
 * @returns undefined when nothing is left
 */
export function relayedMeta(meta: RawJson | undefined): RawJson | undefined {
  if (meta === undefined) return undefined;
  const kept = [...(members(meta) ?? [])].filter(
    ([key]) => key !== 'progressToken' && (!key.startsWith(ENVELOPE) || CARRIED.has(key)),
  );
  return kept.length === 0 ? undefined : objectOf(kept);
}

/** The raw progress token of a request; `0` and `""` are tokens. */
export function progressTokenOf(meta: RawJson | undefined): RawJson | undefined {
  return meta === undefined ? undefined : members(meta)?.get('progressToken');
}
