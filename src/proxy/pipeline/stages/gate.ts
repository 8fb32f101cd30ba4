import type { CatalogTool } from '../../catalog/types.ts';
import type { ServedTools } from '../../policy/served.ts';
import type { Withheld } from '../../quarantine/types.ts';
import { refusal } from '../refusal.ts';
import { toolOf } from '../call.ts';
import type { InboundStage, Outcome } from '../types.ts';

/** Only a definition that is served right now goes on: server enabled, launch and current digest approved. */
export function createGate(served: ServedTools): InboundStage & { readonly name: 'gate' } {
  return {
    name: 'gate',
    phase: 'in',
    run(call, next) {
      const tool = toolOf(call);
      return served.isServed(tool) ? next() : Promise.resolve(withheldRefusal(tool, served));
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
