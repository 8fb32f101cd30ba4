import type { AgentRecord } from '../../proxy/agents/types.ts';

/** An agent as `--json` prints it: times as ISO 8601, and nothing that its token could be told from. */
export function agentJson({ name, grant, profile, perMinute, budget, createdAt, expiresAt }: AgentRecord) {
  return {
    name,
    servers: grant.servers,
    tools: grant.tools,
    tier: grant.tier,
    ...(profile !== undefined && { profile }),
    ...(perMinute !== undefined && { perMinute }),
    ...(budget !== undefined && { budget }),
    createdAt: new Date(createdAt).toISOString(),
    ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt).toISOString() }),
  };
}

/** Globs as a person reads them. */
export function globsText(globs: readonly string[] | 'all'): string {
  return globs === 'all' ? 'all' : globs.join(', ');
}
