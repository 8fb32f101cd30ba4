/*
 * The public types of the package `vestibule` (docs/library.md). They are its declaration file as they stand, so they
 * import nothing, and only grow within a major version.
 */

/** How much harm a tool may do, by its approved definition; one that says nothing counts as destructive. */
export type Tier = 'read' | 'write' | 'destructive';

/** Whether a definition may be used at what it says now. */
export type ApprovalStatus = 'pending' | 'approved' | 'changed' | 'blocked';

/** What ends a subscription or a wait. */
export interface Subscription {
  dispose(): void;
}

/** Everything a program decides about its gateway. Only `data` is needed. */
export interface GatewayOptions {
  /** Folder of approvals, the call record and what servers offered; made when missing. One gateway at a time uses it. */
  readonly data: string;
  /** Folder whose `.vscode/vestibule.json` is read, if any; its servers wait for approval like everybody's. */
  readonly workspace?: string;
  /**
   * Servers, profiles and rules, in the grammar of a servers file. Kept as `library.json` in `data`: write
   * `${input:…}` where a secret belongs. Replaces what an earlier gateway over this folder was given.
   */
  readonly config?: Readonly<Record<string, unknown>>;
  /** More servers files, by path. */
  readonly configFiles?: readonly string[];
  /** Values of `${input:…}` by id. The environment (`VESTIBULE_INPUT_<ID>`) and the default of the input follow. */
  readonly inputs?: Readonly<Record<string, string>>;
  /** Values of `${secret:…}` by name. The environment (`VESTIBULE_SECRET_<NAME>`) follows. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Port on 127.0.0.1 that has to be free; left out, the system chooses one. */
  readonly port?: number;
  /** How tools are listed; left out, as the servers files say. */
  readonly mode?: 'adaptive' | 'retrieve' | 'direct';
  /** Leaves the names of a single server's tools unchanged. */
  readonly noPrefix?: boolean;
  /** Approves every launch and every definition there is at the start, unseen. What changes later waits. */
  readonly approveAll?: boolean;
  /** Who is asked before a call: the agent's own prompt (`client`, default), a person through the agent, or nobody. */
  readonly consent?: 'client' | 'ask' | 'deny-destructive' | AskAboutCall;
  /** What the lock file of the workspace approves: content that was accepted (`ask`, default), anything, or nothing. */
  readonly lockfile?: 'ask' | 'accept' | 'ignore';
  /** Hears one structured line of the gateway's own log; left out, nothing is logged. */
  readonly log?: (line: LogLine) => void;
}

/** One line of a gateway's own log. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

/**
 * Decides about one call of a tool that is not approved as read-only. `allow` lets this call through and no other;
 * anything else, a rejection and two minutes without an answer refuse it.
 */
export type AskAboutCall = (call: PendingCall) => Promise<'allow' | 'decline'>;

/** A call that waits for a decision. Texts come from agents and servers: do not trust them. */
export interface PendingCall {
  readonly server: string;
  readonly tool: string;
  readonly tier: Tier;
  /** Name of the agent whose token the call came with. */
  readonly agent: string;
  /** The arguments as JSON text, as they will be sent. */
  readonly arguments: string;
  /** Aborted when the answer does not matter any more. */
  readonly signal: AbortSignal;
}

/** What a definition is, and at which content: what a decision about it is bound to. */
export interface DefinitionRef {
  readonly server: string;
  readonly kind: 'tool' | 'instructions' | 'prompt' | 'template' | 'resources' | 'version';
  /** Empty for instructions and resources. */
  readonly name: string;
  /** SHA-256 over the whole definition as the server sent it. */
  readonly digest: string;
}

/** Something of a server's that has to be approved. Texts are the server's own: do not trust them. */
export interface DefinitionState extends DefinitionRef {
  readonly status: ApprovalStatus;
  /** JSON text of the definition exactly as received. */
  readonly definition: string;
  /** Of a tool: what it may do. */
  readonly tier?: Tier;
  /** Of a tool: its name in mode `direct`. */
  readonly exposedName?: string;
}

/** A server of the gateway. */
export interface ServerState {
  readonly name: string;
  /** `quarantined` until its launch is approved, then how its connection does. */
  readonly state: string;
  /** Why it cannot be used, and what to do about it. */
  readonly problem?: { readonly message: string; readonly action: string };
  readonly launch: {
    /** What approving the launch is bound to. */
    readonly fingerprint: string;
    readonly approved: boolean;
    /** Of a server that is started. */
    readonly argv?: readonly string[];
    /** Of a server that is dialled. */
    readonly url?: string;
  };
  readonly definitions: readonly DefinitionState[];
}

