import { elements, members, objectOf, stringOf, withMembers } from '../json/slice.ts';
import type { RawJson } from '../model.ts';

/** Members in which content, and so URIs, can stand: of results, of requests to agents, and of content blocks. */
const HOLDS_CONTENT: ReadonlySet<string> = new Set(['content', 'contents', 'messages', 'resource', 'resources']);
const MAX_DEPTH = 8;

/**
 * Every URI of a resource that a raw result, request or notification names, put through `map`: those of resource
 * links, embedded and read resources, and of user interfaces (`_meta.ui.resourceUri`). What else is there may be data
 * and stays as it is; the very text comes back when no URI changes.
 */
export function mapUris(raw: RawJson, map: (uri: string) => string): RawJson {
  // Searching is much cheaper than cutting, and most results name no URI.
  return raw.includes('"uri"') || raw.includes('"resourceUri"') ? mapObject(raw, map, 0) : raw;
}

/** As `mapUris`, of what a server tells of a task (SEP-2663): the result of the call is in it. */
export function mapTaskUris(raw: RawJson, map: (uri: string) => string): RawJson {
  const mapped = mapUris(raw, map);
  const result = mapped.includes('"uri"') || mapped.includes('"resourceUri"') ? members(mapped)?.get('result') : undefined;
  const inner = result === undefined ? undefined : mapUris(result, map);
  return inner === result ? mapped : withMembers(mapped, { result: inner });
}

function mapObject(raw: RawJson, map: (uri: string) => string, depth: number): RawJson {
  const all = depth > MAX_DEPTH ? undefined : members(raw);
  if (all === undefined) return raw;
  let changed = false;
  for (const [key, value] of all) {
    const mapped = mapMember(key, value, map, depth);
    if (mapped === value) continue;
    all.set(key, mapped);
    changed = true;
  }
  return changed ? objectOf(all) : raw;
}

function mapMember(key: string, value: RawJson, map: (uri: string) => string, depth: number): RawJson {
  if (key === 'uri') return mapString(value, map);
  if (key === '_meta') return mapInMeta(value, map);
  if (!HOLDS_CONTENT.has(key)) return value;
  if (value.startsWith('{')) return mapObject(value, map, depth + 1);
  const items = elements(value);
  if (items === undefined) return value;
  const mapped = items.map((item) => mapObject(item, map, depth + 1));
  return mapped.every((item, i) => item === items[i]) ? value : `[${mapped.join(',')}]`;
}

/** The user interface of a tool or of a result (MCP Apps): nested, or under the older flat key. */
function mapInMeta(meta: RawJson, map: (uri: string) => string): RawJson {
  if (!meta.includes('resourceUri')) return meta;
  const all = members(meta) ?? new Map<string, RawJson>();
  const flat = all.get('ui/resourceUri');
  if (flat !== undefined) all.set('ui/resourceUri', mapString(flat, map));
  const ui = members(all.get('ui') ?? '');
  const nested = ui?.get('resourceUri');
  if (ui !== undefined && nested !== undefined) all.set('ui', objectOf(ui.set('resourceUri', mapString(nested, map))));
  const mapped = objectOf(all);
  return mapped === objectOf(members(meta) ?? []) ? meta : mapped;
}

function mapString(raw: RawJson, map: (uri: string) => string): RawJson {
  const uri = stringOf(raw);
  if (uri === undefined) return raw;
  const mapped = map(uri);
  return mapped === uri ? raw : JSON.stringify(mapped);
}
