import { join } from 'node:path';
import type { InputEntry } from '../config/edit.ts';
import type { VestibuleError } from '../errors.ts';
import { BadShapeError, listAt, numberAt, recordAt, stringAt } from '../storage/parse-state.ts';
import { StateFile } from '../storage/state-file.ts';
import type { Proposal, ProposalStore } from './types.ts';

/** More than a person looks through; an agent in a loop must not fill the list. */
const MAX_PROPOSALS = 30;
const MAX_OF_ONE = 5;

/** Opens the proposals of a data folder: `proposals.json`, shared by every process that uses it. @throws VestibuleError `data-folder-unreadable` */
export async function openProposalStore(dataDir: string, options: { readonly onProblem: (problem: VestibuleError) => void }): Promise<ProposalStore> {
  const file = await StateFile.open<readonly Proposal[]>({
    path: join(dataDir, 'proposals.json'),
    version: 1,
    empty: [],
    decode: (state) => listAt(state, ['state']).map((value, i) => proposalAt(value, i)),
    encode: (proposals) => proposals,
    report: options.onProblem,
  });
  return {
    onDidChange: (listener) => file.onDidChange(() => listener()),
    get all() {
      return file.state;
    },
    async add(proposal) {
      let room = false;
      await file.update((known) => {
        room = known.length < MAX_PROPOSALS && known.filter(({ agent }) => agent === proposal.agent).length < MAX_OF_ONE;
        return room ? [...known, proposal] : known;
      });
      return room;
    },
    async take(id) {
      let taken: Proposal | undefined;
      await file.update((known) => {
        taken = known.find((proposal) => proposal.id === id);
        return taken === undefined ? known : known.filter((proposal) => proposal !== taken);
      });
      return taken;
    },
    dispose: () => file.dispose(),
  };
}

function proposalAt(value: unknown, i: number): Proposal {
  const path = ['state', i] as const;
  const { id, at, agent, name, entry, inputs, reason } = recordAt(value, path);
  return {
    id: stringAt(id, [...path, 'id']),
    at: numberAt(at, [...path, 'at']),
    agent: stringAt(agent, [...path, 'agent']),
    name: stringAt(name, [...path, 'name']),
    entry: recordAt(entry, [...path, 'entry']),
    inputs: listAt(inputs, [...path, 'inputs']).map((input, j) => inputAt(input, [...path, 'inputs', j])),
    reason: stringAt(reason, [...path, 'reason']),
  };
}

function inputAt(value: unknown, path: readonly (string | number)[]): InputEntry {
  const input = recordAt(value, path);
  const { id } = input;
  if (typeof id !== 'string') throw new BadShapeError([...path, 'id'], 'a string');
  return { ...input, id };
}
