import type { ServerName } from '../model.ts';
import type { Paused, PauseReach, PauseTarget } from './types.ts';

/** Nothing is paused. */
export const NOTHING_PAUSED: Paused = { all: false, servers: [], tools: [] };

/** What pauses a tool (of a server, without `tool`), the widest pause first; undefined when nothing does. */
export function reachOf({ all, servers, tools }: Paused, server: ServerName, tool?: string): PauseReach | undefined {
  if (all) return 'all';
  if (servers.includes(server)) return 'server';
  return tool !== undefined && tools.some((one) => one.server === server && one.tool === tool) ? 'tool' : undefined;
}

/** The same with a target paused as well. */
export function withPause(paused: Paused, { server, tool }: PauseTarget): Paused {
  if (server === undefined) return { ...paused, all: true };
  const { servers, tools } = withoutPause(paused, tool === undefined ? { server } : { server, tool });
  return tool === undefined ? { ...paused, servers: [...servers, server], tools } : { ...paused, tools: [...tools, { server, tool }] };
}

/** The same without the pauses of a target: everything; a server and its tools; a tool. A wider pause stays. */
export function withoutPause(paused: Paused, { server, tool }: PauseTarget): Paused {
  if (server === undefined) return NOTHING_PAUSED;
  if (tool !== undefined) return { ...paused, tools: paused.tools.filter((one) => one.server !== server || one.tool !== tool) };
  return { ...paused, servers: paused.servers.filter((name) => name !== server), tools: paused.tools.filter((one) => one.server !== server) };
}

/** True when pausing the target pauses this tool. */
export function targets(target: PauseTarget, server: ServerName, tool: string): boolean {
  return target.server === undefined || (target.server === server && (target.tool === undefined || target.tool === tool));
}

/** True when resuming `target` lifts the pause of `one` too. */
export function isWithin(one: PauseTarget, target: PauseTarget): boolean {
  return target.server === undefined || (one.server === target.server && (target.tool === undefined || one.tool === target.tool));
}
