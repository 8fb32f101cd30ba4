import { visible } from '../../proxy/json/visible.ts';
import { fingerprintOf } from '../../proxy/quarantine/launch.ts';
import { COMMON_OPTIONS, CONFIG_OPTION, JSON_OPTION, type Command } from '../command.ts';
import { recordDecisions } from '../decisions.ts';
import { EXIT } from '../exit-code.ts';
import { placesOf } from '../places.ts';
import { printJson, printLine } from '../print.ts';
import { openState, upstreamNamed } from '../state.ts';

export const quarantineInspection: Command = {
  name: 'quarantine inspection',
  summary: 'Lets agents look at what of a server waits for approval, escaped and marked as untrusted; they can decide nothing.',
  options: {
    ...COMMON_OPTIONS,
    ...CONFIG_OPTION,
    ...JSON_OPTION,
    server: { value: 'S', help: 'The server. It ends when its launch changes.' },
    agents: { value: 'allow|refuse', help: 'allow: agents may list and inspect; refuse: they see nothing of it (default). Left out: say what holds.' },
  },
  async run(args) {
    const places = placesOf(args);
    const server = args.required('server');
    const chosen = args.choice('agents', ['allow', 'refuse'] as const);
    const state = await openState(places);
    try {
      const fingerprint = fingerprintOf(upstreamNamed(state.config, server));
      if (chosen !== undefined) {
        await state.approvals.setInspectable(server, chosen === 'allow' ? fingerprint : undefined, 'cli');
        await recordDecisions(places.data, [{ action: chosen === 'allow' ? 'allow-inspection' : 'end-inspection', server, subject: '', digest: fingerprint }]);
      }
      const agents = state.approvals.inspectable(server, fingerprint) ? 'allow' : 'refuse';
      if (args.has('json')) printJson({ server, agents });
      else printLine(`"${visible(server)}": ${agents === 'allow' ? 'agents may look at what waits for approval, as untrusted data' : 'agents see nothing of what waits for approval'}.`);
      return EXIT.ok;
    } finally {
      state.dispose();
    }
  },
};
