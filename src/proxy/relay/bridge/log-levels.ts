import { members, stringOf } from '../../json/slice.ts';
import type { RawJson, RawNotification } from '../../model.ts';
import { declares } from '../../upstream/server-info.ts';
import type { UpstreamConnection } from '../../upstream/types.ts';

/** RFC 5424 severities as MCP writes them, least severe first. */
export const LEVELS: readonly string[] = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'];
/** How long a server may take over a change of its level before we go on regardless. */
const SET_LEVEL_MS = 5_000;

/** The level each connection of a modern agent was set to, as its place in `LEVELS`. */
const set = new WeakMap<UpstreamConnection, number>();

/**
 * Makes a legacy server log at least as much as one request of a modern agent asks for: there the level belongs to the
 * connection. Does nothing for a request that asks for none.
 * @param level raw `logLevel` of the request
 */
export async function ensureLogLevel(connection: UpstreamConnection, level: RawJson | undefined): Promise<void> {
  const wanted = severityOf(level);
  if (wanted < 0 || wanted >= (set.get(connection) ?? LEVELS.length) || !declares(connection.info, 'logging')) return;
  set.set(connection, wanted);
  // A server that does not take the level logs as it likes; that is no reason not to use it.
  await connection.call('logging/setLevel', `{"level":${level ?? ''}}`, { timeoutMs: SET_LEVEL_MS, maxTimeoutMs: SET_LEVEL_MS }).catch(() => undefined);
}

/** False for a log message that is less severe than the request it belongs to asked for. */
export function isWanted({ method, params }: RawNotification, level: RawJson | undefined): boolean {
  if (method !== 'notifications/message') return true;
  return severityOf(members(params ?? '')?.get('level')) >= severityOf(level);
}

function severityOf(level: RawJson | undefined): number {
  return LEVELS.indexOf(stringOf(level) ?? '');
}
