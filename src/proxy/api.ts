import type { AgentSnapshot, IssuedAgent, NewAgent } from './agents/types.ts';
import type { Event } from './events.ts';
import type { ApprovalStatus, Digest, Principal, RateSnapshot, RawJson, ServerName, Tier, ToolId } from './model.ts';
import type { StandingConsent } from './consent/types.ts';
import type { ConfigProblem, MenuMode, UpstreamConfig } from './config/types.ts';
import type { UpstreamLogLine, UpstreamState } from './upstream/types.ts';
import type { EditorFacts } from './diagnosis/house.ts';
import type { Diagnosis } from './diagnosis/types.ts';
import type { HeldDefinition } from './catalog/types.ts';
import type { ExportFormat } from './journal/export.ts';
import type { LockedServerReport } from './quarantine/lockfile/describe-lock.ts';
import type { LockStanding } from './quarantine/lockfile/locked-approvals.ts';
import type { DecisionSummary, DefinitionKind, DefinitionRef } from './quarantine/types.ts';
import type { AgentErrorCode } from './errors.ts';
import type { CallFilter, CallRecord, OutcomeKind } from './journal/types.ts';
import type { Finding } from './scanner/types.ts';
import type { PauseSnapshot, PauseTarget } from './pause/types.ts';
import type { MenuState, TokenSnapshot } from './relay/types.ts';
import type { FlowSnapshot } from './policy/flow/flow.ts';
import type { CallTrace } from './pipeline/traces.ts';
import type { SignIns } from './sign-ins.ts';
import type { SearchHit } from './search/types.ts';
import type { Endpoint } from './downstream/types.ts';

/** A tool as a person sees it. Texts are the upstream's own: escape before showing. */
export interface ToolSnapshot {
  readonly id: ToolId;
  readonly name: string;
  readonly exposedName: string;
  readonly title: string | undefined;
  readonly description: string;
  readonly digest: Digest;
  readonly status: ApprovalStatus;
  readonly tier: Tier;
  /** The definition exactly as received. */
  readonly raw: RawJson;
  /** The definition last approved, when the status is `changed`. */
  readonly approvedRaw: RawJson | undefined;
  /** What the scanner found in it, gravest first; left out while it was not scanned yet. Evidence, never a decision. */
  readonly findings?: readonly Finding[];
}

/** A prompt, a resource template, or resources as a whole. Texts are the upstream's own: escape before showing. */
export interface DefinitionSnapshot {
  readonly kind: Exclude<DefinitionKind, 'tool' | 'instructions'>;
  /** Empty for `resources`. */
  readonly name: string;
  readonly title: string | undefined;
  readonly description: string;
  readonly digest: Digest;
  readonly status: ApprovalStatus;
  /** The definition exactly as received. */
  readonly raw: RawJson;
  /** The definition last approved, when the status is `changed`. */
  readonly approvedRaw: RawJson | undefined;
  /** What the scanner found; left out while it was not scanned yet. */
  readonly findings?: readonly Finding[];
}

/**
 * What approving a launch means, untruncated: the exact command line or URL, and names of variables. Values only of
 * variables that choose code, as `NAME=value`.
 */
export interface LaunchDescription {
  readonly fingerprint: Digest;
  readonly approved: boolean;
  /** Argument vector of a stdio launch, variables unresolved; undefined for HTTP. */
  readonly argv: readonly string[] | undefined;
  /** The argument vector that is started instead, where the entry asks to be kept apart from the machine. */
  readonly isolated?: readonly string[];
  /** How it is kept apart, in words; left out where it is not. */
  readonly isolation?: string;
  readonly cwd: string | undefined;
  readonly envNames: readonly string[];
  readonly envFile: string | undefined;
  readonly url: string | undefined;
  readonly headerNames: readonly string[];
}

/** A launch without what the gateway makes of it. */
export type LaunchFacts = Omit<LaunchDescription, 'fingerprint' | 'approved'>;

/** What a server tells models about itself. Untrusted text. */
export interface InstructionsSnapshot {
  readonly text: string;
  readonly digest: Digest;
  readonly status: ApprovalStatus;
  /** The JSON string last approved, when the status is `changed`. */
  readonly approvedRaw?: RawJson | undefined;
  readonly findings?: readonly Finding[];
}

export interface UpstreamSnapshot {
  readonly name: ServerName;
  readonly config: UpstreamConfig;
  readonly state: UpstreamState;
  readonly launch: LaunchDescription;
  /** What the account is called that a remote server is used with; untrusted text. */
  readonly account?: string;
  /** How calls flow under the rules of its entry, and why some were refused. */
  readonly flow?: FlowSnapshot;
  /** Calls that passed the gate and have not ended. */
  readonly underWay?: number;
  readonly tools: readonly ToolSnapshot[];
  readonly held: readonly HeldDefinition[];
  /** Whether the person wrote the rule that accepts clean description-only changes of this server. */
  readonly acceptsDescriptions: boolean;
  /** Whether the person lets agents look at what of this server waits for approval. */
  readonly inspectable: boolean;
  readonly instructions: InstructionsSnapshot | undefined;
  /** What there is to say about its name and its command line. */
  readonly launchFindings?: readonly Finding[];
  /** What else has to be approved: prompts, resource templates, and leave to read resources. */
  readonly definitions?: readonly DefinitionSnapshot[];
}

