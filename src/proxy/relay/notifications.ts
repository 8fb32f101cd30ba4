import { members, stringOf, withMembers } from '../json/slice.ts';
import type { RawNotification } from '../model.ts';
import { mapUris } from './map-uris.ts';

/** Notifications of upstreams that agents get. What else there is either concerns us, or an extension nobody declared. */
const RELAYED: ReadonlySet<string> = new Set([
  'notifications/message',
  'notifications/resources/updated',
  'notifications/elicitation/complete',
  'notifications/tasks/status',
]);

/** How a server's own names look to agents. */
export interface Exposure {
  /** Of the server; empty where nothing is rewritten. */
  readonly slug: string;
  readonly expose: (uri: string) => string;
}

/**
 * A notification of an upstream as an agent may have it: log messages say which server they are of, and resources are
 * called what the agent calls them.
 * @returns undefined when it is not for agents
 */
export function relayedNotification({ slug, expose }: Exposure, notification: RawNotification): RawNotification | undefined {
  const { method, params } = notification;
  if (!RELAYED.has(method)) return undefined;
  if (slug === '' || params === undefined) return notification;
  switch (method) {
    case 'notifications/message': {
      const logger = stringOf(members(params)?.get('logger'));
      return { method, params: withMembers(params, { logger: JSON.stringify(logger === undefined ? slug : `${slug}/${logger}`) }) };
    }
    case 'notifications/resources/updated':
      return { method, params: mapUris(params, expose) };
    default:
      return notification;
  }
}
