import type { UpstreamSnapshot } from '../../proxy/api.ts';
import { compare } from './awaiting.ts';

/** Names of servers in the order a person put them; those it does not name follow by name. */
export type ServerOrder = readonly string[];

/** Servers as a person ordered them. */
export function ordered(upstreams: readonly UpstreamSnapshot[], order: ServerOrder): readonly UpstreamSnapshot[] {
  const place = new Map(order.map((name, index) => [name, index]));
  const rank = ({ name }: UpstreamSnapshot): number => place.get(name) ?? order.length;
  return [...upstreams].sort((a, b) => rank(a) - rank(b) || compare(a.name, b.name));
}

/**
 * The order after servers were dropped on another one: they take its place, in the order they had.
 * @param shown all names in the order they are shown
 * @param target undefined for the end
 */
export function dropped(shown: ServerOrder, moved: readonly string[], target: string | undefined): ServerOrder {
  const moving = shown.filter((name) => moved.includes(name));
  if (target !== undefined && moving.includes(target)) return shown;
  const rest = shown.filter((name) => !moving.includes(name));
  if (target === undefined) return [...rest, ...moving];
  // Dragged down, it lands below the one it is dropped on: otherwise the last place could not be reached.
  const down = shown.indexOf(moving[0] ?? target) < shown.indexOf(target);
  const at = rest.indexOf(target) + (down ? 1 : 0);
  return [...rest.slice(0, at), ...moving, ...rest.slice(at)];
}

/** The order after a server went one place up (-1) or down (1). */
export function stepped(shown: ServerOrder, name: string, by: -1 | 1): ServerOrder {
  const neighbour = shown[shown.indexOf(name) + by];
  return neighbour === undefined || !shown.includes(name) ? shown : dropped(shown, [name], neighbour);
}

/** Reads an order that was kept; anything else is none. */
export function readOrder(value: unknown): ServerOrder {
  return Array.isArray(value) ? value.filter((name) => typeof name === 'string') : [];
}
