import { members, objectOf } from '../json/slice.ts';
import type { RawJson } from '../model.ts';
import type { Sender } from '../upstream/types.ts';

const CLIENT_INFO = 'io.modelcontextprotocol/clientInfo';
const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';
const LOG_LEVEL = 'io.modelcontextprotocol/logLevel';
/** What in `_meta` each leg has of its own: the progress token, and the envelope of the modern era. */
const OF_THE_LEG: ReadonlySet<string> = new Set(['progressToken', 'io.modelcontextprotocol/protocolVersion', CLIENT_INFO, CAPABILITIES, LOG_LEVEL]);

/**
 * The part of a request's `_meta` that is relayed: everything but what each leg has of its own.
 * @returns undefined when nothing is left
 */
export function relayedMeta(meta: RawJson | undefined): RawJson | undefined {
  if (meta === undefined) return undefined;
  const kept = [...(members(meta) ?? [])].filter(([key]) => !OF_THE_LEG.has(key));
  return kept.length === 0 ? undefined : objectOf(kept);
}

/** The raw progress token of a request; `0` and `""` are tokens. */
export function progressTokenOf(meta: RawJson | undefined): RawJson | undefined {
  return meta === undefined ? undefined : members(meta)?.get('progressToken');
}

/** Who a modern request says it is of, and what it can be asked; undefined for a request without that envelope. */
export function senderOf(meta: RawJson | undefined): Sender | undefined {
  const all = meta === undefined ? undefined : members(meta);
  const capabilities = all?.get(CAPABILITIES);
  if (all === undefined || capabilities === undefined) return undefined;
  return { clientInfo: all.get(CLIENT_INFO), capabilities, logLevel: all.get(LOG_LEVEL) };
}
