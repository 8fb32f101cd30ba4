import { VestibuleError } from '../../proxy/errors.ts';
import { visible } from '../../proxy/json/visible.ts';
import { describeLaunch, fingerprintOf } from '../../proxy/quarantine/launch.ts';
import { describeLock, type LockedServerReport } from '../../proxy/quarantine/lockfile/describe-lock.ts';
import { usage } from '../args.ts';
import { COMMON_OPTIONS, JSON_OPTION, type Command } from '../command.ts';
import { recordDecisions } from '../decisions.ts';
import { diffLines } from '../diff.ts';
import { EXIT } from '../exit-code.ts';
import { placesOf } from '../places.ts';
import { printJson, printLine } from '../print.ts';
import { openState, type State } from '../state.ts';
import { printLaunch } from './launch-lines.ts';
import { lockFileOf } from './lock-file.ts';

export const quarantineLock: Command = {
  name: 'quarantine lock',
  summary: "Shows what the workspace's lock file would approve and how its servers differ from it; accepts or declines this content.",
  options: {
    ...COMMON_OPTIONS,
    ...JSON_OPTION,
    accept: { help: 'Accept it as it is now: the launches shown, and every definition at the digest it names.' },
    decline: { help: 'Decline it as it is now.' },
  },
  async run(args) {
    if (args.has('accept') && args.has('decline')) throw usage('--accept and --decline contradict each other.', 'Give one of them.');
    const places = placesOf(args);
    const state = await openState(places);
    try {
      const { content } = state.approvals;
      if (content.kind === 'broken') throw content.problem;
      if (content.kind === 'none') throw new VestibuleError('not-found', `There is no lock file ${lockFileOf(places)}.`, { action: 'vestibule quarantine share writes it from what is approved.' });
      const reports = describeLock(content.lock, (server) => presentServer(state, server));
      const before = await state.approvals.acceptedText();
      const decision = args.has('accept') ? 'accepted' : args.has('decline') ? 'declined' : undefined;
      if (!args.has('json')) printLock(state, reports, before, content.text);
      if (decision !== undefined) {
        const launches = reports.filter(({ launch }) => launch === 'same').map(({ fingerprint }) => fingerprint);
        await state.approvals.decideLock(content.digest, decision, launches, 'cli');
        await recordDecisions(places.data, [{ action: decision === 'accepted' ? 'accept-lock' : 'decline-lock', server: '', subject: lockFileOf(places), digest: content.digest }]);
      }
      const { standing } = state.approvals;
      if (args.has('json')) printJson({ file: lockFileOf(places), digest: content.digest, standing, servers: reports });
      else printLine(`This content is ${standing === 'waiting' ? 'not decided about: add --accept or --decline' : standing}.`);
      return EXIT.ok;
    } finally {
      state.dispose();
    }
  },
};

function presentServer({ config, catalog }: State, server: string) {
  const found = config.upstreams.find(({ name, origin }) => name === server && origin === 'workspace');
  const seen = catalog.server(server);
  return found && { fingerprint: fingerprintOf(found), offered: seen && { instructions: seen.instructions?.digest, tools: new Map(seen.tools.map(({ name, digest }) => [name, digest])) } };
}

function printLock({ config, approvals }: State, reports: readonly LockedServerReport[], before: string | undefined, now: string): void {
  for (const { server, launch, instructions, tools, differences } of reports) {
    const found = config.upstreams.find(({ name }) => name === server);
    printLine(`"${visible(server)}": ${tools.length} tools${instructions ? ' and its instructions' : ''}`);
    if (launch === 'absent' || found === undefined) printLine('  not among the servers of the workspace: nothing of it counts');
    else if (launch === 'other') printLine('  its launch is another than the lock names, and waits for approval');
    else printLaunch({ ...describeLaunch(found), approved: approvals.launchApproved(server, fingerprintOf(found)) });
    if (differences === undefined) printLine('  never listed here: its definitions are compared when it starts');
    for (const { kind, tool } of differences ?? []) printLine(`  ${visible(tool ?? 'its instructions')}: ${kind === 'unlocked' ? 'not in the lock file' : kind}`);
  }
  if (before === undefined || before === now) return;
  printLine('Changes since the content accepted last:');
  for (const line of diffLines(before.split('\n'), now.split('\n'))) if (!line.startsWith('  ')) printLine(visible(line));
}
