import type { DefinitionSnapshot, GatewaySnapshot, InstructionsSnapshot, ToolSnapshot, UpstreamSnapshot } from '../proxy/api.ts';
import type { DefinitionState, GatewayState, ServerState } from './types.ts';

/** What programs see of a snapshot: a shape of its own, so that the core may change behind it. */
export function stateOf({ upstreams, agents, sessions, pause, problems }: GatewaySnapshot): GatewayState {
  return {
    servers: upstreams.map(serverState),
    agents: agents.map(({ name, expiresAt, lastSeenAt }) => ({ name, ...(expiresAt !== undefined && { expiresAt }), ...(lastSeenAt !== undefined && { lastSeenAt }) })),
    sessions: sessions.length,
    paused: { all: pause.all, servers: pause.servers, tools: pause.tools },
    problems: problems.map(({ severity, message, fix }) => ({ severity, message, fix })),
  };
}

function serverState({ name, state, launch, tools, instructions, definitions = [] }: UpstreamSnapshot): ServerState {
  const { fingerprint, approved, argv, url } = launch;
  return {
    name,
    state: state.kind,
    ...(state.kind === 'failed' && { problem: { message: state.error.message, action: state.error.action } }),
    launch: { fingerprint, approved, ...(argv && { argv }), ...(url !== undefined && { url }) },
    definitions: [...(instructions === undefined ? [] : [instructionsState(name, instructions)]), ...definitions.map((definition) => contentState(name, definition)), ...tools.map((tool) => toolState(name, tool))],
  };
}

function toolState(server: string, { name, digest, status, raw, tier, exposedName }: ToolSnapshot): DefinitionState {
  return { server, kind: 'tool', name, digest, status, definition: raw, tier, exposedName };
}

function contentState(server: string, { kind, name, digest, status, raw }: DefinitionSnapshot): DefinitionState {
  return { server, kind, name, digest, status, definition: raw };
}

function instructionsState(server: string, { text, digest, status }: InstructionsSnapshot): DefinitionState {
  return { server, kind: 'instructions', name: '', digest, status, definition: JSON.stringify(text) };
}
