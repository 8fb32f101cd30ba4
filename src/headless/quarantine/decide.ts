import { visible } from '../../proxy/json/visible.ts';
import { VestibuleError } from '../../proxy/errors.ts';
import { describeChange } from '../../proxy/quarantine/describe-change.ts';
import { fingerprintOf } from '../../proxy/quarantine/launch.ts';
import { usage, type Arguments } from '../args.ts';
import { COMMON_OPTIONS, CONFIG_OPTION, JSON_OPTION, type Command } from '../command.ts';
import { recordDecisions } from '../decisions.ts';
import { EXIT } from '../exit-code.ts';
import { placesOf } from '../places.ts';
import { printJson, printLine, printNote } from '../print.ts';
import { definitionsOf, openState, titleOf, upstreamNamed, type SeenDefinition, type State } from '../state.ts';

export const quarantineApprove = decisionCommand('approve', 'Approves definitions as they were last seen.', 'Approved');
export const quarantineBlock = decisionCommand('block', 'Blocks definitions as they were last seen: no agent sees or calls them.', 'Blocked');

function decisionCommand(word: 'approve' | 'block', summary: string, done: string): Command {
  return {
    name: `quarantine ${word}`,
    summary,
    options: {
      ...COMMON_OPTIONS,
      ...CONFIG_OPTION,
      ...JSON_OPTION,
      server: { value: 'S', help: 'Everything of this server that waits or has changed.' },
      tool: { value: 'T', help: 'This tool of the server, whatever was decided before.' },
      all: { help: 'Everything of all servers that waits or has changed.' },
    },
    async run(args) {
      const places = placesOf(args);
      const state = await openState(places);
      try {
        const definitions = targetsOf(state, args);
        const diffs = definitions.map((definition) => changeOf(state, definition));
        if (word === 'approve') await state.approvals.approve(definitions.map(({ ref, raw }) => ({ ...ref, raw })), 'cli');
        else await state.approvals.block(definitions.map(({ ref }) => ref), 'cli');
        await recordDecisions(places.data, definitions.map(({ ref }, i) => ({ action: word, server: ref.server, subject: ref.name, digest: ref.digest, ...diffs[i] })));
        if (args.has('json')) printJson(definitions.map(({ ref }) => ref));
        else if (definitions.length === 0) printLine('Nothing waits for a decision.');
        else for (const { ref } of definitions) printLine(`${done} ${visible(titleOf(ref))}`);
        if (word === 'approve') noteLaunches(state, args.text('server'));
        return EXIT.ok;
      } finally {
        state.dispose();
      }
    },
  };
}

function targetsOf(state: State, args: Arguments): SeenDefinition[] {
  const server = args.text('server');
  const tool = args.text('tool');
  if (args.has('all')) {
    if (server !== undefined || tool !== undefined) throw usage('--all stands for every server.', 'Give --all, or --server with or without --tool.');
    return state.config.upstreams.flatMap(({ name }) => definitionsOf(state, name).filter(isOpen));
  }
  if (server === undefined) throw usage('It does not say what to decide on.', 'Give --server S, --server S --tool T, or --all.');
  upstreamNamed(state.config, server);
  const definitions = definitionsOf(state, server);
  if (tool === undefined) return definitions.filter(isOpen);
  const named = definitions.filter(({ ref }) => ref.kind === 'tool' && ref.name === tool);
  if (named.length > 0) return named;
  throw new VestibuleError('not-found', `The server "${server}" was not seen to have a tool "${tool}".`, { action: 'vestibule quarantine list --all shows what there is.' });
}

/** Where a definition differs from the one approved before, for the journal. */
function changeOf({ approvals }: State, { ref, raw }: SeenDefinition): { readonly diff?: readonly string[] } {
  const before = approvals.lastApproved(ref.server, ref.kind, ref.name);
  return before?.raw === undefined || before.digest === ref.digest ? {} : { diff: describeChange(before.raw, raw) };
}

function isOpen({ status }: SeenDefinition): boolean {
  return status === 'pending' || status === 'changed';
}

/** A server whose launch is not approved never starts, whatever was decided on its tools. */
function noteLaunches({ config, approvals }: State, server: string | undefined): void {
  for (const upstream of config.upstreams) {
    if ((server !== undefined && upstream.name !== server) || approvals.launchApproved(upstream.name, fingerprintOf(upstream))) continue;
    printNote(`The launch of "${visible(upstream.name)}" awaits approval: vestibule upstream approve --name …`);
  }
}
