import { visible } from '../proxy/json/visible.ts';
import { RULES } from '../proxy/scanner/rules.ts';
import type { Finding } from '../proxy/scanner/types.ts';

const GRADE: Readonly<Record<Finding['severity'], string>> = { block: 'GRAVE', warning: 'warning', info: 'note' };

/** Findings as lines for a terminal, nothing invisible in them. */
export function findingLines(findings: readonly Finding[]): string[] {
  return findings.flatMap(({ code, severity, path, excerpt, why, action }) => [
    `${GRADE[severity]}: ${RULES[code].title} (${code})${path === '' ? '' : ` at ${visible(path)}`}`,
    ...(excerpt === '' ? [] : [`    ${visible(excerpt)}`]),
    `    ${visible(why)} ${visible(action)}`,
  ]);
}
