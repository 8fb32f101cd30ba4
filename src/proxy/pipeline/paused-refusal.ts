import type { CatalogTool } from '../catalog/types.ts';
import type { PauseReach } from '../pause/types.ts';
import { refusal } from './refusal.ts';
import type { Outcome } from './types.ts';

/** The refusal of a call that a person's pause covers: it never left, and the same call may succeed later. */
export function pausedRefusal({ server }: CatalogTool, reach: PauseReach): Outcome {
  const name = JSON.stringify(server);
  const what = { all: 'all tools', server: `the server ${name}`, tool: `this tool of the server ${name}` }[reach];
  return refusal('paused', `A person has paused ${what}. The call was not sent.`, { retryable: true, action: RESUME[reach] });
}

/** The outcome of a call that was cancelled by a pause while it was under way: nobody knows whether it took effect. */
export function cancelledByPause({ server }: CatalogTool): Outcome {
  const message = `A person has paused the server ${JSON.stringify(server)} or its tool and cancelled this call; it may have taken effect before.`;
  const action = 'Do not call it again until the person resumes it, and check first whether it took effect.';
  return { ...refusal('paused', message, { retryable: true, action }), kind: 'ambiguous' };
}

const RESUME: Readonly<Record<PauseReach, string>> = {
  all: 'Wait, or ask the person to run “Vestibule: Resume All” in the editor, or `vestibule resume` in a terminal; then call again.',
  server: 'Use another server, or ask the person to resume this one in the Vestibule view, or with `vestibule resume --server` in a terminal; then call again.',
  tool: 'Use another tool, or ask the person to resume this one in the Vestibule view, or with `vestibule resume --server --tool` in a terminal; then call again.',
};
