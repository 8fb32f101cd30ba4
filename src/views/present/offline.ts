import type { GatewaySnapshot, UpstreamSnapshot } from '../../proxy/api.ts';
import { t } from '../l10n.ts';

/** Failures that a machine without network has with every server it has to look up or dial. */
const UNREACHABLE: ReadonlySet<string> = new Set(['name-not-resolved', 'connection-failed', 'connection-refused', 'handshake-timeout']);

/**
 * A line for when no server on the network can be reached, but would be wanted; undefined when any of them answers, and
 * when none was tried.
 */
export function offlineMessage({ upstreams }: Pick<GatewaySnapshot, 'upstreams'>): string | undefined {
  const tried = upstreams.filter((upstream) => upstream.config.enabled && isOnNetwork(upstream) && (upstream.state.kind === 'ready' || upstream.state.kind === 'failed'));
  const unreachable = tried.filter(({ state }) => state.kind === 'failed' && UNREACHABLE.has(state.error.code));
  if (tried.length === 0 || unreachable.length < tried.length || !unreachable.some(({ state }) => state.kind === 'failed' && state.error.code === 'name-not-resolved')) return undefined;
  return t('Offline: no server on the network can be reached. What they offer stays listed, servers on this machine go on, and the others are tried again when they are used.');
}

function isOnNetwork({ config: { transport } }: UpstreamSnapshot): boolean {
  return transport.type !== 'stdio' && !/^https?:\/\/(?:127\.|localhost[:/]|\[::1\])/i.test(transport.url);
}
