import type { Event } from '../events.ts';
import type { FilePosition } from '../errors.ts';
import type { Budget, Grant, ServerName, Tier } from '../model.ts';

/** How to start a stdio upstream. Strings may hold `${…}` variables; they are resolved at launch, never stored. */
export interface StdioTransport {
  readonly type: 'stdio';
  readonly command: string;
  readonly args: readonly string[];
  /** `null` removes a variable that would be inherited, as in VS Code. */
  readonly env: Readonly<Record<string, string | null>>;
  readonly envFile: string | undefined;
  readonly cwd: string | undefined;
  /** How the program is kept apart from the machine; left out, it is not. */
  readonly isolation?: IsolationSettings;
}

/** `isolation` of a server over stdio. */
export interface IsolationSettings {
  /** A container of an engine, or the sandbox of the system (bubblewrap, sandbox-exec). */
  readonly kind: 'container' | 'sandbox';
  readonly engine: 'docker' | 'podman';
  /** Left out, the one for the program. */
  readonly image?: string;
  /** None, one of its own, or (container) one of the engine's by name, which may let through what a person allows. */
  readonly network: boolean | string;
  /** Folders it may read. */
  readonly mounts: readonly string[];
  /** Of a container. */
  readonly memoryMb: number;
  readonly cpus: number;
}