/** An agent with a token of its own. */
export interface AgentState {
  readonly name: string;
  /** Milliseconds since epoch; left out when it does not expire. */
  readonly expiresAt?: number;
  /** Milliseconds since epoch of its last request. */
  readonly lastSeenAt?: number;
}

/** Everything about a gateway at one moment. */
export interface GatewayState {
  readonly servers: readonly ServerState[];
  readonly agents: readonly AgentState[];
  /** Open sessions of agents. */
  readonly sessions: number;
  readonly paused: {
    readonly all: boolean;
    readonly servers: readonly string[];
    readonly tools: readonly { readonly server: string; readonly tool: string }[];
  };
  /** What is wrong with servers files and state. */
  readonly problems: readonly { readonly severity: 'error' | 'warning'; readonly message: string; readonly fix: string }[];
}

/** A finished call as the record has it, secrets taken out. */
export interface CallRecord {
  /** ISO 8601. */
  readonly time: string;
  readonly id: string;
  readonly agent: string;
  readonly client: string;
  readonly server: string;
  readonly tool: string;
  readonly route: string;
  readonly arguments?: unknown;
  readonly outcome: 'ok' | 'tool_error' | 'protocol_error' | 'ambiguous' | 'refused';
  /** Why it was refused or failed here. */
  readonly code?: string;
  readonly durationMs: number;
}

/** What an agent with a token of its own may use; what is left out withholds nothing. */
export interface NewAgent {
  readonly name: string;
  /** Globs over names of servers. */
  readonly servers?: readonly string[];
  /** Globs over `server:tool` or the bare name. */
  readonly tools?: readonly string[];
  readonly tier?: Tier;
  readonly profile?: string;
  readonly perMinute?: number;
  /** Milliseconds from now. */
  readonly expiresInMs?: number;
}

/** A token, which is shown this once. */
export interface IssuedAgent {
  readonly name: string;
  readonly token: string;
  /** What its requests have to carry. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A call that the program itself makes. */
export interface ProgramCall {
  readonly server: string;
  /** The server's own name for it. */
  readonly tool: string;
  readonly arguments?: Readonly<Record<string, unknown>>;
  readonly signal?: AbortSignal;
}

/** How a call of the program ended. */
export interface ProgramCallAnswer {
  readonly outcome: CallRecord['outcome'];
  readonly code?: string;
  /** The server's result, or its JSON-RPC error. */
  readonly answer: unknown;
}

/** What to pause or resume: a tool of a server, a server, or everything. */
export type PauseTarget = { readonly server?: never; readonly tool?: never } | { readonly server: string; readonly tool?: string };

/** A gateway that listens. */
export interface Gateway extends AsyncDisposable {
  /** Where agents reach it. */
  readonly url: string;
  readonly port: number;
  /** Bearer of the program's own agent, new for every gateway. */
  readonly token: string;
  /** What requests of the program's own agent have to carry. */
  readonly headers: Readonly<Record<string, string>>;
  /** The whole state now. Costs time in the number of definitions: ask when something is shown. */
  state(): GatewayState;
  /** Hears of every change of the state. */
  onDidChange(listener: () => void): Subscription;
  /** Hears of every finished call of a tool, refused ones too. */
  onDidCall(listener: (call: CallRecord) => void): Subscription;
  /**
   * Approves the launch of a server and everything it has now; waits until it was listed.
   * @throws Error `not-found`, or why it cannot be started or reached
   */
  approveServer(name: string): Promise<void>;
  /** Approves the launch of a server at the fingerprint that was shown. @throws Error `stale-decision`, `not-found` */
  approveLaunch(server: string, fingerprint: string): Promise<void>;
  /** Approves definitions at the digests that were shown. @throws Error `stale-decision` */
  approve(definitions: readonly DefinitionRef[]): Promise<void>;
  /** Blocks definitions. */
  block(definitions: readonly DefinitionRef[]): Promise<void>;
  /** Refuses calls from the very next on; with `cancel` ends those under way, too. */
  pause(target?: PauseTarget, options?: { readonly cancel?: boolean }): Promise<void>;
  /** Lifts pauses. */
  resume(target?: PauseTarget): Promise<void>;
  /** Gives an agent a token of its own. @throws Error `usage` */
  addAgent(agent: NewAgent): Promise<IssuedAgent>;
  /** Takes a token back from the very next request on. @throws Error `not-found` */
  revokeAgent(name: string): Promise<void>;
  /** Calls an approved tool without going over HTTP, through the same checks and into the same record. */
  callTool(call: ProgramCall): Promise<ProgramCallAnswer>;
  /** Stops listening, lets calls under way finish for 3 s, and ends every server. Twice is harmless. */
  close(): Promise<void>;
}
