/* The matrix as the page docs/fidelity.md. */
import type { Feature } from './features/feature.ts';
import type { Column } from './types.ts';

/** `=` for a cell whose two sides are equal, `≠` for a difference, else why there is nothing to compare. */
export type Cell = string;

export const SAME: Cell = '=';
export const DIFFERENT: Cell = '≠';

export function columnName({ agent, upstream, transport }: Column): string {
  return `${agent} → ${upstream}, ${transport}`;
}

/** @param cellOf the cell of each feature and column */
export function pageOf(features: readonly Feature[], columns: readonly Column[], cellOf: (feature: Feature, column: Column) => Cell): string {
  const notes: string[] = [];
  const shown = (cell: Cell): string => {
    if (cell === SAME || cell === DIFFERENT) return cell;
    if (!notes.includes(cell)) notes.push(cell);
    return `${notes.indexOf(cell) + 1}`;
  };
  const rows = features.map((feature) => [feature.name, ...columns.map((column) => shown(cellOf(feature, column)))]);
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    '# Fidelity',
    '',
    'Written by `npm run fidelity`; `npm run test:fidelity` fails when a cell differs or this page is not what it finds.',
    '',
    'One client speaks to a server directly, and to the same server through the gateway. Everything both sides got is compared as',
    'whole JSON, after taking out what is [rewritten on purpose](relay.md#what-is-rewritten-on-purpose). Columns name the era of',
    'the agent, the era of the server behind the gateway, and the transport of that server. `legacy` is 2025-11-25, `modern` is',
    `2026-07-28. \`${SAME}\`: no difference. \`${DIFFERENT}\`: a difference. A number: nothing to compare, see below.`,
    '',
    line(['', ...columns.map(columnName)]),
    line(['---', ...columns.map(() => ':-:')]),
    ...rows.map(line),
    '',
    ...notes.map((note, i) => `${i + 1}. ${note}`),
    '',
  ].join('\n');
}
