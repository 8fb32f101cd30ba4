import type { CatalogTool } from '../catalog/types.ts';
import type { Grant, Principal, ServerName, Tier } from '../model.ts';
import { compileGlobs } from './glob.ts';

const RANK: Readonly<Record<Tier, number>> = { read: 0, write: 1, destructive: 2 };

type GrantCheck = (tool: CatalogTool) => boolean;

// Grants are immutable and few; compiling one costs more than a call should pay.
const compiled = new WeakMap<Grant, GrantCheck>();

/**
 * True when the principal's grant covers this tool: its server, its name (globs match `server:tool` or the bare
 * name), and its tier as approved, never as claimed by the caller. The profile it came through must cover it too.
 */
export function mayUse(principal: Principal, tool: CatalogTool): boolean {
  return covers(principal.grant, tool) && (principal.profile === undefined || covers(principal.profile.grant, tool));
}

/** True when the principal may know that a server is there although none of its tools is served to it now. */
export function mayHearOf({ grant, profile }: Principal, server: ServerName): boolean {
  return [grant, ...(profile === undefined ? [] : [profile.grant])].every(
    ({ servers, tools }) => tools === 'all' && (servers === 'all' || compileGlobs(servers)(server)),
  );
}

function covers(grant: Grant, tool: CatalogTool): boolean {
  let check = compiled.get(grant);
  if (check === undefined) {
    check = compile(grant);
    compiled.set(grant, check);
  }
  return check(tool);
}

function compile(grant: Grant): GrantCheck {
  const serverOk = grant.servers === 'all' ? () => true : compileGlobs(grant.servers);
  const nameOk = grant.tools === 'all' ? () => true : compileGlobs(grant.tools);
  const highest = RANK[grant.tier];
  return (tool) => RANK[tool.tier] <= highest && serverOk(tool.server) && (nameOk(tool.id) || nameOk(tool.name));
}
