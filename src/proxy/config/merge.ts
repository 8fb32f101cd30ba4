import type { FilePosition } from '../errors.ts';
import type { Budget } from '../model.ts';
import { dictionary } from './dictionary.ts';
import { quote } from './fields.ts';
import { AUTONOMIES, NO_GATEWAY, type PersonalKey, type WrittenGateway } from './parse-gateway.ts';
import type { ServersFile } from './servers-file.ts';
import type { ConfigProblem, ConfigSnapshot, GatewayLimits, GatewaySettings, InputDeclaration, UpstreamConfig } from './types.ts';

const DEFAULT_GATEWAY: GatewaySettings = { mode: 'adaptive', topK: 10, responseLimit: 20_000, instructions: undefined, autonomy: 'assisted', autonomous: { registries: [], hosts: [] }, directThreshold: undefined, pinned: [], codeExecution: false, metrics: false, traces: undefined, jwt: undefined, introspection: undefined, cache: undefined, learn: true, limits: {} };

/** What is merged beside the files themselves. */
export interface MergeOptions {
  /** False while the workspace is untrusted: its servers are listed, its settings, inputs and profiles do not count. */
  readonly workspaceTrusted: boolean;
  /** Settings of the command line or the editor: they win over every file. */
  readonly overrides: WrittenGateway;
}

/**
 * Merges files into what serves now.
 *
 * Of a server named in several files one counts: a file given with `--config` over the user's own, the later over
 * the earlier, and any of these over the workspace's, which arrived with a repository. Gateway settings: overrides,
 * then workspace, then `--config` files, then the user's, then defaults; but a workspace file can only make
 * `autonomy` stricter and switch `codeExecution` off. Profiles go by the order of servers: what a person narrows no repository may widen. An input id
 * declared in several files keeps the declaration of the file that wins for servers.
 * @param files the user's own file first, then those given with `--config`, in order; the workspace's apart
 */
export function mergeFiles(files: readonly ServersFile[], workspace: ServersFile | undefined, options: MergeOptions): ConfigSnapshot {
  const upstreams = new Map<string, UpstreamConfig>();
  // Also names whose entry cannot be used: a typo of the person's must not hand the name to a repository.
  const declaredIn = new Map<string, string>();
  const inputs = new Map<string, InputDeclaration>();
  const problems: ConfigProblem[] = [];
  // Strongest first, so that what is there already wins.
  const own = [...files].reverse();
  const layers = workspace === undefined ? own : [...own, workspace];
  for (const file of layers) {
    for (const server of file.servers) {
      const winner = declaredIn.get(server.name);
      if (winner === undefined) upstreams.set(server.name, server);
      else problems.push(shadowed(server, upstreams.get(server.name)?.at, winner));
    }
    for (const name of file.declared) if (!declaredIn.has(name)) declaredIn.set(name, file.path);
    if (file.origin === 'workspace' && !options.workspaceTrusted) continue;
    for (const [id, input] of file.inputs) if (!inputs.has(id)) inputs.set(id, input);
  }
  const believed = options.workspaceTrusted ? workspace : undefined;
  const profiles = dictionary([...(believed === undefined ? [] : [believed]), ...files].flatMap((file) => Object.entries(file.profiles)));
  return {
    upstreams: [...files, ...(workspace === undefined ? [] : [workspace])].flatMap((file) => file.servers.filter((server) => upstreams.get(server.name) === server)),
    inputs,
    gateway: mergeGateway(files, believed, options.overrides, problems),
    profiles,
    problems: [...layers.flatMap((file) => file.problems), ...problems],
  };
}

/** Sections that only a person's own files set, with what each would say. */
const OWN_SECTIONS = [
  ['traces', 'where "traces" are sent'],
  ['jwt', 'who is let in ("jwt")'],
  ['introspection', 'who is let in ("introspection")'],
  ['cache', 'where answers are kept ("cache" of "gateway")'],
  ['autonomous', 'what agents may add by themselves ("autonomous")'],
] as const satisfies readonly (readonly [PersonalKey, string])[];

function mergeGateway(files: readonly ServersFile[], workspace: ServersFile | undefined, overrides: WrittenGateway, problems: ConfigProblem[]): GatewaySettings {
  const base: GatewaySettings = files.reduce((settings, file) => ({ ...settings, ...file.gateway.settings }), DEFAULT_GATEWAY);
  const { settings, at } = workspace?.gateway ?? NO_GATEWAY;
  const merged: GatewaySettings = { ...base, ...settings };
  const refuse = (key: PersonalKey, what: string, fix: string): void => {
    problems.push({ severity: 'warning', message: `A workspace file cannot ${what}; this is not applied.`, fix, at: at[key], server: undefined });
    Object.assign(merged, { [key]: base[key] });
  };
  if (AUTONOMIES.indexOf(merged.autonomy) > AUTONOMIES.indexOf(base.autonomy)) {
    refuse('autonomy', `raise "autonomy" from ${quote(base.autonomy)} to ${quote(merged.autonomy)}`, 'Set it in your own servers file, or remove it here.');
  }
  if (merged.codeExecution && !base.codeExecution) refuse('codeExecution', 'switch "codeExecution" on', 'Switch it on in your own servers file, or remove it here.');
  for (const [key, what] of OWN_SECTIONS) {
    // An address that is the same anyway is no matter.
    if (settings[key] === undefined || (key === 'traces' && merged.traces === base.traces)) continue;
    refuse(key, `say ${what}`, 'Set it in your own servers file, or remove it here.');
  }
  return { ...merged, limits: stricter(base.limits, merged.limits), ...overrides };
}

/** Of two sets of limits the lower number of each. */
function stricter(own: GatewayLimits, other: GatewayLimits): GatewayLimits {
  const perMinute = lower(own.perMinute, other.perMinute);
  const perAgent = lower(own.perAgent, other.perAgent);
  const budget = stricterBudget(own.budget, other.budget);
  return { ...(perMinute !== undefined && { perMinute }), ...(perAgent !== undefined && { perAgent }), ...(budget !== undefined && { budget }) };
}

/** A person's own budget stands, but for lower numbers over the same period. */
function stricterBudget(own: Budget | undefined, other: Budget | undefined): Budget | undefined {
  if (own === undefined || other === undefined || own.per !== other.per) return own ?? other;
  const [calls, tokens] = [lower(own.calls, other.calls), lower(own.tokens, other.tokens)];
  return { ...(calls !== undefined && { calls }), ...(tokens !== undefined && { tokens }), per: own.per };
}

function lower(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}

function shadowed(loser: UpstreamConfig, winner: FilePosition | undefined, winningFile: string): ConfigProblem {
  const where = winner === undefined ? winningFile : `${winner.file}:${winner.line}:${winner.column}`;
  return {
    severity: 'warning',
    message: `The server ${quote(loser.name)} is also declared in ${where}, and that entry counts.`,
    fix: 'Rename or remove one of the two.',
    at: loser.at,
    server: loser.name,
  };
}
