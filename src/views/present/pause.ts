import { reachOf } from '../../proxy/pause/paused.ts';
import type { PauseSnapshot } from '../../proxy/pause/types.ts';
import { plural } from '../text.ts';
import type { Icon } from './tree-node.ts';

/** The icon of what a pause covers. */
export const PAUSED_ICON: Icon = { id: 'debug-pause', color: 'list.warningForeground' };

/** True when a person paused something, or everything is paused because nobody can read what is. */
export function isAnythingPaused({ all, servers, tools }: PauseSnapshot): boolean {
  return all || servers.length + tools.length > 0;
}

/** What is paused, in words; undefined when nothing is. */
export function pausedText(pause: PauseSnapshot): string | undefined {
  if (pause.problem !== undefined) return `${pause.problem.message} ${pause.problem.action}`;
  if (pause.all) return 'Everything is paused: every call of a tool is refused.';
  if (!isAnythingPaused(pause)) return undefined;
  const parts = [...(pause.servers.length > 0 ? [plural(pause.servers.length, 'server')] : []), ...(pause.tools.length > 0 ? [plural(pause.tools.length, 'tool')] : [])];
  return `Paused: ${parts.join(', ')}.`;
}

/** How a server or tool stands: paused by a wider pause or its own, and whether lifting its own makes sense. */
export function pauseOf(pause: PauseSnapshot, server: string, tool?: string): { readonly paused: boolean; readonly itself: boolean } {
  const itself = tool === undefined ? pause.servers.includes(server) : pause.tools.some((one) => one.server === server && one.tool === tool);
  return { paused: reachOf(pause, server, tool) !== undefined, itself };
}
