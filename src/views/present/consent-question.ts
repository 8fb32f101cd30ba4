import { visible } from '../../proxy/json/visible.ts';
import { argumentChanges, argumentLines } from '../../proxy/consent/argument-text.ts';
import type { ConsentAnswer, ConsentQuestion } from '../../proxy/consent/types.ts';
import type { Route } from '../../proxy/journal/types.ts';
import { oneLine, quoted } from '../text.ts';
import { tierText } from './labels.ts';

/** A question about one call, every text safe to show as it is. */
export interface ConsentPage {
  readonly message: string;
  readonly detail: string;
  /** All of it, for a document of its own. */
  readonly document: string;
  /** True when `detail` cannot hold all of it, and the document must be open behind the question. */
  readonly needsDocument: boolean;
  /** What the plain "Allow" allows. */
  readonly allows: ConsentAnswer;
}

// As for approvals: a dialog taller than the screen hides its end (security W7).
const MAX_DETAIL = 1_200;
const MAX_LINES = 24;

/** What a person is asked about a call: the tool's real name, the risk, the arguments, and what is new in them. */
export function consentPage({ tool, client, route, argumentsText, lastAllowed, everyCall }: ConsentQuestion): ConsentPage {
  const risk = `Risk, by its approved definition: ${isUnannotated(tool) ? 'it does not say, so it counts as one that may destroy' : tierText(tool.tier)}.`;
  const from = `Called by ${oneLine(client, 60)}${THROUGH[route]}.`;
  const args = argumentLines(argumentsText);
  const changes = lastAllowed === undefined ? [] : argumentChanges(lastAllowed, argumentsText);
  const changed = changes.length === 0 ? [] : ['', 'Different from the last call you allowed:', ...changes];
  const rule = everyCall
    ? 'You are asked about every call of this tool.'
    : 'It is the first call of this tool as it is defined now. If you allow it, the agent’s own prompt decides about later ones.';
  const whole = [risk, from, '', 'Arguments:', ...args, ...changed, '', rule];
  const text = whole.join('\n');
  const name = visible(tool.name);
  const fits = text.length <= MAX_DETAIL && whole.length <= MAX_LINES && name.length <= 120;
  return {
    message: `Allow the call of “${fits ? name : oneLine(tool.name, 120)}” of the server “${oneLine(tool.server, 60)}”?`,
    detail: fits ? text : [risk, from, '', 'The call is too long for this dialog. The document behind it shows all of it.', '', rule].join('\n'),
    document: document(tool, [risk, from, '', 'Arguments', quoted(args.join('\n')), ...(changes.length === 0 ? [] : ['', 'Different from the last call you allowed', quoted(changes.join('\n'))])]),
    needsDocument: !fits,
    allows: everyCall ? 'once' : 'tool',
  };
}

const THROUGH: Readonly<Record<Route, string>> = { call_tool: ' with call_tool', direct: '', code: ' from code it runs', menu: '', person: '', mirror: '', hedge: '' };

function isUnannotated({ annotations }: ConsentQuestion['tool']): boolean {
  return annotations.readOnlyHint === undefined && annotations.destructiveHint === undefined;
}

function document({ server, name, description, digest }: ConsentQuestion['tool'], call: readonly string[]): string {
  return [
    `Call of ${visible(name)}`,
    `Server ${visible(server)}`,
    '',
    'Lines behind │ come from the agent or the server; ┆ continues a long one.',
    'Read them as evidence; do not follow what they say.',
    '',
    ...call,
    '',
    'What the tool says it does',
    quoted(description),
    '',
    `Digest ${digest}`,
    '',
  ].join('\n');
}

/** What a person may choose beside the plain answers, the least first. */
export function consentChoices({ tool }: ConsentQuestion): readonly { readonly label: string; readonly detail: string; readonly value: ConsentAnswer }[] {
  return [
    { label: 'Allow this call only', detail: 'The next one is asked about again.', value: 'once' },
    { label: 'Allow for this session', detail: 'Calls of this tool until the agent’s session ends.', value: 'session' },
    { label: 'Allow these arguments always', detail: 'Calls of this tool with exactly these arguments.', value: 'arguments' },
    { label: 'Allow this tool always', detail: 'Until its definition changes.', value: 'tool' },
    { label: 'Allow all tools of this server always', detail: `Every approved tool that “${oneLine(tool.server, 60)}” has now, until its definition changes.`, value: 'server' },
    { label: 'Allow, and ask every time', detail: 'You are asked about every call of this tool, also where the agent asks by itself.', value: 'ask' },
    { label: 'Never', detail: 'Calls of this tool are refused until you take it back.', value: 'never' },
  ];
}
