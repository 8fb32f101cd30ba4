import { visible } from '../../proxy/json/visible.ts';
import type { UpstreamSnapshot } from '../../proxy/api.ts';
import { RULE_TITLES } from '../../proxy/scanner/rule-titles.ts';
import type { Finding, Severity } from '../../proxy/scanner/types.ts';
import { oneLine, plural, quoted } from '../text.ts';
import { awaiting, definitionsOf, isAwaiting } from './awaiting.ts';
import type { ViewState } from './view-state.ts';
import { subjectInSentence } from './subject.ts';

const GRADE: Readonly<Record<Severity, string>> = { block: '■ GRAVE', warning: '▲ WARNING', info: '· note' };
/** Problems of one server; the review document has all findings. */
const MAX_PROBLEMS = 50;

/** Findings as a block of a document: grade, place, what was seen, why it matters and what to do. */
export function findingLines(findings: readonly Finding[]): readonly string[] {
  return findings.flatMap(({ code, severity, path, excerpt, why, action }) => [
    `${GRADE[severity]}: ${RULE_TITLES[code]} (${code})${path === '' ? '' : ` at ${oneLine(path, 200)}`}`,
    ...(excerpt === '' ? [] : [quoted(excerpt)]),
    `${visible(why)} ${visible(action)}`,
  ]);
}

/** "2 findings" for a row, grave ones first; undefined when there is nothing to read before deciding. */
export function findingWords(findings: readonly Finding[] | undefined): string | undefined {
  const grave = findings?.filter(({ severity }) => severity === 'block').length ?? 0;
  const all = findings?.filter(({ severity }) => severity !== 'info').length ?? 0;
  if (all === 0) return undefined;
  return grave === 0 ? plural(all, 'finding') : `${plural(all, 'finding')}, ${grave} grave`;
}

/** How many of the definitions that wait have something to read before deciding. */
export function withFindingsCount(state: ViewState): number {
  return awaiting(state).reduce((sum, { definitions }) => sum + definitions.filter(({ findings }) => findingWords(findings) !== undefined).length, 0);
}

/** The titles of findings for a tooltip; empty without any. */
export function findingTitles(findings: readonly Finding[] | undefined): readonly string[] {
  const shown = (findings ?? []).filter(({ severity }) => severity !== 'info');
  return [...new Set(shown.map(({ code, severity }) => `${GRADE[severity]}: ${RULE_TITLES[code]}`))].slice(0, 8);
}

/** One entry of the Problems view. */
export interface FindingProblem {
  readonly code: string;
  readonly grave: boolean;
  readonly message: string;
}

/**
 * What the Problems view says about a server: findings of what nobody has decided on, grave ones first. What a person
 * approved was approved with its findings in sight, and is no problem any more.
 */
export function findingProblems(upstream: UpstreamSnapshot): readonly FindingProblem[] {
  const name = (upstream.launchFindings ?? []).map((finding) => ({ subject: visible(upstream.name), finding }));
  const definitions = definitionsOf(upstream)
    .filter(isAwaiting)
    .flatMap(({ ref, findings = [] }) => findings.map((finding) => ({ subject: oneLine(ref.kind === 'tool' ? `${ref.server}:${ref.name}` : `${subjectInSentence(ref)} of ${ref.server}`, 120), finding })));
  return [...(upstream.launch.approved ? [] : name), ...definitions]
    .filter(({ finding }) => finding.severity !== 'info')
    .sort((a, b) => Number(b.finding.severity === 'block') - Number(a.finding.severity === 'block'))
    .slice(0, MAX_PROBLEMS)
    .map(({ subject, finding: { code, severity, why, action } }) => ({ code, grave: severity === 'block', message: `${subject}: ${RULE_TITLES[code]}. ${oneLine(why, 400)} ${visible(action)}` }));
}
