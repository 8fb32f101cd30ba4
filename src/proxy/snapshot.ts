import type { AgentSnapshot } from './agents/types.ts';
import type { DefinitionSnapshot, GatewaySnapshot, InstructionsSnapshot, LaunchDescription, LockSnapshot, ProposalSnapshot, ToolSnapshot, UpstreamSnapshot } from './api.ts';
import { contentOf, scannedAs } from './catalog/definitions.ts';
import type { Catalog, CatalogTool, ServerCatalog } from './catalog/types.ts';
import { launchOfEntry } from './config/launch-of-entry.ts';
import type { StandingConsent } from './consent/types.ts';
import type { ConfigProblem, ConfigSnapshot, MenuMode, UpstreamConfig } from './config/types.ts';
import type { SessionSnapshot } from './api.ts';
import { diagnoseSnapshot, type PlainSnapshot } from './diagnosis/snapshot.ts';
import type { Endpoint } from './downstream/types.ts';
import type { VestibuleError } from './errors.ts';
import { sha256 } from './json/canonical.ts';
import type { Digest, ServerName } from './model.ts';
import type { PauseSnapshot } from './pause/types.ts';
import type { Flow } from './policy/flow/flow.ts';
import type { Proposal } from './proposals/types.ts';
import { ruleProblems } from './policy/rule-problems.ts';
import type { ServedContent } from './policy/served-content.ts';
import type { ServedTools } from './policy/served.ts';
import { describeLock } from './quarantine/lockfile/describe-lock.ts';
import type { LockedApprovals } from './quarantine/lockfile/locked-approvals.ts';
import { fingerprintOf } from './quarantine/launch.ts';
import type { MenuState, TokenSnapshot } from './relay/types.ts';
import type { DefinitionFindings } from './scanner/definition-findings.ts';
import { scanLaunch } from './scanner/launch.ts';
import type { Finding } from './scanner/types.ts';
import type { UpstreamHub } from './upstream/hub.ts';

/** The parts a snapshot is taken of. */
export interface SnapshotSources {
  readonly config: ConfigSnapshot;
  /** Files of decisions that could not be used. */
  readonly stateProblems: readonly ConfigProblem[];
  readonly mode: MenuMode;
  readonly endpoint: Endpoint | undefined;
  readonly catalog: Catalog;
  readonly approvals: LockedApprovals;
  readonly hub: UpstreamHub;
  readonly served: ServedTools;
  readonly content: ServedContent;
  readonly sessions: readonly SessionSnapshot[];
  readonly flow: Pick<Flow, 'snapshot' | 'rateOfAll'>;
  /** Calls of a server that are under way. */
  underWay(server: ServerName): number;
  readonly agents: readonly AgentSnapshot[];
  readonly proposals: readonly Proposal[];
  /** Why no agent with a token of its own is let in. */
  readonly agentsProblem: VestibuleError | undefined;
  readonly menu: MenuState;
  readonly tokens: TokenSnapshot;
  readonly pause: PauseSnapshot;
  readonly consents: readonly StandingConsent[];
  readonly lostRecords: number;
  /** Whether what a workspace brought may start. */
  readonly trusted: boolean;
  readonly findings: DefinitionFindings;
  describeLaunch(config: UpstreamConfig): LaunchDescription;
  accountOf(config: UpstreamConfig): string | undefined;
}

/** Takes the whole state at one moment. O(servers + tools): ask for it when something is shown, not per call. */
export function takeSnapshot(sources: SnapshotSources): GatewaySnapshot {
  const plain = plainSnapshot(sources);
  return { ...plain, diagnoses: diagnoseSnapshot(plain, { environment: process.env, trusted: sources.trusted }) };
}

/** The parts that notices are taken of. */
export type NoticeSources = Pick<SnapshotSources, 'config' | 'stateProblems' | 'catalog' | 'approvals' | 'agentsProblem'>;

/** What of a snapshot a program says in its log. O(servers), not tools. */
export type Notices = Pick<GatewaySnapshot, 'problems' | 'lock'>;

/** Takes that part of the state at one moment: for a program that nobody looks at. */
export function takeNotices(sources: NoticeSources): Notices {
  const { agentsProblem, approvals, catalog, config, stateProblems } = sources;
  return {
    lock: lockSnapshot(sources),
    problems: [...config.problems, ...stateProblems, ...ruleProblems(config.upstreams, catalog), ...lockProblems(approvals), ...agentProblems(agentsProblem)],
  };
}

function plainSnapshot(sources: SnapshotSources): PlainSnapshot {
  return {
    endpoint: sources.endpoint,
    mode: sources.mode,
    menu: sources.menu,
    tokens: sources.tokens,
    pause: sources.pause,
    consents: sources.consents,
    ...takeNotices(sources),
    lastDecision: sources.approvals.lastDecision(),
    upstreams: sources.config.upstreams.map((config) => upstreamSnapshot(config, sources)),
    sessions: sources.sessions,
    rate: sources.flow.rateOfAll(),
    profiles: Object.keys(sources.config.profiles),
    agents: sources.agents,
    proposals: sources.proposals.map(proposalSnapshot),
    lostRecords: sources.lostRecords,
    version: listVersion(sources.mode, sources.served.all(), sources.content),
  };
}

