import { openConsentStore } from '../../proxy/consent/consent-store.ts';
import { COMMON_OPTIONS, JSON_OPTION, type Command } from '../command.ts';
import { recordDecisions } from '../decisions.ts';
import { describeError, EXIT } from '../exit-code.ts';
import { placesOf } from '../places.ts';
import { printJson, printLine, printNote } from '../print.ts';
import { withAgents } from './store.ts';

export const agentRevoke: Command = {
  name: 'agent revoke',
  summary: "Takes an agent's token back: its next request is refused, by every gateway over this state folder.",
  options: { ...COMMON_OPTIONS, ...JSON_OPTION, name: { value: 'N', help: 'The agent.' } },
  async run(args) {
    const { data } = placesOf(args);
    const name = args.required('name');
    await withAgents(placesOf(args), (store) => store.revoke(name));
    await recordDecisions(data, [{ action: 'agent-revoke', server: '', subject: name, digest: undefined }]);
    await forgetConsents(data, name);
    if (args.has('json')) printJson({ name, revoked: true });
    else printLine(`Revoked ${name}.`);
    return EXIT.ok;
  },
};

/** Forgets what was allowed to an agent: whoever gets this name next is somebody else. @throws VestibuleError */
export async function forgetConsents(data: string, name: string): Promise<void> {
  const consents = await openConsentStore(data, { onProblem: (problem) => printNote(describeError(problem)) });
  try {
    const own = consents.all.filter((consent) => consent.kind !== 'ask' && consent.principal === name);
    if (own.length > 0) await consents.revoke(own);
  } finally {
    consents.dispose();
  }
}
