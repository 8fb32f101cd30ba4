import type { ToolSnapshot, UpstreamSnapshot } from '../../proxy/api.ts';

/** What the Upstreams view is narrowed to. */
export interface TreeFilter {
  /** As typed. */
  readonly text: string;
  /** True when a server is shown, with all it has. */
  readonly server: (upstream: UpstreamSnapshot) => boolean;
  /** True when a tool is shown although its server is not. */
  readonly tool: (upstream: UpstreamSnapshot, tool: ToolSnapshot) => boolean;
}

/** Words that stand for a state instead of for a part of a name. */
const STATES: ReadonlyMap<string, (upstream: UpstreamSnapshot) => boolean> = new Map(Object.entries<(upstream: UpstreamSnapshot) => boolean>({
  '@failed': ({ state }) => state.kind === 'failed' || state.kind === 'sign-in-needed' || state.kind === 'needs-input',
  '@ready': ({ state }) => state.kind === 'ready',
  '@off': ({ config }) => !config.enabled,
  '@workspace': ({ config }) => config.origin === 'workspace',
  '@remote': ({ config }) => config.transport.type !== 'stdio',
}));

/** Words that stand for what was decided about a tool. */
const STATUSES: ReadonlyMap<string, (tool: ToolSnapshot) => boolean> = new Map(Object.entries<(tool: ToolSnapshot) => boolean>({
  '@review': ({ status }) => status === 'pending' || status === 'changed',
  '@approved': ({ status }) => status === 'approved',
  '@blocked': ({ status }) => status === 'blocked',
  '@read': ({ tier }) => tier === 'read',
  '@write': ({ tier }) => tier === 'write',
  '@destructive': ({ tier }) => tier === 'destructive',
}));

/** All words a filter knows, for whoever types one. */
export const FILTER_WORDS: readonly string[] = [...STATES.keys(), ...STATUSES.keys()];

/**
 * Reads a filter: words that must all be found, in any case; undefined for none. A word that begins with `@` and is
 * not known is looked for like any other.
 */
export function readFilter(text: string): TreeFilter | undefined {
  const words = text.toLowerCase().split(/\s+/).filter((word) => word !== '');
  if (words.length === 0) return undefined;
  const states = words.map((word) => STATES.get(word)).filter((test) => test !== undefined);
  const statuses = words.map((word) => STATUSES.get(word)).filter((test) => test !== undefined);
  const names = words.filter((word) => !STATES.has(word) && !STATUSES.has(word));
  const inState = (upstream: UpstreamSnapshot): boolean => states.every((test) => test(upstream));
  return {
    text: text.trim(),
    server: (upstream) => statuses.length === 0 && inState(upstream) && contains(upstream.name, names),
    tool: (upstream, tool) => inState(upstream) && statuses.every((test) => test(tool)) && contains(`${upstream.name} ${tool.name} ${tool.title ?? ''}`, names),
  };
}

function contains(text: string, words: readonly string[]): boolean {
  const lower = text.toLowerCase();
  return words.every((word) => lower.includes(word));
}