/** A digest over everything that changes what agents can list or find: names and definitions in order. */
export function listVersion(mode: MenuMode, served: Iterable<CatalogTool>, content: Pick<ServedContent, 'servers'>): string {
  const parts: string[] = [mode];
  for (const tool of served) parts.push(`${tool.exposedName} ${tool.digest}`);
  for (const { server, prompts, templates, readable } of content.servers()) {
    parts.push(`${server} ${String(readable)}`, ...[...prompts, ...templates].map(({ digest }) => digest));
  }
  return sha256(parts.join('\n')).slice('sha256-'.length, 'sha256-'.length + 16);
}

function proposalSnapshot({ id, at, agent, name, reason, entry }: Proposal): ProposalSnapshot {
  return { id, at, agent, name, reason, ...launchOfEntry(entry) };
}

function upstreamSnapshot(config: UpstreamConfig, sources: SnapshotSources): UpstreamSnapshot {
  const { approvals } = sources;
  const catalog = sources.catalog.server(config.name);
  const launch = sources.describeLaunch(config);
  const instructions = catalog?.instructions;
  const account = sources.accountOf(config);
  return {
    name: config.name,
    config,
    state: sources.hub.get(config.name)?.state ?? { kind: 'disabled' },
    flow: sources.flow.snapshot(config.name),
    underWay: sources.underWay(config.name),
    launch,
    ...(account !== undefined && { account }),
    tools: (catalog?.tools ?? []).map((tool) => toolSnapshot(tool, sources)),
    launchFindings: [...sources.findings.ofServer(config.name), ...scanLaunch(launch.argv)],
    held: catalog?.held ?? [],
    acceptsDescriptions: approvals.acceptsDescriptions(config.name, fingerprintOf(config)),
    inspectable: approvals.inspectable(config.name, fingerprintOf(config)),
    instructions: instructions && instructionsSnapshot(config.name, instructions, sources),
    definitions: catalog === undefined ? [] : definitionSnapshots(catalog, sources),
  };
}

function lockSnapshot({ approvals, catalog, config }: NoticeSources): LockSnapshot {
  const { content, standing, lockPath: path } = approvals;
  if (content.kind !== 'read') return { standing, path, digest: undefined, text: '', asks: false, servers: [] };
  const servers = describeLock(content.lock, (name) => {
    const found = config.upstreams.find((upstream) => upstream.name === name && upstream.origin === 'workspace');
    const seen = catalog.server(name);
    const offered = seen && { instructions: seen.instructions?.digest, tools: new Map(seen.tools.map((tool) => [tool.name, tool.digest])) };
    return found && { fingerprint: fingerprintOf(found), offered };
  });
  return { standing, path, digest: content.digest, text: content.text, asks: standing === 'waiting' && approvals.approvesMore, servers };
}

/** A lock file that cannot be read is told where other files of the workspace are: nobody else would notice. */
function lockProblems({ content }: LockedApprovals): readonly ConfigProblem[] {
  if (content.kind !== 'broken') return [];
  const { message, action, at } = content.problem;
  return [{ severity: 'error', message: `${message} It approves nothing until it is repaired.`, fix: action, at, server: undefined }];
}

/** Agents that are turned away say so where the person does not look. */
function agentProblems(problem: VestibuleError | undefined): readonly ConfigProblem[] {
  return problem === undefined ? [] : [{ severity: 'error', message: problem.message, fix: problem.action, at: problem.at, server: undefined }];
}

function foundIn(findings: readonly Finding[] | undefined): { readonly findings?: readonly Finding[] } {
  return findings === undefined ? {} : { findings };
}

function definitionSnapshots(catalog: ServerCatalog, { approvals, findings }: Pick<SnapshotSources, 'approvals' | 'findings'>): DefinitionSnapshot[] {
  return contentOf(catalog).flatMap(({ ref, raw, title, description }) => {
    const { kind, name, digest } = ref;
    if (kind === 'tool' || kind === 'instructions') return [];
    const status = approvals.status(ref);
    const approvedRaw = status === 'changed' ? approvals.lastApproved(ref.server, kind, name)?.raw : undefined;
    const scanned = scannedAs(kind);
    const found = scanned === undefined ? [] : findings.of({ server: ref.server, kind: scanned, digest });
    return [{ kind, name, title, description, digest, status, raw, approvedRaw, ...foundIn(found) }];
  });
}

function instructionsSnapshot(server: ServerName, { text, digest }: { readonly text: string; readonly digest: Digest }, { approvals, findings }: SnapshotSources): InstructionsSnapshot {
  const status = approvals.status({ server, kind: 'instructions', name: '', digest });
  return {
    text,
    digest,
    status,
    approvedRaw: status === 'changed' ? approvals.lastApproved(server, 'instructions', '')?.raw : undefined,
    ...foundIn(findings.of({ server, kind: 'instructions', digest })),
  };
}

function toolSnapshot(tool: CatalogTool, { approvals, findings }: Pick<SnapshotSources, 'approvals' | 'findings'>): ToolSnapshot {
  const status = approvals.status({ server: tool.server, kind: 'tool', name: tool.name, digest: tool.digest });
  return {
    id: tool.id,
    name: tool.name,
    exposedName: tool.exposedName,
    title: tool.title,
    description: (tool.shaping?.own ?? tool).description,
    digest: tool.digest,
    status,
    tier: tool.tier,
    raw: tool.raw,
    approvedRaw: status === 'changed' ? approvals.lastApproved(tool.server, 'tool', tool.name)?.raw : undefined,
    ...foundIn(findings.of({ server: tool.server, kind: 'tool', digest: tool.digest })),
  };
}
