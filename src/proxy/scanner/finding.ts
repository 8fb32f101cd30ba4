import { visible } from '../json/visible.ts';
import type { Field } from './fields.ts';
import { RULES } from './rules.ts';
import type { RuleCode } from './rule-titles.ts';
import type { Finding, Severity } from './types.ts';

const MAX_EXCERPT = 160;
/** Characters shown before and after a short span. */
const AROUND = 30;

/** What a finding is about, before it is put into words. */
export interface Observation {
  readonly code: RuleCode;
  readonly severity: Severity;
  /** Offsets in the field's text. */
  readonly start: number;
  readonly end: number;
  /** What was seen, when the excerpt does not tell; may quote the definition. */
  readonly detail?: string;
}

/** Puts an observation about a field into words. */
export function findingAt(field: Field, { code, severity, start, end, detail }: Observation): Finding {
  const { attack, action } = RULES[code];
  return {
    code,
    severity,
    path: field.path,
    of: field.of,
    span: { start: field.offset + start, end: field.offset + end },
    excerpt: excerptOf(field.text, start, end),
    why: detail === undefined ? attack : `${visible(detail)} ${attack}`,
    action,
  };
}

/** A finding about the whole definition. */
export function findingAbout(code: RuleCode, severity: Severity, detail: string): Finding {
  return findingAt({ path: '', of: 'value', text: '', offset: 0 }, { code, severity, start: 0, end: 0, detail });
}

/** The span with a little around it, shortened, invisible characters spelled out. */
function excerptOf(text: string, start: number, end: number): string {
  const from = Math.max(0, start - AROUND);
  const to = Math.min(text.length, end + AROUND, from + MAX_EXCERPT);
  const shown = visible(text.slice(from, to).replace(/\s+/g, ' ').trim());
  const cut = shown.length > 2 * MAX_EXCERPT ? shown.slice(0, 2 * MAX_EXCERPT) : shown;
  return `${from > 0 ? '…' : ''}${cut}${to < text.length || cut.length < shown.length ? '…' : ''}`;
}
