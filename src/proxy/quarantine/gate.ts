import type { UpstreamConfig } from '../config/types.ts';
import type { Digest, ServerName } from '../model.ts';
import { compileFilter } from '../policy/tool-filter.ts';
import type { ApprovalStore, DefinitionRef, Withheld } from './types.ts';

/** What the gate looks at besides the definition itself. */
export interface GateInput {
  readonly config: Pick<UpstreamConfig, 'enabled' | 'tools'>;
  readonly approvals: Pick<ApprovalStore, 'status'>;
  /** Whether the server's launch at its current fingerprint is approved, and may take effect here. */
  readonly launchApproved: boolean;
  /** Whether the program behind the launch waits for approval, and is to be held until then (security W12). */
  readonly versionHeld?: boolean;
}

type ToolFilter = UpstreamConfig['tools'];

// Filters come with an immutable configuration and are asked once per tool; compiled once per configuration.
const permissions = new WeakMap<ToolFilter, (name: string) => boolean>();

/**
 * Why this definition may be neither listed nor called now, or undefined when it may. Everything but an approval of
 * the very digest it has now keeps it back (invariants I1, I3). Pure.
 * @param input undefined for a server that is not configured
 */
export function withheld(
  tool: { readonly server: ServerName; readonly name: string; readonly digest: Digest },
  input: GateInput | undefined,
): Withheld | undefined {
  if (input?.config.enabled !== true) return 'disabled';
  const { config, approvals, launchApproved, versionHeld } = input;
  if (!permitted(config.tools, tool.name)) return 'denied';
  if (!launchApproved) return 'launch';
  if (versionHeld === true) return 'version';
  const status = approvals.status({ server: tool.server, kind: 'tool', name: tool.name, digest: tool.digest });
  return status === 'approved' ? undefined : status;
}

/**
 * As `withheld`, for what is no tool: instructions, prompts, templates, and resources as a whole. Pure.
 */
export function withheldContent(ref: DefinitionRef, input: GateInput | undefined): Withheld | undefined {
  if (input?.config.enabled !== true) return 'disabled';
  const { approvals, launchApproved, versionHeld } = input;
  if (!launchApproved) return 'launch';
  if (versionHeld === true) return 'version';
  const status = approvals.status(ref);
  return status === 'approved' ? undefined : status;
}

/** True when `tools.allow` and `tools.deny` of a servers file let this tool be used, by the upstream's own name. Denying wins. */
export function permitted(filter: ToolFilter, name: string): boolean {
  let permission = permissions.get(filter);
  if (permission === undefined) {
    const allowed = filter.allow === undefined ? () => true : compileFilter(filter.allow, false);
    const denied = compileFilter(filter.deny, true);
    permission = (candidate) => allowed(candidate) && !denied(candidate);
    permissions.set(filter, permission);
  }
  return permission(name);
}
