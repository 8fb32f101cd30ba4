import type { GatewaySnapshot, UpstreamSnapshot } from '../api.ts';
import { diagnoseEditor, diagnoseFiles, diagnoseLoss, type EditorFacts } from './house.ts';
import type { Environment } from './proxy.ts';
import { diagnoseServer, type ServerView } from './server.ts';
import type { Diagnosis } from './types.ts';

/** What is known beside a snapshot. */
export interface Surroundings extends EditorFacts {
  readonly environment: Environment;
  /** Whether what a workspace brought may start. */
  readonly trusted: boolean;
  /** Lines on stdout of a server that are no MCP; none are known without it. */
  readonly noiseOf?: (upstream: UpstreamSnapshot) => readonly string[];
}

/** A snapshot before anybody looked what is wrong in it. */
export type PlainSnapshot = Omit<GatewaySnapshot, 'diagnoses'>;

/** Everything a snapshot shows to be wrong. Starts nothing and dials nothing. */
export function diagnoseSnapshot(snapshot: PlainSnapshot, surroundings: Surroundings): readonly Diagnosis[] {
  return [
    ...diagnoseEditor({ ...surroundings, port: snapshot.endpoint?.port }),
    ...diagnoseFiles(snapshot.problems),
    ...snapshot.upstreams.flatMap((upstream) => diagnoseUpstream(upstream, surroundings)),
    ...diagnoseLoss(snapshot.lostRecords),
  ];
}

/** What keeps one server of a snapshot from working. */
export function diagnoseUpstream(upstream: UpstreamSnapshot, { environment, noiseOf, trusted }: Pick<Surroundings, 'environment' | 'noiseOf' | 'trusted'>): readonly Diagnosis[] {
  return diagnoseServer(viewOf(upstream, trusted, noiseOf?.(upstream) ?? []), environment);
}

function viewOf({ config, definitions = [], held, instructions, launch, state, tools }: UpstreamSnapshot, trusted: boolean, noise: readonly string[]): ServerView {
  const all = [...tools, ...definitions, ...(instructions === undefined ? [] : [instructions])];
  return {
    config,
    state,
    launchApproved: launch.approved,
    trusted: trusted || config.origin === 'user',
    waiting: all.filter(({ status }) => status === 'pending' || status === 'changed').length,
    approved: tools.filter(({ status }) => status === 'approved').map(({ name }) => name),
    held,
    noise,
  };
}
