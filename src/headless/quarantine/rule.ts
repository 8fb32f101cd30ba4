import { visible } from '../../proxy/json/visible.ts';
import { fingerprintOf } from '../../proxy/quarantine/launch.ts';
import { usage } from '../args.ts';
import { COMMON_OPTIONS, CONFIG_OPTION, JSON_OPTION, type Command } from '../command.ts';
import { recordDecisions } from '../decisions.ts';
import { EXIT } from '../exit-code.ts';
import { placesOf } from '../places.ts';
import { printJson, printLine } from '../print.ts';
import { openState, upstreamNamed } from '../state.ts';

export const quarantineRule: Command = {
  name: 'quarantine rule',
  summary: 'Accepts a server\'s changes of descriptions without asking, where the scanner finds nothing in them; never of schemas or annotations.',
  options: {
    ...COMMON_OPTIONS,
    ...CONFIG_OPTION,
    ...JSON_OPTION,
    server: { value: 'S', help: 'The server. The rule ends when its launch changes.' },
    descriptions: { value: 'accept|review', help: 'accept: without asking; review: every change waits (default). Left out: say what holds.' },
  },
  async run(args) {
    const places = placesOf(args);
    const server = args.required('server');
    const chosen = args.choice('descriptions', ['accept', 'review'] as const);
    const state = await openState(places);
    try {
      const fingerprint = fingerprintOf(upstreamNamed(state.config, server));
      if (chosen === 'accept' && !state.approvals.launchApproved(server, fingerprint)) throw usage(`The launch of "${server}" is not approved.`, 'Approve it first: vestibule upstream approve --name …');
      if (chosen !== undefined) {
        await state.approvals.setAcceptsDescriptions(server, chosen === 'accept' ? fingerprint : undefined, 'cli');
        await recordDecisions(places.data, [{ action: chosen === 'accept' ? 'accept-descriptions' : 'review-descriptions', server, subject: '', digest: fingerprint }]);
      }
      const descriptions = state.approvals.acceptsDescriptions(server, fingerprint) ? 'accept' : 'review';
      if (args.has('json')) printJson({ server, descriptions });
      else printLine(`"${visible(server)}": ${descriptions === 'accept' ? 'changes of descriptions alone are accepted when the scanner finds nothing in them' : 'every change waits for review'}.`);
      return EXIT.ok;
    } finally {
      state.dispose();
    }
  },
};
