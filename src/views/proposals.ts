import type { GatewayApi, ProposalSnapshot } from '../proxy/api.ts';
import { scanLaunch } from '../proxy/scanner/launch.ts';
import { visible } from '../proxy/json/visible.ts';
import type { Dialogs } from './dialogs.ts';
import { launchLine } from './present/launch.ts';
import { oneLine } from './text.ts';

/** What answering proposals needs from the rest of the editor side. */
export interface ProposalsContext {
  readonly host: { start(): Promise<GatewayApi> };
  readonly dialogs: Pick<Dialogs, 'pick' | 'modal' | 'inform'>;
}

const ACCEPT = 'Add Server';
const DECLINE = 'Decline';

/** Shows a server that an agent asks for, whole, and adds it where the person accepts; its tools still wait. */
export async function reviewProposal({ host, dialogs }: ProposalsContext): Promise<void> {
  const gateway = await host.start();
  const { proposals = [] } = gateway.snapshot();
  const [first] = proposals;
  if (first === undefined) return dialogs.inform('No agent asks for a server.');
  const proposal = proposals.length === 1 ? first : await dialogs.pick('Which proposal?', proposals.map((one) => ({ label: oneLine(one.name, 60), description: oneLine(one.agent, 60), detail: oneLine(launchLine(one), 300), value: one })));
  if (proposal === undefined) return;
  const answer = await dialogs.modal(`An agent asks for the server “${oneLine(proposal.name, 60)}”.`, proposalText(proposal), [ACCEPT, DECLINE]);
  if (answer === DECLINE) await gateway.declineProposal(proposal.id);
  if (answer !== ACCEPT) return;
  const name = await gateway.acceptProposal(proposal.id);
  dialogs.inform(`“${oneLine(name, 60)}” was added. Its tools wait for your approval.`);
}

/** What accepting means: the exact command or address, and what there is to say about it. */
export function proposalText(proposal: ProposalSnapshot): string {
  const act = proposal.argv === undefined ? 'Accepting lets Vestibule connect to this address:' : 'Accepting runs this command on your machine:';
  const reason = proposal.reason === '' ? [] : [`In the agent’s words: ${oneLine(proposal.reason, 300)}`];
  return [act, launchLine(proposal), ...scanLaunch(proposal.argv).map(({ why, action }) => `⚠ ${visible(why)} ${action}`), `Asked for by ${visible(proposal.agent)}.`, ...reason].join('\n\n');
}
