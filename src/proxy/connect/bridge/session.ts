import type { RawJson } from '../../model.ts';

/** A session of the legacy era that the bridge opened for its client. */
export interface BridgeSession {
  readonly url: string;
  /** Absent from servers without sessions. */
  readonly id: string | undefined;
  /** The revision that was negotiated. */
  readonly version: string | undefined;
  /** Raw capabilities of the gateway. */
  readonly capabilities: RawJson;
}

/** The headers of everything that belongs to a session. */
export function sessionHeaders({ id, version }: BridgeSession): Readonly<Record<string, string>> {
  return { ...(id !== undefined && { 'mcp-session-id': id }), ...(version !== undefined && { 'mcp-protocol-version': version }) };
}
