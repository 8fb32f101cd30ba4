import { visible } from '../../proxy/json/visible.ts';
import { Command, ItemWord } from '../ids.ts';
import { t } from '../l10n.ts';
import type { Problem } from '../problem.ts';
import { oneLine } from '../text.ts';
import { LEAF, type TreeNode } from './tree-node.ts';

/**
 * What the Upstreams view shows of a gateway that could not start: why, and what to do. Rows, not a line above them: VS
 * Code shows no buttons of an empty view below such a line.
 */
export function failureRows({ message, action }: Problem): readonly TreeNode[] {
  const label = t('Vestibule could not start');
  const why = oneLine(message, 300);
  const next = oneLine(action, 300);
  return [
    {
      ...LEAF,
      id: 'failure/why',
      label,
      description: why,
      icon: { id: 'error', color: 'list.errorForeground' },
      words: [ItemWord.failure],
      spoken: `${label}: ${why}`,
      tooltip: () => visible(message),
      click: { command: Command.showLogs, title: t('Show Log') },
    },
    {
      ...LEAF,
      id: 'failure/next',
      label: next,
      icon: { id: 'lightbulb' },
      words: [ItemWord.failure],
      spoken: t('What to do: {0}', next),
      tooltip: () => `${visible(action)}\n${t('Click to try again.')}`,
      click: { command: Command.restartGateway, title: t('Restart Gateway') },
    },
  ];
}
