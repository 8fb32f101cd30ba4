import { openAgentStore } from '../../proxy/agents/agent-store.ts';
import type { AgentStore } from '../../proxy/agents/types.ts';
import { describeError } from '../exit-code.ts';
import type { Places } from '../places.ts';
import { printNote } from '../print.ts';

/** Opens the agents of a data folder for the time of one command. A file that cannot be read is told on stderr. */
export async function withAgents<T>({ data }: Places, run: (store: AgentStore) => Promise<T>): Promise<T> {
  const store = await openAgentStore(data, { onProblem: (problem) => printNote(describeError(problem)) });
  try {
    return await run(store);
  } finally {
    store.dispose();
  }
}
