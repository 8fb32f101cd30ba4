import type { Node } from 'jsonc-parser';
import { quote, type Fields } from './fields.ts';
import type { FileReport } from './report.ts';
import { knownVariable, variablesIn } from './variable-syntax.ts';

/**
 * Reports variables of an entry that cannot be resolved at launch, now that the person is looking.
 * @param inputs ids declared by the `inputs` of the same file
 */
export function checkVariables(report: FileReport, fields: Fields, inputs: ReadonlySet<string>): void {
  for (const key of ['command', 'args', 'env', 'envFile', 'cwd', 'url', 'headers', 'oauth', 'isolation']) {
    const field = fields.get(key);
    if (field !== undefined) for (const node of textNodes(field.value)) checkText(report, node, inputs);
  }
}

function checkText(report: FileReport, node: Node, inputs: ReadonlySet<string>): void {
  for (const use of variablesIn(String(node.value))) {
    const where = node.offset + Math.max(0, report.source(node).indexOf(use.text));
    const known = knownVariable(use);
    if ('message' in known) report.error(where, known.message, known.fix);
    else if (known.kind === 'input' && !inputs.has(known.argument)) {
      report.error(where, `The input ${quote(known.argument)} is not declared in this file.`, `Add { "id": ${quote(known.argument)}, "type": "promptString", "password": true } to "inputs".`);
    }
  }
}

/** Text nodes of a value, its list or its record; keys are not looked at. */
function textNodes(node: Node): Node[] {
  if (node.type === 'string') return [node];
  if (node.type === 'property') return node.children?.[1] === undefined ? [] : textNodes(node.children[1]);
  return (node.children ?? []).flatMap(textNodes);
}
