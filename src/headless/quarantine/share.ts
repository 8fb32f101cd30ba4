import { VestibuleError } from '../../proxy/errors.ts';
import { visible } from '../../proxy/json/visible.ts';
import { fingerprintOf } from '../../proxy/quarantine/launch.ts';
import type { Lock, LockedServer } from '../../proxy/quarantine/lockfile/lock-format.ts';
import { saveLock } from '../../proxy/quarantine/lockfile/save-lock.ts';
import { COMMON_OPTIONS, JSON_OPTION, type Command } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { placesOf } from '../places.ts';
import { printJson, printLine } from '../print.ts';
import { definitionsOf, openState, type State } from '../state.ts';
import { lockFileOf } from './lock-file.ts';

export const quarantineShare: Command = {
  name: 'quarantine share',
  summary: "Writes what is approved of the workspace's servers to .vscode/vestibule.lock.json.",
  options: { ...COMMON_OPTIONS, ...JSON_OPTION },
  async run(args) {
    const places = placesOf(args);
    const state = await openState(places);
    try {
      const lock = approvedLock(state);
      if (lock.size === 0) {
        throw new VestibuleError('not-found', 'Nothing of a server of this workspace is approved.', { action: 'Approve what the team may use first: vestibule upstream approve --name …' });
      }
      const file = lockFileOf(places);
      await saveLock(file, lock);
      if (args.has('json')) printJson({ file, servers: [...lock].map(([name, { tools }]) => ({ name, tools: tools.size })) });
      else {
        for (const [name, { tools }] of lock) printLine(`"${visible(name)}": ${tools.size} tools`);
        printLine(`Written to ${visible(file)}.`);
      }
      return EXIT.ok;
    } finally {
      state.dispose();
    }
  },
};

/** Everything of the workspace's servers that is approved at the digest last seen; a server only with its launch. */
function approvedLock(state: State): Lock {
  const shared = state.config.upstreams.filter((upstream) => upstream.origin === 'workspace' && state.approvals.launchApproved(upstream.name, fingerprintOf(upstream)));
  return new Map(
    shared.map((upstream): [string, LockedServer] => {
      const approved = definitionsOf(state, upstream.name).filter(({ status }) => status === 'approved').map(({ ref }) => ref);
      return [upstream.name, {
        fingerprint: fingerprintOf(upstream),
        instructions: approved.find(({ kind }) => kind === 'instructions')?.digest,
        tools: new Map(approved.filter(({ kind }) => kind === 'tool').map(({ name, digest }) => [name, digest])),
      }];
    }),
  );
}
