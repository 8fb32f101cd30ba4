import { removeServer } from '../../proxy/config/edit.ts';
import { visible } from '../../proxy/json/visible.ts';
import { openApprovalStore } from '../../proxy/quarantine/approval-store.ts';
import { COMMON_OPTIONS, CONFIG_OPTION, JSON_OPTION, type Command } from '../command.ts';
import { recordDecisions } from '../decisions.ts';
import { describeError, EXIT } from '../exit-code.ts';
import { placesOf } from '../places.ts';
import { printJson, printLine, printNote } from '../print.ts';
import { declineProposed } from './proposed.ts';
import { editDeclaration } from './declared.ts';

export const upstreamRemove: Command = {
  name: 'upstream remove',
  summary: 'Removes a server from its servers file, and the approval of its launch with it.',
  options: { ...COMMON_OPTIONS, ...CONFIG_OPTION, ...JSON_OPTION, name: { value: 'NAME', help: 'Its name.' } },
  async run(args) {
    const places = placesOf(args);
    const name = args.required('name');
    if (await declineProposed(places, name)) {
      if (args.has('json')) printJson({ name, declined: true });
      else printLine(`Declined the proposal "${visible(name)}".`);
      return EXIT.ok;
    }
    const file = await editDeclaration(places, name, removeServer(name));
    const approvals = await openApprovalStore(places.data, { onProblem: (error) => printNote(describeError(error)) });
    try {
      await approvals.revokeLaunch(name, 'cli');
    } finally {
      approvals.dispose();
    }
    await recordDecisions(places.data, [{ action: 'revoke-launch', server: name, subject: '', digest: undefined }]);
    if (args.has('json')) printJson({ name, file });
    else printLine(`Removed "${visible(name)}" from ${visible(file)}.`);
    return EXIT.ok;
  },
};
