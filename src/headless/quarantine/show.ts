import { applyEdits, format } from 'jsonc-parser';
import { visible } from '../../proxy/json/visible.ts';
import { describeLaunch } from '../../proxy/quarantine/launch.ts';
import { VestibuleError } from '../../proxy/errors.ts';
import { COMMON_OPTIONS, CONFIG_OPTION, JSON_OPTION, type Command } from '../command.ts';
import { diffLines } from '../diff.ts';
import { EXIT } from '../exit-code.ts';
import { placesOf } from '../places.ts';
import { findingLines } from '../findings.ts';
import { printJson, printLine } from '../print.ts';
import { printLaunch } from './launch-lines.ts';
import { definitionsOf, openState, titleOf, upstreamNamed, type SeenDefinition, type State } from '../state.ts';

export const quarantineShow: Command = {
  name: 'quarantine show',
  summary: 'Shows what there is to decide on: the launch of a server, and definitions exactly as an agent would read them.',
  options: {
    ...COMMON_OPTIONS,
    ...CONFIG_OPTION,
    ...JSON_OPTION,
    server: { value: 'S', help: 'The server.' },
    tool: { value: 'T', help: 'One tool of it (default: everything that is not approved).' },
    all: { help: 'Approved ones too.' },
  },
  async run(args) {
    const state = await openState(placesOf(args));
    try {
      const config = upstreamNamed(state.config, args.required('server'));
      const tool = args.text('tool');
      const definitions = definitionsOf(state, config.name).filter(({ ref, status }) => (tool === undefined ? args.has('all') || status !== 'approved' : ref.kind === 'tool' && ref.name === tool));
      if (tool !== undefined && definitions.length === 0) {
        throw new VestibuleError('not-found', `The server "${config.name}" was not seen to have a tool "${tool}".`, { action: `vestibule quarantine list --server shows what it has.` });
      }
      const described = describeLaunch(config);
      const launch = { ...described, approved: state.approvals.launchApproved(config.name, described.fingerprint) };
      if (args.has('json')) printJson({ server: config.name, launch, definitions: definitions.map((definition) => ({ ...definition.ref, status: definition.status, definition: definition.raw, findings: definition.findings, approved: approvedText(state, definition) })) });
      else {
        if (tool === undefined) printLaunch(launch);
        for (const definition of definitions) printDefinition(state, definition);
      }
      return EXIT.ok;
    } finally {
      state.dispose();
    }
  },
};

function printDefinition(state: State, definition: SeenDefinition): void {
  const { ref, raw, status } = definition;
  const before = approvedText(state, definition);
  printLine('');
  printLine(`${visible(titleOf(ref))}  ${status}  ${ref.digest}`);
  for (const line of findingLines(definition.findings)) printLine(`  ${line}`);
  const now = linesOf(raw);
  for (const line of before === undefined ? now.map((text) => `  ${text}`) : diffLines(linesOf(before), now)) printLine(`  ${line}`);
}

/** What was approved before, when it is not what is there now. */
function approvedText(state: State, { ref, status }: SeenDefinition): string | undefined {
  return status === 'changed' ? state.approvals.lastApproved(ref.server, ref.kind, ref.name)?.raw : undefined;
}

/** Laid out but not re-serialised: numbers and escapes stay as the server wrote them. */
function linesOf(raw: string): string[] {
  const text = raw.startsWith('"') ? String(JSON.parse(raw)) : applyEdits(raw, format(raw, undefined, { insertSpaces: true, tabSize: 2, eol: '\n' }));
  return text.split('\n').map(visible);
}