/** A server that an agent asks for. The launch is what accepting it means; `reason` is the agent's, untrusted. */
export interface ProposalSnapshot extends LaunchFacts {
  readonly id: string;
  readonly at: number;
  readonly agent: string;
  readonly name: ServerName;
  readonly reason: string;
}

export interface SessionSnapshot {
  readonly id: string;
  /** Whose token it came with: the editor's own agents, or others. */
  readonly kind: Principal['kind'];
  readonly agent: string;
  readonly client: string;
  readonly era: 'legacy' | 'modern';
  readonly since: number;
}

/** The lock file of the workspace: approvals that its team shares. */
export interface LockSnapshot {
  readonly standing: LockStanding;
  /** Absolute path; undefined where no lock file counts. */
  readonly path: string | undefined;
  /** Digest of its content, which a decision binds to; undefined while there is none. */
  readonly digest: Digest | undefined;
  /** Its content, laid out as it is written; empty while there is none. */
  readonly text: string;
  /** Whether a decision is worth asking for: it waits, and would approve what is not approved yet. */
  readonly asks: boolean;
  readonly servers: readonly LockedServerReport[];
}

/** The whole state a person may look at, at one moment. */
export interface GatewaySnapshot {
  readonly endpoint: Endpoint | undefined;
  readonly mode: MenuMode;
  /** How tools are listed for the owner's agent: the editor's own, or a local one. */
  readonly menu: MenuState;
  readonly tokens: TokenSnapshot;
  /** What a person paused: listed and found as before, but every call is refused. */
  readonly pause: PauseSnapshot;
  /** What a person decided about later calls, oldest first. */
  readonly consents: readonly StandingConsent[];
  readonly lock: LockSnapshot;
  /** The newest decision that can be undone. */
  readonly lastDecision: DecisionSummary | undefined;
  readonly upstreams: readonly UpstreamSnapshot[];
  readonly sessions: readonly SessionSnapshot[];
  /** What is left of the rate of everybody together, where there is one (`gateway.limits.perMinute`). */
  readonly rate?: RateSnapshot | undefined;
  /** Names of the profiles that the servers files hold. */
  readonly profiles?: readonly string[];
  /** Agents with a token of their own, expired ones too, oldest first. */
  readonly agents: readonly AgentSnapshot[];
  /** Servers that agents ask for, oldest first; nothing of them was started or dialled. */
  readonly proposals?: readonly ProposalSnapshot[];
  /** What the doctor says without trying anything: problems of files, servers and records (docs/doctor.md). */
  readonly diagnoses: readonly Diagnosis[];
  /** Records of calls that could not be written since the gateway was made. */
  readonly lostRecords: number;
  readonly problems: readonly ConfigProblem[];
  /** Digest over everything that changes what agents can list: the provider's `version`. */
  readonly version: string;
}

/** A call that a person makes. */
export interface PersonCall {
  readonly server: ServerName;
  /** Its name at the upstream. */
  readonly tool: string;
  readonly argumentsText: RawJson;
  readonly signal?: AbortSignal;
}

/** How it ended; `answer` is the raw result, or the raw error of the upstream's. */
export interface PersonCallAnswer {
  readonly outcome: OutcomeKind;
  readonly code: AgentErrorCode | undefined;
  readonly answer: RawJson;
}

/** What an editor adds to what the doctor looks at, and how deep it looks. */
export interface DiagnoseOptions extends EditorFacts {
  /** False in Restricted Mode. */
  readonly trusted: boolean;
  /** Whether approved servers that do not run are tried (default); without it nothing is started and nothing dialled. */
  readonly connect?: boolean;
}

