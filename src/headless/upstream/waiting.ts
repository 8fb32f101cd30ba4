import type { UpstreamSnapshot } from '../../proxy/api.ts';
import type { DefinitionRef } from '../../proxy/quarantine/types.ts';

/** Everything of a server that is not approved; a block is lifted by naming the tool, not by this. */
export function waitingOf({ name: server, tools, instructions, definitions = [] }: UpstreamSnapshot): DefinitionRef[] {
  const waiting = (status: string): boolean => status === 'pending' || status === 'changed';
  return [
    ...(instructions !== undefined && waiting(instructions.status) ? [{ server, kind: 'instructions' as const, name: '', digest: instructions.digest }] : []),
    ...definitions.filter(({ status }) => waiting(status)).map(({ kind, name, digest }) => ({ server, kind, name, digest })),
    ...tools.filter(({ status }) => waiting(status)).map(({ name, digest }) => ({ server, kind: 'tool' as const, name, digest })),
  ];
}
