import type { LockSnapshot } from '../../proxy/api.ts';
import { t, tn } from '../l10n.ts';

/** What a notice of a workspace is about. */
export interface WorkspaceNews {
  /** The folder is opened for the first time. */
  readonly first: boolean;
  /** Its lock file has content that waits and was not told of. */
  readonly fresh: boolean;
  readonly lock: Pick<LockSnapshot, 'servers'>;
  /** How many servers it brings. */
  readonly servers: number;
}

/** What a person is told of a folder that brings servers or shares approvals, and what the button says. */
export function workspaceNotice({ first, fresh, lock, servers: count }: WorkspaceNews): { readonly message: string; readonly label: string } {
  const tools = tn(lock.servers.reduce((sum, server) => sum + server.tools.length, 0), '{0} tool', '{0} tools');
  const servers = tn(count, '{0} MCP server', '{0} MCP servers');
  const label = t('Set Up…');
  if (!fresh) return { label, message: t('This workspace brings {0}. Nothing of it runs before you say so.', servers) };
  if (first) return { label, message: t('This workspace brings {0} and shares approvals of {1}. Nothing of it runs or counts before you say so.', servers, tools) };
  return { label, message: t('This workspace shares approvals of {0}. They count for nothing until you have reviewed and accepted them.', tools) };
}
