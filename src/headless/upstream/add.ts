import { addServer, editServersFile } from '../../proxy/config/edit.ts';
import { problemOfEntry, serverForCommand, serverForUrl } from '../../proxy/config/paste.ts';
import { readServersFile } from '../../proxy/config/store.ts';
import { freeName } from '../../proxy/config/suggest-name.ts';
import { VestibuleError } from '../../proxy/errors.ts';
import { visible } from '../../proxy/json/visible.ts';
import { openApprovalStore } from '../../proxy/quarantine/approval-store.ts';
import { describeLaunch, fingerprintOf } from '../../proxy/quarantine/launch.ts';
import { scanLaunch } from '../../proxy/scanner/launch.ts';
import { usage, type Arguments } from '../args.ts';
import { COMMON_OPTIONS, JSON_OPTION, type Command } from '../command.ts';
import { recordDecisions } from '../decisions.ts';
import { describeError, EXIT } from '../exit-code.ts';
import { findingLines } from '../findings.ts';
import { placesOf } from '../places.ts';
import { printJson, printLine, printNote } from '../print.ts';

export const upstreamAdd: Command = {
  name: 'upstream add',
  summary: 'Adds a server to your own servers file and approves its launch. Its tools still wait for approval.',
  options: {
    ...COMMON_OPTIONS,
    ...JSON_OPTION,
    name: { value: 'NAME', help: 'Its name (default: made from the address or command).' },
    url: { value: 'URL', help: 'Its address, when it runs already.' },
  },
  rest: 'COMMAND ARGS…',
  async run(args) {
    const { data, userFile } = placesOf(args);
    const asked = pastedFrom(args);
    const there = await readServersFile(userFile, 'user');
    const name = args.text('name') ?? freeName(asked.name, (candidate) => there.declared.includes(candidate));
    const problem = problemOfEntry(name, asked.entry);
    if (problem !== undefined) throw usage(problem.problem, problem.fix);
    await editServersFile(userFile, [addServer(name, asked.entry)]);
    const { servers } = await readServersFile(userFile, 'user');
    const added = servers.find((server) => server.name === name);
    if (added === undefined) throw new VestibuleError('not-found', `The server "${name}" was changed meanwhile.`, { action: `Look at ${userFile}.` });
    const approvals = await openApprovalStore(data, { onProblem: (error) => printNote(describeError(error)) });
    try {
      // Whoever types the launch has seen it (contract §5).
      await approvals.approveLaunch(name, fingerprintOf(added), 'cli');
    } finally {
      approvals.dispose();
    }
    await recordDecisions(data, [{ action: 'approve-launch', server: name, subject: '', digest: fingerprintOf(added) }]);
    for (const line of findingLines(scanLaunch(describeLaunch(added).argv))) printNote(line);
    if (args.has('json')) printJson({ name, file: userFile, entry: asked.entry, launchApproved: true });
    else printLine(`Added "${visible(name)}" to ${visible(userFile)}. Its tools wait for approval: vestibule upstream approve --name ${shellWord(name)}`);
    return EXIT.ok;
  },
};

function pastedFrom(args: Arguments): ReturnType<typeof serverForUrl> {
  const url = args.text('url');
  const words = args.rest;
  if (url !== undefined && words === undefined) return serverForUrl(url);
  if (url === undefined && words !== undefined && words.length > 0) return serverForCommand(words);
  throw usage('A server has either an address or a command.', 'Give --url URL, or -- COMMAND ARGS….');
}

function shellWord(name: string): string {
  return /^[\w.@%+=:,/-]+$/.test(name) ? name : `'${visible(name)}'`;
}
