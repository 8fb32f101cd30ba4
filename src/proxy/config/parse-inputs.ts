import type { Node } from 'jsonc-parser';
import { checkKeys, choiceField, fieldsOf, flagField, kindOf, quote, textField, textOf, type Fields } from './fields.ts';
import { INPUT_KEYS } from './keys.ts';
import type { FileReport } from './report.ts';
import type { InputDeclaration } from './types.ts';

const TYPES = ['promptString', 'pickString', 'command'] as const;
const MAX_INPUTS = 1_000;

/** The `inputs` list of a file, as in VS Code's mcp.json. A bad declaration is reported and left out. */
export function parseInputs(report: FileReport, node: Node | undefined): ReadonlyMap<string, InputDeclaration> {
  const inputs = new Map<string, InputDeclaration>();
  if (node === undefined) return inputs;
  if (node.type !== 'array') {
    report.error(node, `"inputs" must be a list, not ${kindOf(node)}.`, 'Write it in brackets: [{ "id": "…", "type": "promptString" }].');
    return inputs;
  }
  for (const element of (node.children ?? []).slice(0, MAX_INPUTS)) {
    const input = parseInput(report, element);
    if (input === undefined) continue;
    if (inputs.has(input.id)) report.warn(element, `The input ${quote(input.id)} is declared twice. The last one counts.`, 'Remove or rename one of them.');
    inputs.set(input.id, input);
  }
  return inputs;
}

function parseInput(report: FileReport, node: Node): InputDeclaration | undefined {
  const fields = fieldsOf(report, node, 'An input');
  if (fields === undefined) return undefined;
  checkKeys(report, fields, INPUT_KEYS);
  for (const key of ['id', 'type']) if (!fields.has(key)) report.error(node, `This input has no ${quote(key)}.`, `Add ${quote(key)}.`);
  const id = textField(report, fields, 'id', 100);
  const type = choiceField(report, fields, 'type', TYPES);
  const options = pickOptions(report, fields);
  if (type === 'pickString' && options.length === 0) report.error(node, 'A pickString input needs "options" to pick from.', 'Add "options": ["…", "…"].');
  const description = emptyOrText(report, fields, 'description');
  const fallback = emptyOrText(report, fields, 'default');
  const password = flagField(report, fields, 'password') ?? false;
  return id === undefined || type === undefined ? undefined : { id, type, description, default: fallback, password, options };
}

/** VS Code takes texts and `{ label, value }`; what counts is the value. */
function pickOptions(report: FileReport, fields: Fields): readonly string[] {
  const list = fields.get('options')?.value;
  if (list === undefined) return [];
  if (list.type !== 'array') {
    report.error(list, `"options" must be a list, not ${kindOf(list)}.`, 'Write it in brackets: ["…", "…"].');
    return [];
  }
  const values = (list.children ?? []).slice(0, MAX_INPUTS).map((option) => {
    if (option.type !== 'object') return textOf(report, option, 'An option');
    const members = fieldsOf(report, option, 'An option');
    return members === undefined ? undefined : textField(report, members, 'value');
  });
  return values.filter((value) => value !== undefined);
}

function emptyOrText(report: FileReport, fields: Fields, key: string): string | undefined {
  return fields.get(key)?.value.value === '' ? '' : textField(report, fields, key);
}
