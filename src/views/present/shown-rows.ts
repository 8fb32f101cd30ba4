import { agentRows, agentsMessage } from './agents.ts';
import { failureRows } from './failure.ts';
import { findingProblems } from './findings.ts';
import { offlineMessage } from './offline.ts';
import { quarantineRows } from './quarantine.ts';
import { upstreamRows } from './upstreams.ts';

/**
 * What is worked out only when somebody looks: the rows of the views, and what stands above them. One door, as it is
 * loaded with the commands' bundle: a window whose views stay closed never loads it.
 */
export const shownRows = { failureRows, upstreamRows, quarantineRows, agentRows, agentsMessage, offlineMessage, findingProblems } as const;
