import { members, objectOf, withMembers } from '../json/slice.ts';
import type { RawJson } from '../model.ts';
import { SERVER_INFO_KEY } from './envelope.ts';

/** Methods whose results say how long they may be kept (2026-07-28, SEP-2549). */
const CACHEABLE: ReadonlySet<string> = new Set([
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'server/discover',
]);

/**
 * The raw `result` with what 2026-07-28 requires of every result and the handler left out: its type, the server, and
 * for lists and the like how long and by whom it may be kept (not at all, and nobody else). What is there stays.
 */
export function modernResult(method: string, result: RawJson, serverInfo: RawJson): RawJson {
  const present = members(result);
  if (present === undefined) return result;
  const added: Record<string, RawJson> = {};
  const type = present.get('resultType');
  if (type === undefined) added['resultType'] = '"complete"';
  if (CACHEABLE.has(method) && (type === undefined || type === '"complete"')) {
    if (!present.has('ttlMs')) added['ttlMs'] = '0';
    if (!present.has('cacheScope')) added['cacheScope'] = '"private"';
  }
  const meta = present.get('_meta');
  const known = meta === undefined ? undefined : members(meta);
  if (meta !== undefined && known?.has(SERVER_INFO_KEY) === false) {
    return withMembers(result, { ...added, _meta: withMembers(meta, { [SERVER_INFO_KEY]: serverInfo }) });
  }
  if (meta === undefined) added['_meta'] = objectOf([[SERVER_INFO_KEY, serverInfo]]);
  return append(result, present.size > 0, added);
}

/** Adds members at the end of an object's text, so that a large result is not cut up for a few words. */
function append(object: RawJson, hasMembers: boolean, added: Readonly<Record<string, RawJson>>): RawJson {
  const entries = Object.entries(added);
  if (entries.length === 0) return object;
  return `${object.slice(0, object.lastIndexOf('}'))}${hasMembers ? ',' : ''}${objectOf(entries).slice(1)}`;
}
