import type { CatalogTool } from '../../catalog/types.ts';
import type { Pauses } from '../../pause/types.ts';
import type { ServedTools } from '../../policy/served.ts';
import type { Withheld } from '../../quarantine/types.ts';
import { cancelledByPause, pausedRefusal } from '../paused-refusal.ts';
import { refusal } from '../refusal.ts';
import { toolOf } from '../call.ts';
import type { InboundStage, Outcome } from '../types.ts';

/**
 * Only a definition that is served right now goes on: server enabled, launch and current digest approved, and nothing
 * of it paused. A person who pauses it may have the call cancelled while it is under way.
 */
export function createGate(served: ServedTools, pauses: Pauses): InboundStage & { readonly name: 'gate' } {
  return {
    name: 'gate',
    phase: 'in',
    async run(call, next) {
      const tool = toolOf(call);
      if (!served.isServed(tool)) return withheldRefusal(tool, served);
      const reach = pauses.reach(tool.server, tool.name);
      if (reach !== undefined) return pausedRefusal(tool, reach);
      const flight = pauses.enter(tool.server, tool.name, call.startedAt, call.signal);
      call.signal = flight.signal;
      try {
        const outcome = await next();
        return flight.cancelled && outcome.kind === 'ambiguous' ? cancelledByPause(tool) : outcome;
      } finally {
        flight.dispose();
      }
    },
  };
}

/**
 * The refusal for a tool that is not served. Names the server by its configured name and the person's next step;
 * never carries a byte of the upstream's own text (contract §5).
 */
export function withheldRefusal(tool: CatalogTool, served: ServedTools): Outcome {
  // A tool that left the catalog between two looks has no reason of its own any more.
  const reason: Withheld = served.reason(tool) ?? 'changed';
  const { code, message, action } = TEXTS[reason](tool.server);
  return refusal(code, message, { retryable: false, action });
}

const REVIEW = 'Ask the person to run “Vestibule: Review Quarantine” in the editor, or `vestibule quarantine list` in a terminal.';

const TEXTS: Readonly<
  Record<Withheld, (server: string) => { readonly code: 'awaiting_approval' | 'blocked' | 'not_permitted' | 'upstream_unavailable'; readonly message: string; readonly action: string }>
> = {
  pending: (server) => ({ code: 'awaiting_approval', message: `This tool of the server "${server}" awaits a person's approval.`, action: REVIEW }),
  changed: (server) => ({
    code: 'awaiting_approval',
    message: `This tool of the server "${server}" has changed since it was approved and awaits a person's approval again.`,
    action: REVIEW,
  }),
  launch: (server) => ({ code: 'awaiting_approval', message: `The server "${server}" awaits a person's approval before it may start.`, action: REVIEW }),
  version: (server) => ({ code: 'awaiting_approval', message: `The program behind the server "${server}" is another version than the one a person approved, and awaits approval again.`, action: REVIEW }),
  blocked: (server) => ({ code: 'blocked', message: `A person has blocked this tool of the server "${server}".`, action: 'Use another tool, or ask the person to unblock it.' }),
  denied: (server) => ({
    code: 'not_permitted',
    message: `The configuration of the server "${server}" does not allow this tool.`,
    action: 'Use another tool; the person can change tools.allow and tools.deny in the servers file.',
  }),
  disabled: (server) => ({
    code: 'upstream_unavailable',
    message: `The server "${server}" is switched off.`,
    action: 'Ask the person to enable it in the Vestibule view.',
  }),
};
