import type { CatalogTool } from '../catalog/types.ts';
import { estimateTokens } from '../journal/tokens.ts';
import type { ToolId } from '../model.ts';
import { plainLine } from './plain-line.ts';
import type { MenuDeps } from './types.ts';

const SERVERS = 2;
/** By our estimate, which can be a fifth too low; the contract's bound is 80. */
const TOKENS = 65;
/** Kept for the second server; the first is the likelier place, and gets the rest. */
const SECOND_TOKENS = 18;
const CANDIDATES = 40;

/**
 * The names of other tools of the two servers that answered best, 80 tokens in all: what the words of a
 * search miss often stands right beside what they hit. Those that match the search too come first.
 * @param visible what this caller may use
 */
export function alsoOn(queries: readonly string[], shown: readonly CatalogTool[], visible: (id: ToolId) => boolean, deps: MenuDeps): string[] {
  const taken = new Set<ToolId>(shown.map((tool) => tool.id));
  const servers = [...new Set(shown.map((tool) => tool.server))].slice(0, SERVERS);
  const others = new Map(
    servers.map((server) => [server, new Map((deps.catalog.server(server)?.tools ?? []).filter((tool) => !taken.has(tool.id) && visible(tool.id)).map((tool) => [tool.id, tool]))]),
  );
  const near = deps.index.searchAll(queries, { limit: CANDIDATES, visible, filter: (id) => [...others.values()].some((tools) => tools.has(id)) });
  const order = new Map(near.hits.map(({ id }, rank) => [id, rank]));

  const lines: string[] = [];
  let room = TOKENS;
  for (const [i, server] of servers.entries()) {
    const tools = [...(others.get(server)?.values() ?? [])].sort((a, b) => (order.get(a.id) ?? CANDIDATES) - (order.get(b.id) ?? CANDIDATES));
    const line = namesWithin(plainLine(server), tools, i < servers.length - 1 ? room - SECOND_TOKENS : room);
    if (line === undefined) continue;
    lines.push(line);
    room -= estimateTokens(line);
  }
  return lines;
}

function namesWithin(server: string, tools: readonly CatalogTool[], tokens: number): string | undefined {
  const names: string[] = [];
  let left = tokens - estimateTokens(`also on ${server}:`);
  for (const tool of tools) {
    const name = plainLine(tool.shownName);
    left -= estimateTokens(name) + 1;
    if (left < 0) break;
    names.push(name);
  }
  if (names.length === 0) return undefined;
  return `also on ${server}: ${names.join(', ')}${names.length < tools.length ? ', …' : ''}`;
}
