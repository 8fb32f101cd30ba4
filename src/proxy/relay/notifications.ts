import { members, stringOf, withMembers } from '../json/slice.ts';
import type { RawNotification } from '../model.ts';

/** Notifications of upstreams that agents get. What else there is either concerns us, or an extension nobody declared. */
const RELAYED: ReadonlySet<string> = new Set([
  'notifications/message',
  'notifications/elicitation/complete',
  'notifications/tasks/status',
]);

/**
 * A notification of an upstream as an agent may have it: log messages say which server they are of.
 * @param slug of the server; empty where nothing is rewritten
 * @returns undefined when it is not for agents
 */
export function relayedNotification(slug: string, notification: RawNotification): RawNotification | undefined {
  const { method, params } = notification;
  if (!RELAYED.has(method)) return undefined;
  if (method !== 'notifications/message' || slug === '' || params === undefined) return notification;
  const logger = stringOf(members(params)?.get('logger'));
  return { method, params: withMembers(params, { logger: JSON.stringify(logger === undefined ? slug : `${slug}/${logger}`) }) };
}
