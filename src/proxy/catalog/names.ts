import { createHash } from 'node:crypto';
import type { ServerName } from '../model.ts';

const MAX_EXPOSED = 46;
const MAX_SLUG = 12;
const HASH = 6;
/** Slugs of servers that are gone are kept, so that one that returns is called as before; up to so many in all. */
const MAX_OWNERS = 1_000;
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** Names of the proxy's own tools (contract §4). `call` + `tool` must not become one of them. */
const RESERVED: ReadonlySet<string> = new Set([
  'retrieve_tools',
  'describe_tool',
  'call_tool_read',
  'call_tool',
  'read_cache',
  'upstream_servers',
  'quarantine_security',
  'code_execution',
]);

/** How one server's tools are called. */
export interface Naming {
  readonly server: ServerName;
  /** Ends with `_`, or empty when names stay as they are. */
  readonly prefix: string;
}

/**
 * The names agents see in direct mode for one server's tools (contract §4), by tool name. A name that fits as it is
 * keeps its plain form; any other ends in `_` and 6 base32 characters of sha256(server NUL tool). Depends on nothing
 * but its arguments as a set, so names are the same in any order and after any restart; and because a prefix holds one
 * `_`, at its end, names of two prefixes never meet.
 */
export function exposedNames({ server, prefix }: Naming, tools: Iterable<string>): Map<string, string> {
  const names = new Map<string, string>();
  const taken = new Set<string>();
  const others: string[] = [];
  for (const tool of tools) {
    const plain = `${prefix}${tool}`;
    if (fits(prefix, tool) && !RESERVED.has(plain)) {
      names.set(tool, plain);
      taken.add(plain);
    } else others.push(tool);
  }
  for (const tool of others.sort()) {
    const head = `${prefix}${tool.replace(/[^a-zA-Z0-9_-]/gu, '_')}`.slice(0, MAX_EXPOSED - HASH - 1);
    let name = `${head}_${hashOf(HASH, server, tool)}`;
    // Only a server that means to can make these meet; it then renames its own tools and nobody else's.
    for (let n = 1; taken.has(name); n++) name = `${head}_${hashOf(HASH, server, tool, String(n))}`;
    names.set(tool, name);
    taken.add(name);
  }
  return names;
}

/** The slug a server name has by itself: at most 12 of `[a-zA-Z0-9-]`; empty when it has no such character. */
export function slugOf(server: ServerName): string {
  return trimDashes(trimDashes(server.replace(/[^a-zA-Z0-9]+/g, '-')).slice(0, MAX_SLUG));
}

/**
 * Gives each server a slug of its own. Who has one keeps it; of newcomers that would share one, a server called
 * exactly that comes first, then the first in code unit order; the rest get a slug ending in 4 base32 characters.
 * @param owners slugs given so far, with their servers
 * @returns all slugs with their servers; `owners` itself when nobody is new
 */
export function assignSlugs(owners: ReadonlyMap<string, ServerName>, servers: readonly ServerName[]): ReadonlyMap<string, ServerName> {
  const known = new Set(owners.values());
  const newcomers = [...new Set(servers)].filter((server) => !known.has(server));
  if (newcomers.length === 0) return owners;
  const given = new Map(owners);
  const exact = (server: ServerName): number => (slugOf(server) === server ? 0 : 1);
  newcomers.sort((a, b) => exact(a) - exact(b) || (a < b ? -1 : 1));
  for (const server of newcomers) {
    const natural = slugOf(server);
    let slug = natural;
    for (let n = 0; slug === '' || given.has(slug); n++) {
      const head = trimDashes(natural.slice(0, MAX_SLUG - 5)) || 'server';
      slug = `${head}-${hashOf(4, server, ...(n === 0 ? [] : [String(n)]))}`;
    }
    given.set(slug, server);
  }
  const current = new Set(servers);
  for (const [slug, server] of given) {
    if (given.size <= MAX_OWNERS) break;
    if (!current.has(server)) given.delete(slug);
  }
  return given;
}

/** Without a prefix names are as the upstream's, where the strictest consumers still take them (security D8). */
function fits(prefix: string, tool: string): boolean {
  if (prefix === '') return /^[a-zA-Z0-9_.-]{1,64}$/.test(tool);
  return /^[a-zA-Z0-9_-]+$/.test(tool) && prefix.length + tool.length <= MAX_EXPOSED;
}

function trimDashes(text: string): string {
  return text.replace(/^-|-$/g, '');
}

/** The first characters of the base32 (RFC 4648, lower case) of a SHA-256 over the parts, joined by NUL. At most 6. */
function hashOf(length: number, ...parts: readonly string[]): string {
  const bits = createHash('sha256').update(parts.join('\0'), 'utf8').digest().readUInt32BE(0);
  return Array.from({ length }, (_, i) => BASE32[(bits >>> (27 - 5 * i)) & 31]).join('');
}
