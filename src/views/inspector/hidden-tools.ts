import type { ToolSnapshot, UpstreamSnapshot } from '../../proxy/api.ts';
import { permitted } from '../../proxy/quarantine/gate.ts';
import { t } from '../l10n.ts';
import { statusLook } from '../present/labels.ts';
import { oneLine } from '../text.ts';
import type { HiddenTool } from './messages.ts';

const MAX_HIDDEN = 50;
/** Words that stand in nearly every description. */
const MIN_WORD = 3;

/** Tools that agents do not get although a word of the query stands in them, each with the reason; at most fifty. */
export function hiddenTools(query: string, upstreams: readonly UpstreamSnapshot[]): readonly HiddenTool[] {
  const words = query.toLowerCase().split(/[^\p{L}\p{N}]+/u).filter((word) => word.length >= MIN_WORD);
  const found: HiddenTool[] = [];
  for (const upstream of upstreams) {
    for (const tool of upstream.tools) {
      const why = reason(upstream, tool);
      if (why === undefined || !words.some((word) => textOf(tool).includes(word))) continue;
      if (found.push({ id: oneLine(tool.id), why }) >= MAX_HIDDEN) return found;
    }
  }
  return found;
}

function reason({ config, launch }: UpstreamSnapshot, { name, status }: ToolSnapshot): string | undefined {
  if (!config.enabled) return t('its server is off');
  if (!launch.approved) return t('the launch of its server awaits approval');
  if (!permitted(config.tools, name)) return t('kept out by tools.allow or tools.deny of its server');
  switch (status) {
    case 'approved':
      return undefined;
    case 'blocked':
      return t('you blocked it');
    case 'changed':
      return t('it changed since you approved it');
    case 'pending':
      return t('it awaits your approval ({0})', statusLook(status).text);
  }
}

function textOf({ name, title = '', description }: ToolSnapshot): string {
  return `${name} ${title} ${description.slice(0, 2_000)}`.toLowerCase();
}
