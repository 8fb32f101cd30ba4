import { visible } from '../proxy/json/visible.ts';
import { openPauseStore } from '../proxy/pause/pause-store.ts';
import { reachOf } from '../proxy/pause/paused.ts';
import type { PauseReach, PauseSnapshot, PauseStore, PauseTarget } from '../proxy/pause/types.ts';
import { VestibuleError } from '../proxy/errors.ts';
import { usage, type Arguments } from './args.ts';
import { COMMON_OPTIONS, CONFIG_OPTION, JSON_OPTION, type Command } from './command.ts';
import { recordDecisions } from './decisions.ts';
import { EXIT } from './exit-code.ts';
import { placesOf, type Places } from './places.ts';
import { printJson, printLine, printNote } from './print.ts';
import { openState, upstreamNamed } from './state.ts';

const TARGET_OPTIONS = {
  ...COMMON_OPTIONS,
  ...CONFIG_OPTION,
  ...JSON_OPTION,
  server: { value: 'S', help: 'This server only (default: everything).' },
  tool: { value: 'T', help: 'This tool of the server only.' },
} as const;

export const pause: Command = {
  name: 'pause',
  summary: 'Stops calls of tools at once, in every gateway over this state folder, until they are resumed.',
  options: { ...TARGET_OPTIONS, cancel: { help: 'Cancel calls that are under way, too.' } },
  async run(args) {
    const places = placesOf(args);
    const target = targetOf(args);
    await refuseUnknown(places, target);
    return change(places, target, 'pause', args.has('json'), (store) => store.pause(target, { cancel: args.has('cancel') }));
  },
};

export const resume: Command = {
  name: 'resume',
  summary: 'Lets calls through again: everything that was paused, or a server with its tools, or one tool.',
  options: TARGET_OPTIONS,
  run(args) {
    const target = targetOf(args);
    return change(placesOf(args), target, 'resume', args.has('json'), (store) => store.resume(target));
  },
};

function targetOf(args: Arguments): PauseTarget {
  const server = args.text('server');
  const tool = args.text('tool');
  if (server !== undefined) return tool === undefined ? { server } : { server, tool };
  if (tool !== undefined) throw usage('It does not say whose tool.', 'Give --server S, too.');
  return {};
}

/** A pause of something that does not exist would only look like one. */
async function refuseUnknown(places: Places, { server, tool }: PauseTarget): Promise<void> {
  if (server === undefined) return;
  const state = await openState(places);
  try {
    upstreamNamed(state.config, server);
    if (tool === undefined || state.catalog.server(server)?.tools.some(({ name }) => name === tool) === true) return;
    throw new VestibuleError('not-found', `The server "${server}" was not seen to have a tool "${tool}".`, { action: 'vestibule quarantine list --all shows what there is; without --tool the whole server is paused.' });
  } finally {
    state.dispose();
  }
}

async function change(places: Places, target: PauseTarget, action: 'pause' | 'resume', json: boolean, act: (store: PauseStore) => Promise<void>): Promise<number> {
  // A file that cannot be read means that everything is paused; what follows says what holds now.
  const store = await openPauseStore(places.data, { onProblem: (problem) => printNote(visible(problem.message)) });
  let now: PauseSnapshot;
  try {
    await act(store);
    now = store.snapshot;
  } finally {
    store.dispose();
  }
  await recordDecisions(places.data, [{ action, server: target.server ?? '', subject: target.tool ?? '', digest: undefined }]);
  if (json) printJson(now);
  else printLine(`${action === 'pause' ? 'Paused' : 'Resumed'} ${visible(nameOf(target))}.`);
  const reach = action === 'resume' && target.server !== undefined ? reachOf(now, target.server, target.tool) : undefined;
  if (reach !== undefined) printNote(`${STILL[reach]} is still paused: vestibule resume ${reach === 'all' ? '' : '--server …'}`.trimEnd());
  return EXIT.ok;
}

const STILL: Readonly<Record<PauseReach, string>> = { all: 'Everything', server: 'The whole server', tool: 'This tool' };

function nameOf({ server, tool }: PauseTarget): string {
  if (server === undefined) return 'everything';
  return tool === undefined ? `"${server}"` : `${server}:${tool}`;
}
