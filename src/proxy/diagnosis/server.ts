import type { HeldDefinition } from '../catalog/types.ts';
import type { UpstreamConfig } from '../config/types.ts';
import { permitted } from '../quarantine/gate.ts';
import type { UpstreamFailure, UpstreamState } from '../upstream/types.ts';
import { diagnosis } from './diagnosis.ts';
import { diagnoseFailure } from './failure.ts';
import { proxyNotUsed, type Environment } from './proxy.ts';
import type { Diagnosis } from './types.ts';

/** One configured server as the doctor sees it. */
export interface ServerView {
  readonly config: UpstreamConfig;
  readonly state: UpstreamState;
  readonly launchApproved: boolean;
  /** False for a server of a workspace that is not trusted. */
  readonly trusted: boolean;
  /** Definitions that await approval. */
  readonly waiting: number;
  /** Names of approved tools. */
  readonly approved: readonly string[];
  readonly held: readonly HeldDefinition[];
  /** Lines it wrote to stdout that are no MCP, the newest last; redacted. */
  readonly noise?: readonly string[];
}

/** What keeps one server from working, or hides something of it. A server that is switched off has nothing wrong. */
export function diagnoseServer(view: ServerView, environment: Environment): readonly Diagnosis[] {
  const { config, held, launchApproved, trusted, waiting } = view;
  const { name: server, at } = config;
  const quoted = JSON.stringify(server);
  if (!config.enabled) return [];
  if (!trusted) {
    const remedies = [{ kind: 'act', title: 'Manage workspace trust', act: 'trust' }] as const;
    return [diagnosis('workspace-not-trusted', { level: 'warning', server, at, message: `${quoted} does not start: the workspace is not trusted.`, fix: 'Trust the workspace if you know what is in it.', remedies })];
  }
  if (!launchApproved) {
    const remedies = [
      { kind: 'act', title: 'Review its launch', act: 'review', server },
      { kind: 'edit', title: 'Switch it off', server, change: { kind: 'disable' } },
    ] as const;
    const fix = 'Review it in the Quarantine view, or: vestibule quarantine show --server …, then vestibule upstream approve --name …';
    return [diagnosis('launch-not-approved', { level: 'warning', server, at, message: `${quoted} does not start: its launch awaits approval.`, fix, remedies })];
  }
  return [
    ...ofState(view, environment),
    ...noiseOf(view),
    ...(waiting === 0
      ? []
      : [
          diagnosis('awaiting-approval', {
            level: 'warning',
            server,
            at,
            message: `${waiting === 1 ? 'A definition' : `${waiting} definitions`} of ${quoted} ${waiting === 1 ? 'awaits' : 'await'} approval.`,
            fix: 'Review them in the Quarantine view, or: vestibule quarantine list',
            remedies: [{ kind: 'act', title: 'Review', act: 'review', server }],
          }),
        ]),
    ...held.map(({ name, problem, fix }) =>
      diagnosis('held', { level: 'warning', server, at, message: `"${name ?? 'A tool without a name'}" of ${quoted} cannot be served: ${problem}`, fix, remedies: [{ kind: 'act', title: 'Show its log', act: 'show-log', server }] }),
    ),
    ...filteredOf(view),
  ];
}

function ofState({ config, state }: ServerView, environment: Environment): readonly Diagnosis[] {
  const { name: server, at } = config;
  switch (state.kind) {
    case 'failed':
      return ofFailure(config, state.error, environment);
    case 'starting':
      // Trying again mends nothing by itself: what is shown stays until it is better.
      return state.after === undefined ? [] : ofFailure(config, state.after, environment);
    case 'sign-in-needed':
      return [
        diagnoseFailure(
          config,
          state.error ?? { reason: 'auth-required', code: 'sign-in-required', message: `${JSON.stringify(server)} needs a sign-in.`, action: 'Sign in to this server, or add its key to "headers".', evidence: [] },
        ),
      ];
    case 'needs-input': {
      const message = `${JSON.stringify(server)} needs a value for ${JSON.stringify(state.input)}.`;
      const remedies = [
        { kind: 'act', title: 'Enter the value', act: 'restart', server },
        { kind: 'act', title: 'Open its entry', act: 'open-entry', server },
      ] as const;
      return [diagnosis('missing-input', { server, at, message, fix: 'Restart the server and enter the value; headless, set VESTIBULE_INPUT_… in the environment.', remedies })];
    }
    default:
      return [];
  }
}

function ofFailure(config: UpstreamConfig, failure: UpstreamFailure, environment: Environment): readonly Diagnosis[] {
  return [diagnoseFailure(config, failure), ...proxyNotUsed(config, failure.code, environment)];
}

/** Noise that does not keep a server from working yet; where it does, its failure says so. */
function noiseOf({ config, noise = [], state }: ServerView): readonly Diagnosis[] {
  const { name: server, at } = config;
  if (noise.length === 0 || state.kind === 'failed' || state.kind === 'starting') return [];
  const message = `${JSON.stringify(server)} writes text to stdout that is not MCP.`;
  const remedies = [{ kind: 'act', title: 'Show its log', act: 'show-log', server }] as const;
  return [diagnosis('stdout-noise', { level: 'warning', server, at, message, evidence: noise.slice(-5), fix: 'Have it log to stderr instead; some servers take an option for that.', remedies })];
}

/** Approved tools that the filters of the entry keep from every agent. */
function filteredOf({ approved, config }: ServerView): readonly Diagnosis[] {
  const { name: server, at, tools } = config;
  const kept = approved.filter((name) => !permitted(tools, name));
  if (approved.length === 0 || kept.length < approved.length) return [];
  const message = `Every approved tool of ${JSON.stringify(server)} is kept from agents by its "tools" filters.`;
  return [diagnosis('denied-by-policy', { level: 'warning', server, at, message, evidence: kept.slice(0, 10), fix: 'Correct "tools.allow" and "tools.deny" of this server, or switch it off.', remedies: [{ kind: 'act', title: 'Open its entry', act: 'open-entry', server }] })];
}
