import type { AgentSession } from '../downstream/types.ts';

/** A client that lists tools anew within the turn in which it hears that they changed. */
export interface RelistingClient {
  /** `clientInfo.name` as it is sent. */
  readonly name: string;
  /** The first version this was seen in, as major and minor number; earlier ones are not trusted to do it. */
  readonly since: readonly [number, number];
  /** How it is known. */
  readonly evidence: string;
}

const VSCODE = 'Real agent mode, 1.139.1: list_changed during tools/call, tools/list at once, the next model request of the same turn offers the new tool (test/agent/promotion.test.ts).';
const SAME_CODE = 'The same workbench code as code-server 1.139.1, under another product name.';

/**
 * Clients known to re-list within a turn. For any other client a promoted tool would cost tokens and arrive too late,
 * so a client joins this table only with a measurement (docs/clients.md).
 */
export const RELISTING_CLIENTS: readonly RelistingClient[] = [
  { name: 'code-server', since: [1, 139], evidence: VSCODE },
  { name: 'Visual Studio Code', since: [1, 139], evidence: SAME_CODE },
  { name: 'Visual Studio Code - Insiders', since: [1, 139], evidence: SAME_CODE },
];

/**
 * True when this session's client is in the table. Only sessions of the legacy era: a modern caller is every window
 * of its client at once, and a list of its own is not to be had.
 */
export function relistsInTurn({ era, client }: Pick<AgentSession, 'era' | 'client'>): boolean {
  if (era !== 'legacy') return false;
  const known = RELISTING_CLIENTS.find(({ name }) => name === client.name);
  const version = /^(\d{1,6})\.(\d{1,6})/.exec(client.version);
  if (known === undefined || version === null) return false;
  const [major, minor] = [Number(version[1]), Number(version[2])];
  return major > known.since[0] || (major === known.since[0] && minor >= known.since[1]);
}
