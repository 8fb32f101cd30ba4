import type { ToolSnapshot, UpstreamSnapshot } from '../../proxy/api.ts';
import type { ApprovalStatus } from '../../proxy/model.ts';
import type { UpstreamState } from '../../proxy/upstream/types.ts';
import { t, tn } from '../l10n.ts';
import { oneLine } from '../text.ts';
import { needsTrust } from './awaiting.ts';
import type { Icon } from './tree-node.ts';

/** How a status or state is shown: in words, and with an icon that never stands alone. */
export interface Look {
  readonly text: string;
  readonly icon: Icon;
}

const STATUS: Readonly<Record<ApprovalStatus, Look>> = {
  pending: { text: t('new'), icon: { id: 'circle-large-outline', color: 'list.warningForeground' } },
  changed: { text: t('changed'), icon: { id: 'diff-modified', color: 'list.warningForeground' } },
  approved: { text: t('approved'), icon: { id: 'check' } },
  blocked: { text: t('blocked'), icon: { id: 'circle-slash' } },
};

/** How an approval status is shown. */
export function statusLook(status: ApprovalStatus): Look {
  return STATUS[status];
}

const TIER: Readonly<Record<ToolSnapshot['tier'], string>> = {
  read: t('reads only'),
  write: t('writes'),
  destructive: t('may destroy'),
};

/** What a tool may do, in a word or two. */
export function tierText(tier: ToolSnapshot['tier']): string {
  return TIER[tier];
}

/** How an upstream's state is shown. */
export function upstreamLook(upstream: UpstreamSnapshot, trusted: boolean): Look {
  if (upstream.config.enabled && needsTrust(upstream, trusted)) {
    return { text: t('waits for workspace trust'), icon: { id: 'workspace-untrusted', color: 'list.warningForeground' } };
  }
  if (upstream.flow?.circuit === 'open') return { text: t('keeps failing: gets no calls for a while'), icon: { id: 'warning', color: 'list.warningForeground' } };
  return stateLook(upstream.state, upstream);
}

function stateLook(state: UpstreamState, upstream: UpstreamSnapshot): Look {
  switch (state.kind) {
    case 'disabled':
      return { text: t('off'), icon: { id: 'circle-slash' } };
    case 'quarantined':
      return { text: t('launch awaits approval'), icon: { id: 'shield', color: 'list.warningForeground' } };
    case 'idle':
      return { text: toolCounts(upstream) ?? t('starts on first use'), icon: { id: 'circle-large-outline' } };
    case 'starting':
      return { text: t('starting'), icon: { id: 'loading~spin' } };
    case 'ready':
      return { text: toolCounts(upstream) ?? t('no tools'), icon: { id: 'pass-filled', color: 'testing.iconPassed' } };
    case 'failed':
      return { text: oneLine(state.error.message, 80), icon: { id: 'error', color: 'list.errorForeground' } };
    case 'sign-in-needed':
      return { text: t('sign in needed'), icon: { id: 'key', color: 'list.warningForeground' } };
    case 'needs-input':
      return { text: t('needs input “{0}”', oneLine(state.input, 40)), icon: { id: 'edit', color: 'list.warningForeground' } };
  }
}

function toolCounts({ tools, held }: UpstreamSnapshot): string | undefined {
  if (tools.length + held.length === 0) return undefined;
  const waiting = tools.filter(({ status }) => status === 'pending' || status === 'changed').length;
  const parts = [tn(tools.length, '{0} tool', '{0} tools')];
  if (waiting > 0) parts.push(t('{0} to review', waiting));
  if (held.length > 0) parts.push(t('{0} unusable', held.length));
  return parts.join(', ');
}
