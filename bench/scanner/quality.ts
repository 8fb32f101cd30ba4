import { secretsIn, withoutSpans } from '../../src/proxy/redaction/find-secrets.ts';
import { scanDefinition } from '../../src/proxy/scanner/scan-definition.ts';
import type { ScannedDefinition } from '../../src/proxy/scanner/types.ts';
import { isKeptApart, labelledTools, measureChanges, measureTools, tallyOf, unseenTools, type Tally } from '../../test/fixtures/scanner/corpus.ts';
import { FORMATS, longestRun } from '../../test/fixtures/secrets.ts';

/** One line of the table: what was read, how much of it, what was found, and the bar. Shares in percent. */
export type QualityRow = Readonly<Record<'read' | 'part' | 'of' | 'grave' | 'at all' | 'bar', string | number>>;

const THIRD_PARTY = 'core, third-party';

const BARS: readonly (readonly [name: string, label: string, bar: string])[] = [
  ['core', 'attacks of core classes', 'grave ≥ 70 %, at all ≥ 92 %'],
  [THIRD_PARTY, 'the same, by third parties', 'grave ≥ 65 %'],
  ['benign_real', 'real tools', 'grave 0, at all ≤ 2 %'],
  ['benign_usual', 'usual tools', 'grave 0, at all ≤ 2 %'],
  ['hard_negative', 'honest tools that look like attacks', 'grave 0, at all ≤ 10 %'],
  ['benign_hard', 'honest tools that look like attacks', 'grave ≤ 1, at all ≤ 10 %'],
  ['benign_twin', 'attacks with the attack taken out', 'grave 0'],
  ['covert_side_effect', 'side effects told in plain prose', 'none: outside the core'],
];

/** How much the scanner finds of tools that are not labelled: real ones, none of them known to be an attack. */
export function realRow(read: string, tools: readonly ScannedDefinition[]): QualityRow {
  const found = tools.map((tool) => scanDefinition(tool, { peers: [] }));
  const at = (grades: readonly string[]): number => found.filter((findings) => findings.some(({ severity }) => grades.includes(severity))).length;
  return { read, part: 'all', of: tools.length, grave: share(at(['block']), tools.length), 'at all': share(at(['block', 'warning']), tools.length), bar: 'grave ≤ 0.1 %, at all ≤ 2 %' };
}

/** How much the scanner finds of labelled definitions and changes, part by part, and how many formats of secrets are known. */
export function qualityRows(): readonly QualityRow[] {
  const tools = labelledTools();
  const parts = [
    ['looked at', tools.filter((tool) => !isKeptApart(tool))],
    ['kept apart', tools.filter(isKeptApart)],
    ['written unseen', unseenTools()],
  ] as const;
  const changes = measureChanges();
  const found = [...FORMATS.values()].filter((sample) => !withoutSpans(`before ${sample} after`, secretsIn(`before ${sample} after`), '').includes(longestRun(sample)));
  return [
    ...parts.flatMap(([part, of]) => {
      const tallies = measureTools(of);
      // What we wrote ourselves is nobody else's, whoever of us wrote it.
      const bars = part === 'written unseen' ? BARS.filter(([name]) => name !== THIRD_PARTY) : BARS;
      return bars.flatMap(([name, label, bar]) => rowsOf(label, part, tallyOf(tallies, name), bar));
    }),
    ...rowsOf('malicious changes', 'all', tallyOf(changes, 'malicious_change'), 'grave ≥ 45 %, at all ≥ 67 %'),
    ...rowsOf('honest changes', 'all', tallyOf(changes, 'benign_change'), 'at all ≤ 0.3 %'),
    ...rowsOf('changes of nothing', 'all', tallyOf(changes, 'noop'), 'none'),
    { read: 'formats of secrets', part: 'all', of: FORMATS.size, grave: '', 'at all': share(found.length, FORMATS.size), bar: '≥ 85 %' },
  ];
}

/** No row for what a part does not have. */
function rowsOf(read: string, part: string, { n, block, review }: Tally, bar: string): readonly QualityRow[] {
  return n === 0 ? [] : [{ read, part, of: n, grave: share(block, n), 'at all': share(review, n), bar }];
}

function share(count: number, of: number): string {
  return `${count} (${((100 * count) / of).toFixed(1)} %)`;
}
