import type { GatewaySnapshot, UpstreamSnapshot } from '../../proxy/api.ts';

/** What an operator may know: how things stand, without definitions, arguments, results, launches or secrets. */
export function statusOf({ agents, lostRecords, pause, problems, rate, sessions, upstreams }: GatewaySnapshot): object {
  return {
    upstreams: upstreams.map(upstreamOf),
    sessions: sessions.map(({ agent, client, era, kind, since }) => ({ agent, client, era, kind, since })),
    agents: agents.map(({ budget, callsToday, createdAt, expired, expiresAt, grant, lastSeenAt, name, perMinute, profile, rate: own }) => ({ name, grant, profile, perMinute, createdAt, expiresAt, expired, lastSeenAt, callsToday, rate: own, budget })),
    pause,
    rate,
    problems: problems.map(({ at, fix, message, server, severity }) => ({ severity, message, fix, at, server })),
    lostRecords,
  };
}

function upstreamOf({ config: { enabled, name, origin }, flow, launch, state, tools, underWay }: UpstreamSnapshot): object {
  const counts = { approved: 0, waiting: 0, blocked: 0 };
  for (const { status } of tools) counts[status === 'approved' || status === 'blocked' ? status : 'waiting']++;
  return {
    name,
    enabled,
    origin,
    // Messages may quote what a server wrote.
    state: state.kind === 'failed' || state.kind === 'sign-in-needed' ? { kind: state.kind, reason: state.error?.reason } : { kind: state.kind },
    launchApproved: launch.approved,
    tools: counts,
    underWay: underWay ?? 0,
    flow,
  };
}