/** The core's public door, used by the editor and by the headless program alike. */
export interface GatewayApi {
  readonly onDidChange: Event<void>;
  readonly onLog: Event<UpstreamLogLine>;
  snapshot(): GatewaySnapshot;
  /** Starts listening if it is not yet, and resolves with where. @throws VestibuleError `cannot-bind` */
  listen(): Promise<Endpoint>;
  /** Approves the launch at this fingerprint. @throws VestibuleError `stale-decision` when it changed meanwhile */
  approveLaunch(server: ServerName, fingerprint: Digest): Promise<void>;
  /** Approves definitions at the digests that were shown. @throws VestibuleError `stale-decision` */
  approve(refs: readonly DefinitionRef[]): Promise<void>;
  block(refs: readonly DefinitionRef[]): Promise<void>;
  forget(refs: readonly DefinitionRef[]): Promise<void>;
  /**
   * Puts back what stood before a decision; default: the newest.
   * @throws VestibuleError `not-found` without one, `stale-decision` when it was overtaken by a later one
   */
  undo(id?: string): Promise<DecisionSummary>;
  /**
   * Accepts or declines the lock file at the content that was shown, with the launches that were shown.
   * @throws VestibuleError `stale-decision` when the file or a launch is another by now
   */
  decideLock(digest: Digest, decision: 'accepted' | 'declined', launches: readonly Digest[]): Promise<void>;
  /** The content of the lock file that was accepted last, to compare with; undefined when there is none. */
  acceptedLockText(): Promise<string | undefined>;
  /** Writes or takes back the rule that accepts clean description-only changes of a server, for its present launch. */
  setAcceptsDescriptions(server: ServerName, accepts: boolean): Promise<void>;
  /** Lets agents look at what of a server waits for approval, for its present launch, or ends that. */
  setInspectable(server: ServerName, inspectable: boolean): Promise<void>;
  /**
   * Pauses a tool, a server or everything, from the very next call on; with `cancel` also calls under way.
   * @throws VestibuleError when it could not be written down; it holds in this process all the same
   */
  pause(target: PauseTarget, options: { readonly cancel: boolean }): Promise<void>;
  /** Lifts pauses: all there are, those of a server and its tools, or that of a tool. @throws VestibuleError */
  resume(target: PauseTarget): Promise<void>;
  /**
   * Decides about later calls of a tool, or of every tool a server has now, for the owner's agent: never asks about
   * these definitions again, asks at every call, or refuses every call. @throws VestibuleError when it could not be
   * written down; it holds in this process all the same
   */
  setConsent(target: { readonly server: ServerName; readonly tool?: string }, decision: 'allow' | 'ask' | 'never'): Promise<void>;
  /** Takes decisions about later calls back. @throws VestibuleError */
  revokeConsents(consents: readonly StandingConsent[]): Promise<void>;
  /**
   * Gives an agent a token of its own; the token is in the answer and nowhere else.
   * @throws VestibuleError `usage` for a name or grant that will not do
   */
  addAgent(agent: NewAgent): Promise<IssuedAgent>;
  /**
   * Takes an agent's token back from its very next request on, ends its sessions, and forgets what was allowed to it.
   * @throws VestibuleError `not-found`
   */
  revokeAgent(name: string): Promise<void>;
  /**
   * Adds a server that an agent asked for and approves its launch, as it was shown; its tools wait. @returns its name
   * @throws VestibuleError `stale-decision` when it was answered meanwhile, and as writing the servers file does
   */
  acceptProposal(id: string): Promise<ServerName>;
  /** @throws VestibuleError `stale-decision` */
  declineProposal(id: string): Promise<void>;
  /** Connects if needed and lists anew. @throws VestibuleError with a launch, handshake or transport reason */
  refresh(server: ServerName): Promise<void>;
  restart(server: ServerName): Promise<void>;
  /** Accounts at HTTP servers: signing in, switching, signing out. */
  readonly signIns: Pick<SignIns, 'signIn' | 'accounts' | 'use' | 'signOut'>;
  /** The last lines of an upstream's log, oldest first. */
  logs(server: ServerName): readonly UpstreamLogLine[];
  /** Everything that keeps something from working, with what to do about it (docs/doctor.md). */
  diagnose(options: DiagnoseOptions): Promise<readonly Diagnosis[]>;
  /**
   * Calls an approved tool as the person: through the whole pipeline, journalled with the route `person`.
   * @param call.argumentsText raw JSON object
   */
  callTool(call: PersonCall): Promise<PersonCallAnswer>;
  /** The whole of a result that was shortened, by the `id` of its call; undefined when it is kept no more. */
  fullResult(id: string): Promise<string | undefined>;
  /** How long each stage of a call took, and what it was answered; undefined for all but the latest calls of this process. */
  callTrace(id: string): CallTrace | undefined;
  calls(filter: CallFilter): Promise<readonly CallRecord[]>;
  /** Forgets what agents called before, which orders what they find. @throws VestibuleError when its file cannot be removed */
  forgetLearned(): Promise<void>;
  /** Counts with the tokenizer what the snapshot's token accounts only estimate so far, which happens by itself when agents are quiet. */
  countTokens(): Promise<void>;
  /** Every recorded call that is wanted as the text of a file, in pieces; the filter's `limit` does not count. */
  exportCalls(format: ExportFormat, filter: CallFilter, wanted?: (record: CallRecord) => boolean): AsyncIterable<string>;
  readonly onDidCall: Event<CallRecord>;
  /** What an agent with full rights would find, with scores. */
  search(query: string, limit: number): readonly SearchHit[];
  dispose(): Promise<void>;
}
