import type { CatalogTool } from '../catalog/types.ts';
import type { Grant, Principal, ServerName, Tier } from '../model.ts';
import { compileGlobs } from './glob.ts';

const RANK: Readonly<Record<Tier, number>> = { read: 0, write: 1, destructive: 2 };

/** Whether a tier allows more harm than another. */
export function isRiskier(tier: Tier, than: Tier): boolean {
  return RANK[tier] > RANK[than];
}

interface GrantCheck {
  /** By name alone, whatever its tier and whether it exists. */
  readonly names: (tool: Named) => boolean;
  readonly covers: (tool: CatalogTool) => boolean;
}

type Named = Pick<CatalogTool, 'id' | 'server' | 'name'>;

// Grants are immutable and few; compiling one costs more than a call should pay.
const compiled = new WeakMap<Grant, GrantCheck>();

/**
 * True when the principal's grant covers this tool: its server, its name (globs match `server:tool` or the bare
 * name), and its tier as approved, never as claimed by the caller. The profile it came through must cover it too.
 */
export function mayUse({ grant, profile }: Principal, tool: CatalogTool): boolean {
  return checkOf(grant).covers(tool) && (profile === undefined || checkOf(profile.grant).covers(tool));
}

/** True when the principal's grant, and its profile's, leave room for a tool of this server and name, if there is one. */
export function mayName({ grant, profile }: Principal, tool: Named): boolean {
  return checkOf(grant).names(tool) && (profile === undefined || checkOf(profile.grant).names(tool));
}

/** True when the principal may know that a server is there although none of its tools is served to it now. */
export function mayHearOf({ grant, profile }: Principal, server: ServerName): boolean {
  return [grant, ...(profile === undefined ? [] : [profile.grant])].every(
    ({ servers, tools }) => tools === 'all' && (servers === 'all' || compileGlobs(servers)(server)),
  );
}

function checkOf(grant: Grant): GrantCheck {
  let check = compiled.get(grant);
  if (check === undefined) {
    check = compile(grant);
    compiled.set(grant, check);
  }
  return check;
}

function compile(grant: Grant): GrantCheck {
  const serverOk = grant.servers === 'all' ? () => true : compileGlobs(grant.servers);
  const nameOk = grant.tools === 'all' ? () => true : compileGlobs(grant.tools);
  const highest = RANK[grant.tier];
  const names = ({ id, server, name }: Named): boolean => serverOk(server) && (nameOk(id) || nameOk(name));
  return { names, covers: (tool) => RANK[tool.tier] <= highest && names(tool) };
}
