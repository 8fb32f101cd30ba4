import type { CommandId } from '../ids.ts';
import { t } from '../l10n.ts';
import type { Target } from '../target.ts';

/** A codicon and, for what must stand out, a theme colour. */
export interface Icon {
  readonly id: string;
  readonly color?: string;
}

/**
 * One row of a native tree, free of VS Code types. Texts are already safe to show; children and tooltip are made
 * only when VS Code asks for them.
 */
export interface TreeNode {
  /** Stable across refreshes, so that VS Code keeps expansion and selection. */
  readonly id: string;
  readonly label: string;
  readonly description?: string;
  readonly icon: Icon;
  /** Words of the `contextValue` that menus match. */
  readonly words: readonly string[];
  /** What a screen reader says: everything the icon and colour tell. */
  readonly spoken: string;
  readonly fold: 'leaf' | 'collapsed' | 'expanded';
  readonly children: () => readonly TreeNode[];
  readonly tooltip: () => string;
  readonly target?: Target;
  /** The agent it is about, by name. */
  readonly agent?: string;
  /** A checkbox: whether it is ticked, and what it does. */
  readonly check?: { readonly on: boolean; readonly hint: string };
  /** What a click or Enter does. */
  readonly click?: Click;
}

export type Click =
  | { readonly command: CommandId | 'workbench.trust.manage'; readonly title: string }
  | { readonly open: { readonly file: string; readonly line: number; readonly column: number }; readonly title: string };

/** No children. */
export const LEAF = { fold: 'leaf', children: () => [] } as const;

/** Rows of one parent beyond this are summed up in a last row: a tree is no place for ten thousand rows. */
const MAX_ROWS = 500;

/** The first rows, and one that says how many are not shown. */
export function bounded(id: string, rows: readonly TreeNode[], where: string): readonly TreeNode[] {
  if (rows.length <= MAX_ROWS) return rows;
  const rest = t('{0} more', rows.length - MAX_ROWS);
  return [
    ...rows.slice(0, MAX_ROWS),
    {
      ...LEAF,
      id: `${id}/more`,
      label: rest,
      description: where,
      icon: { id: 'ellipsis' },
      words: [],
      spoken: `${rest}, ${where}`,
      tooltip: () => `${rest}: ${where}`,
    },
  ];
}
