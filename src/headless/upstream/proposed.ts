import { addInput, addServer, editServersFile } from '../../proxy/config/edit.ts';
import type { VestibuleError } from '../../proxy/errors.ts';
import { openProposalStore } from '../../proxy/proposals/proposal-store.ts';
import type { Proposal, ProposalStore } from '../../proxy/proposals/types.ts';
import { openApprovalStore } from '../../proxy/quarantine/approval-store.ts';
import { fingerprintOf } from '../../proxy/quarantine/launch.ts';
import { recordDecisions } from '../decisions.ts';
import { describeError } from '../exit-code.ts';
import type { Places } from '../places.ts';
import { printNote } from '../print.ts';
import { readConfig, upstreamNamed } from '../state.ts';

/** Servers that agents ask for, oldest first. */
export function proposalsOf(places: Places): Promise<readonly Proposal[]> {
  return withProposals(places, (store) => Promise.resolve(store.all));
}

/**
 * Adds the server of a proposal to the person's own file and approves its launch, which `upstream list` shows; its tools
 * wait. @returns the proposal; undefined when no agent asks for a server of this name, or there is one already
 * @throws VestibuleError as editing the servers file does
 */
export function acceptProposed(places: Places, name: string): Promise<Proposal | undefined> {
  return withProposals(places, async (store) => {
    const { upstreams } = await readConfig(places);
    const proposal = store.all.find((one) => one.name === name);
    if (proposal === undefined || upstreams.some((upstream) => upstream.name === name)) return undefined;
    await editServersFile(places.userFile, [...proposal.inputs.map((input) => addInput(input)), addServer(name, proposal.entry)]);
    const fingerprint = fingerprintOf(upstreamNamed(await readConfig(places), name));
    const approvals = await openApprovalStore(places.data, { onProblem: told });
    try {
      await approvals.approveLaunch(name, fingerprint, 'cli');
    } finally {
      approvals.dispose();
    }
    await store.take(proposal.id);
    await recordDecisions(places.data, [
      { action: 'accept-proposal', server: name, subject: proposal.agent, digest: undefined },
      { action: 'approve-launch', server: name, subject: '', digest: fingerprint },
    ]);
    return proposal;
  });
}

/** Declines the proposal of this name. @returns false when there is none, or a server has the name */
export function declineProposed(places: Places, name: string): Promise<boolean> {
  return withProposals(places, async (store) => {
    const { upstreams } = await readConfig(places);
    const proposal = store.all.find((one) => one.name === name);
    if (proposal === undefined || upstreams.some((upstream) => upstream.name === name)) return false;
    await store.take(proposal.id);
    await recordDecisions(places.data, [{ action: 'decline-proposal', server: name, subject: proposal.agent, digest: undefined }]);
    return true;
  });
}

async function withProposals<T>({ data }: Places, run: (store: ProposalStore) => Promise<T>): Promise<T> {
  const store = await openProposalStore(data, { onProblem: told });
  try {
    return await run(store);
  } finally {
    store.dispose();
  }
}

function told(problem: VestibuleError): void {
  printNote(describeError(problem));
}
