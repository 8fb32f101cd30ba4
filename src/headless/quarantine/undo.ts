import { visible } from '../../proxy/json/visible.ts';
import { openApprovalStore } from '../../proxy/quarantine/approval-store.ts';
import type { DecisionSummary } from '../../proxy/quarantine/types.ts';
import { COMMON_OPTIONS, JSON_OPTION, type Command } from '../command.ts';
import { recordDecisions } from '../decisions.ts';
import { describeError, EXIT } from '../exit-code.ts';
import { placesOf } from '../places.ts';
import { printJson, printLine, printNote } from '../print.ts';
import { titleOf } from '../state.ts';

export const quarantineUndo: Command = {
  name: 'quarantine undo',
  summary: 'Takes back the newest decision: what stood before it stands again. Again for the one before.',
  options: { ...COMMON_OPTIONS, ...JSON_OPTION, 'dry-run': { help: 'Only say which decision that is.' } },
  async run(args) {
    const places = placesOf(args);
    const approvals = await openApprovalStore(places.data, { onProblem: (problem) => printNote(describeError(problem)) });
    try {
      const dryRun = args.has('dry-run');
      const decision = dryRun ? approvals.lastDecision() : await approvals.undo(undefined);
      if (decision === undefined) {
        printLine('There is no decision to undo.');
        return EXIT.ok;
      }
      if (!dryRun) {
        const subjects = decision.refs.length > 0 ? decision.refs : [{ server: decision.server ?? '', name: '', digest: decision.digest }];
        await recordDecisions(places.data, subjects.map(({ server, name, digest }) => ({ action: 'undo', server, subject: name, digest, diff: [decision.action] })));
      }
      if (args.has('json')) printJson(decision);
      else for (const line of linesOf(decision)) printLine(`${dryRun ? 'Would undo' : 'Undone'}: ${line}`);
      return EXIT.ok;
    } finally {
      approvals.dispose();
    }
  },
};

function linesOf({ action, at, by, refs, server, digest }: DecisionSummary): readonly string[] {
  const when = `${by}, ${new Date(at).toISOString()}`;
  if (refs.length === 0) return [`${action} ${visible(server ?? digest ?? '')} (${when})`];
  return refs.map((ref) => `${action} ${visible(titleOf(ref))} (${when})`);
}