/** Where an HTTP upstream lives. `http` means Streamable HTTP, falling back to legacy SSE as the spec says. */
export interface HttpTransport {
  readonly type: 'http' | 'sse';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The part of `output` about what results hold; absent members mean the default. */
export interface ResultPolicySettings {
  readonly injections?: 'off' | 'mark' | 'block';
  readonly secrets?: 'off' | 'mark' | 'redact' | 'block';
}

/** The `oauth` section: how to get tokens for an HTTP upstream where its own metadata does not say. Texts may hold `${…}`. */
export interface OAuthSettings {
  readonly clientId?: string;
  readonly clientSecret?: string;
  /** Asked for instead of what the server says. */
  readonly scopes?: readonly string[];
  /** The authorization server to use. */
  readonly issuer?: string;
  /** URL of a client metadata document to be known by. */
  readonly clientMetadataUrl?: string;
  /** Port of the redirect on this machine, where the client id was registered with one. */
  readonly redirectPort?: number;
  /** `assumed`: the person knows that the server does PKCE although it does not say so. */
  readonly pkce?: 'required' | 'assumed';
  /** The sign-in may be in a network that is not public. */
  readonly privateNetwork?: boolean;
  /** Whose rights tokens carry: a person's (default), the client's own, or a person's by their company's identity provider. */
  readonly grant?: 'authorization_code' | 'client_credentials' | 'enterprise';
  /** PKCS #8 PEM that the client proves itself with. */
  readonly privateKey?: string;
  /** JWS algorithm of `privateKey`. */
  readonly algorithm?: string;
  readonly enterprise?: EnterpriseSettings;
  /** Kind of account of the editor to use instead, e.g. `github`. */
  readonly editorAccount?: string;
}

/** A company's identity provider that vouches for the person (RFC 8693). */
export interface EnterpriseSettings {
  readonly tokenEndpoint: string;
  readonly clientId: string;
  /** The person's id token. */
  readonly idToken: string;
}

export interface ToolOverride {
  readonly description?: string;
  readonly hide?: readonly string[];
  readonly pin?: Readonly<Record<string, unknown>>;
  readonly defaults?: Readonly<Record<string, unknown>>;
  /** New names of parameters, by the upstream's. */
  readonly rename?: Readonly<Record<string, string>>;
  readonly tier?: Tier;
}

/** Ways a call can end that count against a server. */
export type FailureClass = 'transport' | 'timeout' | 'protocol_error' | 'tool_error';

/** `limits` of a server; what is left out is not limited. */
export interface LimitsConfig {
  readonly perMinute?: number;
  /** Calls a minute by glob over tool names. */
  readonly tools?: Readonly<Record<string, number>>;
  readonly concurrent?: number;
  readonly queue?: number;
  readonly queueSeconds?: number;
  /** Characters of the arguments of one call. */
  readonly maxArguments?: number;
}

/** `retry` of a server, for tools that are safe to call again. */
export interface RetryConfig {
  /** How often a call is tried again at most. */
  readonly attempts: number;
  readonly backoffMs: number;
  /** Retries as a share of calls. */
  readonly budget: number;
}

/** `breaker` of a server. */
export interface BreakerConfig {
  /** Share of calls that fail, from which it opens. */
  readonly failures: number;
  /** Calls of the window below which it stays closed. */
  readonly calls: number;
  readonly windowSeconds: number;
  readonly openSeconds: number;
  /** Calls that have to succeed before it closes. */
  readonly trials: number;
  readonly on: readonly FailureClass[];
}

/** `cache` of a server. */
export interface CacheConfig {
  readonly seconds: number;
  /** Globs over tool ids or names; all read-only tools when left out. */
  readonly tools?: readonly string[];
  /** Globs over the URIs of resources whose contents are kept; none when left out. */
  readonly resources?: readonly string[];
  /** How long those are, instead of `seconds`. */
  readonly resourceSeconds?: number;
}

/** How calls of a server flow; absent sections do nothing. */
export interface FlowConfig {
  readonly limits?: LimitsConfig;
  readonly retry?: RetryConfig;
  readonly breaker?: BreakerConfig;
  readonly cache?: CacheConfig;
  /** Servers that take calls this one cannot, in order. */
  readonly failover?: readonly ServerName[];
  /** When a read-only call is sent to one of those as well. */
  readonly hedge?: HedgeConfig;
  /** When this server or one of those is taken out for a while. */
  readonly outlier?: OutlierConfig;
  /** The server that gets some sessions' calls in place of this one. */
  readonly canary?: ShareConfig;
  /** The server that gets copies of some read-only calls. */
  readonly mirror?: ShareConfig;
}

/** `hedge` of a server with stand-ins, for read-only tools. */
export interface HedgeConfig {
  /** Milliseconds without an answer after which a second server is asked. */
  readonly afterMs: number;
  /** Instead, once enough calls of a tool were answered: the time within which this share of them was. */
  readonly quantile?: number;
  /** Second calls as a share of calls. */
  readonly budget: number;
  /** Globs; all read-only tools without. */
  readonly tools?: readonly string[];
}

/** `outlier` of a server with stand-ins: when one of them is taken out for a while. */
export interface OutlierConfig {
  /** Failures one after the other. */
  readonly consecutive: number;
  /** How much more of its calls fail than of the others'. */
  readonly failures: number;
  /** How many times the median time of the others it takes; undefined for never. */
  readonly latency?: number;
  /** Calls of the window below which servers are not compared. */
  readonly calls: number;
  readonly windowSeconds: number;
  /** The first time; once more of it each time after. */
  readonly ejectSeconds: number;
  readonly maxEjectSeconds: number;
  /** Of the group, at most. */
  readonly share: number;
  readonly on: readonly FailureClass[];
}

/** A share of calls, and the server they go to. */
export interface ShareConfig {
  readonly server: ServerName;
  /** From 0 to 1. */
  readonly share: number;
  /** Globs; all tools without. */
  readonly tools?: readonly string[];
}

/** `gateway.limits`: calls a minute of everybody together, and of each agent. */
export interface GatewayLimits {
  readonly perMinute?: number;
  readonly perAgent?: number;
  /** Of each agent that has none of its own. */
  readonly budget?: Budget;
}

/** JWS algorithms that a token may be signed with. None that a public key could be mistaken for a secret in. */
export type JwtAlgorithm = (typeof JWT_ALGORITHMS)[number];
export const JWT_ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const;

/** What bearers of a role may use. */
export interface RoleGrant {
  readonly grant: Grant;
  readonly profile?: string;
  readonly perMinute?: number;
  readonly budget?: Budget;
}

/** What sections say that let agents in by tokens of an identity provider. Only from a person's own files. */
export interface BearerSettings {
  readonly issuer: string;
  readonly audience: readonly string[];
  /** Name of the claim that holds the roles, or a JSON Pointer to it. */
  readonly rolesClaim: string;
  /** In the order of the file: the first that a token has counts. */
  readonly roles: ReadonlyMap<string, RoleGrant>;
}

/** `gateway.jwt`: tokens that say themselves who bears them. */
export interface JwtSettings extends BearerSettings {
  readonly jwksUrl: string;
  readonly algorithms: readonly JwtAlgorithm[];
  readonly clockSkewSeconds: number;
}

/** `gateway.introspection`: tokens whose issuer says who bears them (RFC 7662). */
export interface IntrospectionSettings extends BearerSettings {
  readonly url: string;
  readonly clientId: string;
  /** Holds `${env:NAME}` or `${secret:NAME}`; never the secret itself. */
  readonly clientSecret: string;
  readonly authentication: 'basic' | 'post';
  /** How long an answer counts at most. */
  readonly cacheSeconds: number;
}

/** One entry of `servers`, defaults filled in (contract §2). */
export interface UpstreamConfig {
  readonly name: ServerName;
  /** The file it came from decides who approved its launch: a person's own act (`user`) or a file that arrived. */
  readonly origin: 'user' | 'workspace';
  readonly file: string;
  /** Where the entry starts in its file, for problems and "go to". */
  readonly at: FilePosition;
  readonly transport: StdioTransport | HttpTransport;
  readonly enabled: boolean;
  readonly lazy: boolean;
  readonly idleStopMinutes: number;
  readonly timeoutSeconds: number;
  readonly maxTimeoutSeconds: number;
  readonly shared: boolean;
  /** Set where a program whose launch names no version is held while it is another one than was approved. */
  readonly newVersion?: 'hold';
  readonly tools: {
    readonly allow: readonly string[] | undefined;
    readonly deny: readonly string[];
    readonly alias: Readonly<Record<string, string>>;
    readonly overrides: Readonly<Record<string, ToolOverride>>;
  };
  readonly flow: FlowConfig;
  readonly outputLimit: number | undefined;
  /** What is done about orders and secrets in its results, where the file says so. */
  readonly resultPolicy?: ResultPolicySettings;
  /** How tokens are got, where the file says so. */
  readonly oauth?: OAuthSettings;
  /** Sections later features read; kept as parsed so that nothing a person wrote is dropped. */
  readonly extra: Readonly<Record<string, unknown>>;
}

/** An `inputs` entry of VS Code's `mcp.json` grammar. */
export interface InputDeclaration {
  readonly id: string;
  readonly type: 'promptString' | 'pickString' | 'command';
  readonly description: string | undefined;
  readonly default: string | undefined;
  readonly password: boolean;
  readonly options: readonly string[];
}

export type MenuMode = 'adaptive' | 'retrieve' | 'direct';

/** `gateway.autonomous`: empty lists allow nothing. */
export interface AutonomousSettings {
  /** Addresses of registries whose servers may be added. */
  readonly registries: readonly string[];
  /** Globs over the host names of https addresses that may be added. */
  readonly hosts: readonly string[];
}

/** `gateway.cache`: where answers are kept outside of the process. */
export interface CacheStoreSettings {
  readonly store: 'sqlite' | 'redis';
  /** Of a Redis server; without a password. */
  readonly url?: string;
}

export interface GatewaySettings {
  readonly mode: MenuMode;
  /** Default number of results of `retrieve_tools`. */
  readonly topK: number;
  /** Budget per result in characters (contract §7). */
  readonly responseLimit: number;
  readonly instructions: string | undefined;
  readonly autonomy: 'manual' | 'assisted' | 'autonomous';
  /** What agents may add by themselves under `autonomous`. Never from a workspace file. */
  readonly autonomous: AutonomousSettings;
  /**
   * Tokens up to which all visible tools are listed directly in adaptive mode; 0 never does, `auto` is what the menu
   * path costs. Undefined where no file says: `auto` in the editor, 0 otherwise (decision 0013).
   */
  readonly directThreshold: number | 'auto' | undefined;
  /** A workspace file can only make these stricter. */
  readonly limits: GatewayLimits;
  /** Globs over tool ids or names that are listed beside the menu at all times. */
  readonly pinned: readonly string[];
  /** Whether agents may run code in the sandbox. A workspace file can only switch it off. */
  readonly codeExecution: boolean;
  /** Whether `/metrics` answers the owner's token, in Prometheus' text format. */
  readonly metrics: boolean;
  /** Where a span of each call is sent, as OTLP over HTTP; undefined sends none. Never from a workspace file. */
  readonly traces: string | undefined;
  /** Who is let in by a token of an identity provider; undefined for nobody. Never from a workspace file. */
  readonly jwt: JwtSettings | undefined;
  /** Where answers are kept; undefined for the memory of the process. Never from a workspace file. */
  readonly cache: CacheStoreSettings | undefined;
  /** Who is let in by a token that its issuer is asked about; undefined for nobody. Never from a workspace file. */
  readonly introspection: IntrospectionSettings | undefined;
  /** Whether what an agent called before, and what the workspace is about, order what it finds. Off forgets the former. */
  readonly learn: boolean;
}

/** A named part of what is served, behind the endpoint `/mcp/p/<name>`. Absent members narrow or change nothing. */
export interface ProfileConfig {
  /** Globs over server names. */
  readonly servers?: readonly string[];
  /** Globs over tool ids or names. */
  readonly tools?: readonly string[];
  readonly mode?: MenuMode;
  /** Instead of `gateway.pinned`. */
  readonly pinned?: readonly string[];
}

/** Something in a file that a person should look at. The rest of the file keeps serving. */
export interface ConfigProblem {
  readonly severity: 'error' | 'warning';
  readonly message: string;
  /** What to do, as an imperative sentence. */
  readonly fix: string;
  readonly at: FilePosition | undefined;
  readonly server: ServerName | undefined;
}

/** Everything the files say, merged. Immutable; a reload makes a new one. */
export interface ConfigSnapshot {
  readonly upstreams: readonly UpstreamConfig[];
  readonly inputs: ReadonlyMap<string, InputDeclaration>;
  readonly gateway: GatewaySettings;
  readonly profiles: Readonly<Record<string, ProfileConfig>>;
  readonly problems: readonly ConfigProblem[];
}

/** Files and edits behind one snapshot. */
export interface ConfigSource {
  readonly snapshot: ConfigSnapshot;
  readonly onDidChange: Event<ConfigSnapshot>;
}

/** What `${…}` can refer to. Each method throws VestibuleError `unknown-variable` or `missing-input`. */
export interface VariableScope {
  readonly workspaceFolder: string | undefined;
  readonly userHome: string;
  env(name: string): string | undefined;
  input(id: string, server: ServerName): Promise<string>;
  secret(name: string, server: ServerName): Promise<string>;
}

/** A transport with every variable resolved: what is spawned or dialled. Holds secrets; never log or store it. */
export type ResolvedTransport =
  | {
      readonly type: 'stdio';
      readonly command: string;
      readonly args: readonly string[];
      /** The entry's own variables and those of its envFile; the inherited allow-list is added at launch. */
      readonly env: Readonly<Record<string, string | null>>;
      readonly cwd: string | undefined;
    }
  | { readonly type: 'http' | 'sse'; readonly url: string; readonly headers: Readonly<Record<string, string>>; readonly oauth?: OAuthSettings };
