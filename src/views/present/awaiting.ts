import type { ToolSnapshot, UpstreamSnapshot } from '../../proxy/api.ts';
import type { ApprovalStatus, RawJson } from '../../proxy/model.ts';
import type { DefinitionRef } from '../../proxy/quarantine/types.ts';
import type { Finding } from '../../proxy/scanner/types.ts';
import type { ViewState } from './view-state.ts';

/** One definition at its present digest, with what a person needs to decide. */
export interface Definition {
  readonly ref: DefinitionRef;
  readonly status: ApprovalStatus;
  /** Its description, or the instructions themselves; untrusted. */
  readonly text: string;
  /** The whole definition as received; undefined for instructions. */
  readonly raw: RawJson | undefined;
  readonly approvedRaw: RawJson | undefined;
  readonly tier: ToolSnapshot['tier'] | undefined;
  /** What the scanner found; left out while it was not scanned yet. */
  readonly findings?: readonly Finding[];
}

/** One server for the quarantine: what waits for a person, or what cannot be served. */
export interface AwaitingServer {
  readonly upstream: UpstreamSnapshot;
  /** The launch comes first: until it is approved nothing else of the server can be decided. */
  readonly launch: boolean;
  readonly definitions: readonly Definition[];
}

/** All that a server's approval covers, each at its present digest: instructions, tools by name, then resources, templates and prompts. */
export function definitionsOf(upstream: UpstreamSnapshot): readonly Definition[] {
  const { name: server, instructions } = upstream;
  const tools = upstream.tools
    .map((tool): Definition => ({
      ref: { server, kind: 'tool', name: tool.name, digest: tool.digest },
      status: tool.status,
      text: tool.description,
      raw: tool.raw,
      approvedRaw: tool.approvedRaw,
      tier: tool.tier,
      ...(tool.findings !== undefined && { findings: tool.findings }),
    }))
    .sort((a, b) => compare(a.ref.name, b.ref.name));
  const others = (upstream.definitions ?? []).map(({ kind, name, digest, status, description, raw, approvedRaw, findings }): Definition => ({
    ref: { server, kind, name, digest },
    status,
    text: description,
    raw,
    approvedRaw,
    tier: undefined,
    ...(findings !== undefined && { findings }),
  }));
  if (instructions === undefined) return [...tools, ...others];
  return [
    {
      ref: { server, kind: 'instructions', name: '', digest: instructions.digest },
      status: instructions.status,
      text: instructions.text,
      raw: undefined,
      approvedRaw: instructions.approvedRaw,
      tier: undefined,
      ...(instructions.findings !== undefined && { findings: instructions.findings }),
    },
    ...tools,
    ...others,
  ];
}

/** True when nobody has decided about this definition as it is now. */
export function isAwaiting(definition: Definition): boolean {
  return definition.status === 'pending' || definition.status === 'changed';
}

/** True while Restricted Mode keeps this server from starting, whatever was approved. */
export function needsTrust(upstream: UpstreamSnapshot, trusted: boolean): boolean {
  return !trusted && upstream.config.origin === 'workspace';
}

/** What of one server is in quarantine; undefined when nothing is. Held definitions are shown, not decided. */
export function awaitingOf(upstream: UpstreamSnapshot, trusted: boolean): AwaitingServer | undefined {
  if (!upstream.config.enabled || needsTrust(upstream, trusted)) return undefined;
  if (!upstream.launch.approved) return { upstream, launch: true, definitions: [] };
  const definitions = definitionsOf(upstream).filter(isAwaiting);
  return definitions.length + upstream.held.length === 0 ? undefined : { upstream, launch: false, definitions };
}

/** Everything that waits, by server name. Workspace servers count once the workspace is trusted. */
export function awaiting({ snapshot, trusted }: ViewState): readonly AwaitingServer[] {
  return [...snapshot.upstreams]
    .sort((a, b) => compare(a.name, b.name))
    .map((upstream) => awaitingOf(upstream, trusted))
    .filter((found) => found !== undefined);
}

/** How many decisions wait: the quarantine badge. */
export function awaitingCount(state: ViewState): number {
  return awaiting(state).reduce((sum, server) => sum + (server.launch ? 1 : server.definitions.length), 0);
}

/** Order by code unit: stable whatever the locale. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
