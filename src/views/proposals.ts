import type { GatewayApi } from '../proxy/api.ts';
import type { Dialogs } from './dialogs.ts';
import { launchLine } from './present/launch.ts';
import { confirmProposal } from './present/proposal.ts';
import { oneLine } from './text.ts';

/** What answering proposals needs from the rest of the editor side. */
export interface ProposalsContext {
  readonly host: { start(): Promise<GatewayApi> };
  readonly dialogs: Pick<Dialogs, 'pick' | 'confirm' | 'inform'>;
  /** Shows a text of our own in a read-only document. */
  readonly documents: { preview(title: string, text: string): Promise<void> };
}

/** Shows a server that an agent asks for, whole, and adds it where the person accepts; its tools still wait. */
export async function reviewProposal({ host, dialogs, documents }: ProposalsContext): Promise<void> {
  const gateway = await host.start();
  const { proposals = [] } = gateway.snapshot();
  const [first] = proposals;
  if (first === undefined) return dialogs.inform('No agent asks for a server.');
  const proposal = proposals.length === 1 ? first : await dialogs.pick('Which proposal?', proposals.map((one) => ({ label: oneLine(one.name, 60), description: oneLine(one.agent, 60), detail: oneLine(launchLine(one), 300), value: one })));
  if (proposal === undefined) return;
  const question = confirmProposal(proposal);
  if (question.needsDocument) await documents.preview(`Proposed server ${proposal.name}`, question.document);
  // The default button adds nothing (security U5).
  if (!(await dialogs.confirm(question, { label: 'Decline', run: () => gateway.declineProposal(proposal.id) }))) return;
  const name = await gateway.acceptProposal(proposal.id);
  dialogs.inform(`“${oneLine(name, 60)}” was added. Its tools wait for your approval.`);
}
