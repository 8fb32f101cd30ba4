import { visible } from '../../proxy/json/visible.ts';
import type { Diagnosis, Remedy } from '../../proxy/diagnosis/types.ts';
import { Command } from '../ids.ts';
import { oneLine, quoted } from '../text.ts';
import { LEAF, type Click, type TreeNode } from './tree-node.ts';

/** Areas whose diagnoses have no row of their own beside those for approvals and problems of files. */
const SHOWN_OTHERWISE: ReadonlySet<Diagnosis['area']> = new Set(['auth', 'config', 'quarantine', 'record']);

/** Rows under a server: what to do, with why on hover. A click takes the first step. */
export function diagnosisRows(id: string, server: string, diagnoses: readonly Diagnosis[]): readonly TreeNode[] {
  return diagnoses
    .filter((diagnosis) => diagnosis.server === server && !SHOWN_OTHERWISE.has(diagnosis.area))
    .map((diagnosis, index) => {
      const label = oneLine(diagnosis.fix, 200);
      return {
        ...LEAF,
        id: `${id}/diagnosis/${index}`,
        label,
        description: diagnosis.code,
        icon: { id: 'lightbulb' },
        words: [],
        spoken: `What to do: ${label}`,
        tooltip: () => [diagnosis.message, diagnosis.cause, diagnosis.fix, ...diagnosis.evidence.slice(-10)].map(visible).join('\n'),
        target: { server },
        click: clickOf(diagnosis),
      };
    });
}

function clickOf({ at, remedies: [first] }: Diagnosis): Click {
  // An edit is made where it is seen: at the entry, which offers it.
  if (first !== undefined && first.kind === 'edit' && at !== undefined) return { open: at, title: 'Open the Servers File' };
  if (first?.kind === 'act' && first.act === 'open-entry' && at !== undefined) return { open: at, title: 'Open the Servers File' };
  if (first?.kind === 'act' && first.act === 'trust') return { command: 'workbench.trust.manage', title: first.title };
  return { command: Command.showLogs, title: 'Show Log' };
}

/** A diagnosis as the Problems view says it. */
export function problemText({ fix, message }: Diagnosis): string {
  return `${visible(message)} ${visible(fix)}`;
}

/** A diagnosis whole, for a document. */
export function diagnosisDocument({ area, cause, code, evidence, fix, message }: Diagnosis): string {
  return [
    `${area}/${code}`,
    '',
    visible(message),
    '',
    `Why: ${visible(cause)}`,
    `What to do: ${visible(fix)}`,
    '',
    ...(evidence.length === 0 ? [] : ['What was seen (redacted):', ...evidence.map(quoted)]),
  ].join('\n');
}

/** What a remedy is called in menus. */
export function remedyTitle(remedy: Remedy): string {
  return oneLine(remedy.title, 200);
}
