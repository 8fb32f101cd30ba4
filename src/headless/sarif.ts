import { visible } from '../proxy/json/visible.ts';
import { RULES } from '../proxy/scanner/rules.ts';
import type { RuleCode } from '../proxy/scanner/rule-titles.ts';
import type { Finding } from '../proxy/scanner/types.ts';
import { VERSION } from './version.ts';

/** Findings of one definition, by the name it is called by. */
export interface Scanned {
  readonly subject: string;
  readonly findings: readonly Finding[];
}

const LEVEL: Readonly<Record<Finding['severity'], string>> = { block: 'error', warning: 'warning', info: 'note' };

/**
 * A SARIF 2.1.0 log of a scan, for code scanning services. Definitions are logical locations; a file that was scanned
 * is the artifact they are in.
 * @param uri of the scanned file, relative or absolute; undefined when a server was asked
 */
export function sarifLog(scanned: readonly Scanned[], uri: string | undefined): unknown {
  const codes = [...new Set(scanned.flatMap(({ findings }) => findings.map(({ code }) => code)))].sort();
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'Vestibule', version: VERSION, informationUri: 'https://github.com/vestibule-mcp/vestibule', rules: codes.map(rule) } },
        columnKind: 'utf16CodeUnits',
        results: scanned.flatMap(({ subject, findings }) => findings.map((finding) => result(subject, finding, codes, uri))),
      },
    ],
  };
}

function rule(code: RuleCode): unknown {
  const { title, attack, action } = RULES[code];
  return { id: code, name: code, shortDescription: { text: title }, fullDescription: { text: attack }, help: { text: action } };
}

function result(subject: string, { code, severity, path, why, action, excerpt }: Finding, codes: readonly RuleCode[], uri: string | undefined): unknown {
  const name = visible(subject);
  const place = `${name}${visible(path)}`;
  return {
    ruleId: code,
    ruleIndex: codes.indexOf(code),
    level: LEVEL[severity],
    message: { text: `${name}: ${visible(why)} ${visible(action)}${excerpt === '' ? '' : ` Seen: ${visible(excerpt)}`}` },
    locations: [
      {
        ...(uri !== undefined && { physicalLocation: { artifactLocation: { uri }, region: { startLine: 1 } } }),
        logicalLocations: [{ name, fullyQualifiedName: place, kind: 'member' }],
      },
    ],
    partialFingerprints: { 'rule/place': `${code} ${place}` },
  };
}
